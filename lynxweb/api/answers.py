"""What answers look like: serializers for the OpenAPI description, and the functions that fill them from the registry's values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from lynxweb.registry.cards import EventLine, ExecutorLine, ExecutorView, Judged, MethodologyView, RunCard, RunView
from lynxweb.review.cards import Tombstone
from lynxweb.review.noting import NoticeLine
from runner.contract.comparability import Comparison


class Answer(serializers.Serializer[Any]):
    """A body that we send and never read."""


class ProblemLine(Answer):
    """One place that is wrong."""

    path = serializers.CharField()
    found = serializers.CharField()
    expected = serializers.CharField()
    remedy = serializers.CharField()
    code = serializers.CharField()


class ProblemAnswer(Answer):
    """An error (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = ProblemLine(many=True)  # type: ignore[assignment]  # a field, which its metaclass takes out of the class


class NodeAnswer(Answer):
    """An enrolled node; secret and token are shown this once."""

    node = serializers.CharField()
    name = serializers.CharField()
    key_id = serializers.CharField()
    organisation = serializers.CharField()
    organisation_secret = serializers.CharField(help_text="32 bytes in hex: the key of device pseudonyms. Shown once.")
    token = serializers.CharField(help_text="The node's upload token. Shown once.")
    token_expires = serializers.DateTimeField()
    position = serializers.IntegerField()


class DeclarationAnswer(Answer):
    """An open declaration; its nonce is signed into the bundle, and measuring starts before it expires."""

    nonce = serializers.CharField()
    methodology = serializers.CharField()
    node = serializers.CharField()
    declared_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class AcceptedAnswer(Answer):
    """An accepted bundle; the receipt is a DSSE envelope signed by the site."""

    run = serializers.CharField()
    created = serializers.BooleanField()
    receipt = serializers.DictField()
    url = serializers.CharField(help_text="The run's page.")


class MetricAnswer(Answer):
    """A metric value with everything it must travel with."""

    definition = serializers.CharField()
    unit = serializers.CharField()
    value = serializers.CharField()
    statistic = serializers.CharField()
    n_trials = serializers.IntegerField()
    n_requests = serializers.IntegerField()
    ci_low = serializers.CharField(allow_null=True)
    ci_high = serializers.CharField(allow_null=True)
    ci_method = serializers.CharField()
    provenance = serializers.CharField()
    trial_values = serializers.ListField(child=serializers.CharField())


class RunCardAnswer(Answer):
    """One run of a list, its metric with the operating point it belongs to."""

    digest = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    runtime = serializers.CharField()
    precision = serializers.CharField()
    product = serializers.CharField()
    point = serializers.CharField()
    primary = MetricAnswer(allow_null=True)
    validity = serializers.CharField()
    grade = serializers.CharField()
    kind = serializers.CharField()
    node = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    undeclared = serializers.BooleanField()
    methodology = serializers.CharField()
    executor = serializers.CharField()
    position = serializers.IntegerField()
    state = serializers.CharField(help_text="standing, withdrawn or superseded")
    stage = serializers.CharField()
    visibility = serializers.CharField()
    notices = serializers.ListField(child=serializers.DictField(), help_text="What must be shown wherever the run is used.")


class RunListAnswer(Answer):
    """A piece of the list of runs, newest first."""

    results = RunCardAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class FindingAnswer(Answer):
    """What a gate says about a run."""

    code = serializers.CharField()
    gate = serializers.CharField()
    level = serializers.CharField()
    scope = serializers.CharField()
    path = serializers.CharField()
    seen = serializers.CharField()
    text = serializers.CharField()


class ArtifactAnswer(Answer):
    """A member of the run's bundle."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()


class EventAnswer(Answer):
    """One event of the log."""

    position = serializers.IntegerField()
    time = serializers.CharField()
    action = serializers.CharField()
    actor = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    leaf_digest = serializers.CharField()


class RunAnswer(RunCardAnswer):
    """One run with its documents, findings, files, receipt and history."""

    fingerprint = serializers.CharField()
    key_id = serializers.CharField()
    why_not_higher = serializers.CharField(allow_blank=True)
    open_declarations = serializers.IntegerField()
    abandoned_declarations = serializers.IntegerField()
    tombstone = serializers.DictField(allow_null=True, help_text="Why, when and by whom the run was withdrawn or superseded.")
    findings = FindingAnswer(many=True)
    artifacts = ArtifactAnswer(many=True)
    receipt = serializers.DictField()
    events = EventAnswer(many=True)
    run = serializers.DictField()
    quality = serializers.DictField(allow_null=True)


class ExecutorLineAnswer(Answer):
    """One configuration of a list: its fingerprint and its newest executor version."""

    digest = serializers.CharField()
    fingerprint = serializers.CharField()
    runtime = serializers.CharField()
    precision = serializers.CharField()
    product = serializers.CharField()


class ExecutorListAnswer(Answer):
    """A piece of the list of configurations."""

    results = ExecutorLineAnswer(many=True)


class ExecutorAnswer(Answer):
    """One executor version; write-once."""

    digest = serializers.CharField()
    fingerprint = serializers.CharField()
    block_digests = serializers.DictField(child=serializers.CharField())
    executor = serializers.DictField()


class MethodologyAnswer(Answer):
    """One methodology version; write-once."""

    digest = serializers.CharField()
    published_at = serializers.DateTimeField()
    block_digests = serializers.DictField(child=serializers.CharField())
    methodology = serializers.DictField()


class MethodologyListAnswer(Answer):
    """A piece of the list of methodology versions."""

    results = MethodologyAnswer(many=True)


class PublishedAnswer(Answer):
    """A published methodology, and whether this request published it."""

    digest = serializers.CharField()
    created = serializers.BooleanField()


class ReasonAnswer(Answer):
    """One difference or lack."""

    code = serializers.CharField(allow_blank=True)
    path = serializers.CharField()
    a = serializers.CharField()
    b = serializers.CharField()
    rule = serializers.CharField()
    remedy = serializers.CharField(allow_blank=True)
    effect = serializers.CharField()
    layer = serializers.CharField(allow_blank=True)


class ComparisonAnswer(Answer):
    """An allowed comparison with its numbers, under its permalink."""

    digest = serializers.CharField()
    url = serializers.CharField(help_text="The permalink.")
    stored_at = serializers.DateTimeField()
    as_of_position = serializers.IntegerField()
    verdict = serializers.CharField()
    policy = serializers.CharField()
    a = serializers.CharField()
    b = serializers.CharField()
    reasons = ReasonAnswer(many=True)
    declared_differences = ReasonAnswer(many=True)
    unknown = ReasonAnswer(many=True)
    dropped_metrics = ReasonAnswer(many=True)
    metrics = serializers.ListField(child=serializers.DictField())
    notices = serializers.DictField(child=serializers.ListField(child=serializers.DictField()), help_text="By run: what must be shown with it.")


class PairAnswer(Answer):
    """A pair of runs that may be compared; no number."""

    a = serializers.CharField()
    b = serializers.CharField()
    a_label = serializers.CharField()
    b_label = serializers.CharField()
    policy = serializers.CharField()
    verdict = serializers.CharField()


class RefusalAnswer(ProblemAnswer):
    """A refused comparison: verdict, every reason and the nearest pairs that may be compared, and no number."""

    verdict = serializers.CharField()
    policy = serializers.CharField()
    a = serializers.CharField()
    b = serializers.CharField()
    reasons = ReasonAnswer(many=True)
    declared_differences = ReasonAnswer(many=True)
    unknown = ReasonAnswer(many=True)
    dropped_metrics = ReasonAnswer(many=True)
    nearest = PairAnswer(many=True)


def run_card(card: RunCard, notices: Iterable[NoticeLine] = ()) -> dict[str, object]:
    """The answer for one run of a list, with what must be shown wherever it is used."""
    return {
        "digest": card.digest, "label": card.label, "runtime": card.runtime, "precision": card.precision_label, "product": card.product,
        "point": card.point_text, "primary": card.primary and card.primary.model_dump(mode="json"), "validity": card.validity,
        "grade": card.grade, "kind": card.kind, "node": card.node_name, "submitted_at": card.submitted_at, "undeclared": card.undeclared,
        "methodology": card.methodology_digest, "executor": card.executor_digest, "position": card.position,
        "state": card.state, "stage": card.stage, "visibility": card.visibility, "notices": [vars(line) for line in notices],
    }  # fmt: skip


def run(view: RunView, events: list[EventLine], notices: Iterable[NoticeLine] = (), stone: Tombstone | None = None) -> dict[str, object]:
    """The answer for one run."""
    return {
        **run_card(view.card, notices), "abandoned_declarations": view.abandoned_declarations, "tombstone": None if stone is None else vars(stone),
        "fingerprint": view.run.fingerprint, "key_id": view.key_id, "why_not_higher": view.why_not_higher,
        "open_declarations": view.open_declarations, "findings": [finding.as_dict() for finding in view.findings],
        "artifacts": [vars(line) for line in view.artifacts], "receipt": view.receipt, "events": [vars(event) for event in events],
        "run": view.run.model_dump(mode="json"), "quality": view.quality and view.quality.model_dump(mode="json"),
    }  # fmt: skip


def executor_line(line: ExecutorLine) -> dict[str, object]:
    """The answer for one executor of a list."""
    return {
        "digest": line.digest, "fingerprint": line.fingerprint, "runtime": line.runtime, "precision": line.precision_label, "product": line.product,
    }  # fmt: skip


def executor(view: ExecutorView) -> dict[str, object]:
    """The answer for one executor version."""
    return {
        "digest": view.digest, "fingerprint": view.fingerprint, "block_digests": view.block_digests,
        "executor": view.executor.model_dump(mode="json"),
    }  # fmt: skip


def methodology(view: MethodologyView) -> dict[str, object]:
    """The answer for one methodology version."""
    return {
        "digest": view.digest, "published_at": view.published_at, "block_digests": view.block_digests,
        "methodology": view.methodology.model_dump(mode="json"),
    }  # fmt: skip


def comparison(judged: Judged, url: str, notices: Mapping[str, Iterable[NoticeLine]]) -> dict[str, object]:
    """The answer for an allowed comparison, with what must be shown with either run."""
    return {
        "notices": {run: [vars(line) for line in lines] for run, lines in notices.items()},
        "digest": judged.digest, "url": url, "stored_at": judged.stored_at, "as_of_position": judged.as_of_position, **judged.comparison.as_dict(),
    }  # fmt: skip


def refusal(judged: Judged) -> dict[str, object]:
    """What a refusal adds to its problem document: no metric value and nothing derived from one."""
    return {**judged.comparison.as_dict(), "nearest": [_pair(judged, pair) for pair in judged.nearest]}


def _pair(judged: Judged, pair: Comparison) -> dict[str, object]:
    labels = {digest: card.label for digest, card in judged.cards.items()}
    return {
        "a": pair.a.digest, "b": pair.b.digest, "a_label": labels[pair.a.digest], "b_label": labels[pair.b.digest],
        "policy": pair.policy.id, "verdict": pair.verdict,
    }  # fmt: skip
