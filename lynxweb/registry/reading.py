"""The questions of the doors: each takes the actor first and shows only what that actor may see, else `NotFound`."""

from __future__ import annotations

from collections.abc import Mapping

from lynxweb.accounts.roles import READ, require
from lynxweb.audit.actors import Actor
from lynxweb.audit.models import Event
from lynxweb.registry import curves, gathering, rechecking, storage, timelines
from lynxweb.registry.cards import (
    ArtifactLine,
    EventLine,
    ExecutorLine,
    ExecutorView,
    Group,
    MethodologyView,
    RunCard,
    RunPage,
    RunView,
)
from lynxweb.registry.curves import Curve
from lynxweb.registry.intake import receipt_of
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Declaration, ExecutorVersion, MethodologyVersion, Run
from lynxweb.registry.redacting import content_of, gone
from lynxweb.registry.reproducing import REPRODUCED
from lynxweb.registry.rulings import excluded
from lynxweb.registry.seeing import cursor_at, position_of, run_seen_by, runs_seen_by, size_of
from lynxweb.registry.timelines import Timeline
from runner.contract import merkle
from runner.contract.canonical import decode
from runner.contract.dsse import parse
from runner.contract.grades import why_not_higher
from runner.contract.policies import ISO_PRECISION
from runner.contract.receipts import RECEIPT_TYPE
from runner.contract.samples import Samples
from runner.contract.samples import decode as decode_samples
from runner.contract.telemetry import FILE as TELEMETRY

__all__ = (
    "ArtifactLine", "Curve", "EventLine", "ExecutorLine", "ExecutorView", "Group", "MethodologyView", "NotFound", "RunCard", "RunPage", "RunView",
    "Timeline", "bundle_for", "curves_for", "events_for", "executor_for", "executors_for", "file_for", "groups_for", "methodologies_for",
    "methodology_for", "run_for", "runs_for", "samples_for", "timeline_for",
)  # fmt: skip

MOST_GROUPS = 50
MOST_RUNS_GROUPED = 400
MOST_RUNS_OF = 50


def groups_for(actor: Actor) -> list[Group]:
    """Comparable groups under iso-precision among the newest 400 standing runs, newest first, at most 50."""
    runs = runs_seen_by(actor).standing().newest().with_keys()[:MOST_RUNS_GROUPED]
    members: dict[str, list[Run]] = {}
    out = excluded([run.digest for run in runs])
    for run in (run for run in runs if run.digest not in out):
        for key in run.keys.all():
            if key.policy == ISO_PRECISION.id:
                members.setdefault(key.key, []).append(run)
    chosen = list(members.items())[:MOST_GROUPS]
    versions = MethodologyVersion.objects.newest().among({group[0].methodology_id for _, group in chosen})
    views = {version.digest: gathering.methodology_view(version) for version in versions}
    return [Group(key, views[group[0].methodology_id], group[0].precision_label, gathering.cards(group)) for key, group in chosen]


def runs_for(actor: Actor, after: str | None = None, limit: int = 50) -> RunPage:
    """Runs, newest first, from the cursor `after` on; anything but one of our cursors is a `Problems` (code `bad-cursor`)."""
    size = size_of(limit)
    runs = list(runs_seen_by(actor).newest().before(position_of(after))[: size + 1])
    return RunPage(gathering.cards(runs[:size]), cursor_at(runs[size - 1].position) if len(runs) > size else None)


def run_for(actor: Actor, digest: str) -> RunView:
    """One run with everything that may be shown of it."""
    run = run_seen_by(actor, digest)
    side, findings = gathering.side(run), rechecking.findings_of(run)
    standing, card = gathering.standing(run), gathering.card(run)
    capped = any(finding.rule.level == "cap" for finding in findings)
    beside = Declaration.objects.beside(run.methodology_id, run.node_id)
    return RunView(
        card=card,
        run=side.run,
        methodology=side.methodology,
        methodology_digest=run.methodology_id,
        executor_before=side.executor,
        executor_after=gathering.executor(content_of(run.executor_after)),
        executor_digest=run.executor_id,
        quality=side.quality,
        findings=findings,
        why_not_higher=why_not_higher(standing.validity, raw_samples=True, capped=capped, reviewed=run.reviewed, reproduced=card.grade == REPRODUCED),
        artifacts=gathering.artifact_lines(run),
        receipt=_receipt(run.digest),
        position=run.position,
        open_declarations=beside.open().count(),
        key_id=run.key_id,
        abandoned_declarations=beside.abandoned().count(),
    )


def executors_for(actor: Actor, after: str | None = None, limit: int = 50) -> list[ExecutorLine]:
    """The configurations that the actor's runs used, newest first: of every fingerprint its newest executor version."""
    seen = ExecutorVersion.objects.seen_by(require(actor, READ))
    versions = seen.one_each(seen).newest().before(position_of(after))[: size_of(limit)]
    return [_executor_line(version) for version in versions]


def executor_for(actor: Actor, digest: str) -> ExecutorView:
    """One executor version, the runs of its configuration (the same fingerprint), and other configurations of the same product."""
    seen = ExecutorVersion.objects.seen_by(require(actor, READ))
    version = seen.select_related("document").filter(digest=digest).first()
    if version is None:
        raise NotFound("executor", digest)
    executor = gathering.executor(content_of(version.document))
    runs = gathering.cards(runs_seen_by(actor).of_configuration(version.fingerprint).newest()[:MOST_RUNS_OF])
    others = tuple(_executor_line(other) for other in seen.others_like(version).one_each(seen).newest()[:MOST_RUNS_OF])
    versions = seen.filter(fingerprint=version.fingerprint).count()
    return ExecutorView(digest, version.fingerprint, executor, executor.block_digests, runs, others, versions)


def methodologies_for(actor: Actor, after: str | None = None, limit: int = 50) -> list[MethodologyView]:
    """Published methodology versions, newest first, without their runs."""
    seen = MethodologyVersion.objects.seen_by(require(actor, READ))
    versions = seen.newest().before(position_of(after))[: size_of(limit)]
    return [gathering.methodology_view(version) for version in versions]


def methodology_for(actor: Actor, digest: str) -> MethodologyView:
    """One published methodology version with the actor's runs under it."""
    runs = runs_seen_by(actor).under(digest).newest()[:MOST_RUNS_OF]
    version = MethodologyVersion.objects.seen_by(actor).newest().filter(digest=digest).first()
    if version is None:
        raise NotFound("methodology", digest)
    return gathering.methodology_view(version, gathering.cards(runs))


def events_for(actor: Actor, object_type: str, object_id: str) -> list[EventLine]:
    """The history of a run (with its declaration) or of a methodology, oldest first."""
    if object_type == "run":
        run = run_seen_by(actor, object_id)
        declared = Event.objects.on("declaration", run.nonce) if run.nonce else Event.objects.none()
        return [_event_line(event) for event in [*declared, *Event.objects.on("run", object_id)]]
    if object_type == "methodology" and MethodologyVersion.objects.seen_by(require(actor, READ)).filter(digest=object_id).exists():
        return [_event_line(event) for event in Event.objects.on("methodology", object_id)]
    raise NotFound(object_type[:40], object_id)


def samples_for(actor: Actor, digest: str) -> Samples:
    """The decoded raw samples of one run."""
    return decode_samples(storage.fetch(run_seen_by(actor, digest).samples_sha256))


def curves_for(actor: Actor, digest: str) -> tuple[Curve, ...]:
    """The latency distribution of each trial of one run, reduced for drawing; none where the samples were redacted."""
    run = run_seen_by(actor, digest)
    return () if gone(run.samples_sha256) else curves.curves_of(run.samples_sha256, content_of(run.document))


def timeline_for(actor: Actor, digest: str) -> Timeline:
    """What happened over one run along one time axis, reduced for drawing; without the rows that were redacted."""
    run = run_seen_by(actor, digest)
    links = run.artifacts.all()
    telemetry = next((link.artifact_id for link in links if link.role == TELEMETRY and not gone(link.artifact_id)), None)
    samples = None if gone(run.samples_sha256) else run.samples_sha256
    return timelines.timeline_of(samples, telemetry, content_of(run.document))


def bundle_for(actor: Actor, digest: str) -> bytes:
    """The bundle of one run, the exact bytes that were uploaded."""
    return rechecking.bundle_bytes(run_seen_by(actor, digest))


def file_for(actor: Actor, digest: str, name: str) -> bytes:
    """One member of a run's bundle, the exact bytes."""
    member = rechecking.members_of(run_seen_by(actor, digest)).get(name)
    if member is None:
        raise NotFound("file", name)
    return member()


def _executor_line(version: ExecutorVersion) -> ExecutorLine:
    return ExecutorLine(version.digest, version.fingerprint, version.runtime, version.precision_label, version.product)


def _event_line(event: Event) -> EventLine:
    leaf = decode(bytes(event.leaf))
    assert isinstance(leaf, dict)
    actor = leaf["actor"]
    return EventLine(event.seq, leaf["time"], leaf["action"], actor["id"], actor["role"], leaf["reason"], merkle.leaf_hash(bytes(event.leaf)).hex())


def _receipt(digest: str) -> Mapping[str, object]:
    told = decode(parse(receipt_of(digest), RECEIPT_TYPE).payload)
    assert isinstance(told, dict)
    return told
