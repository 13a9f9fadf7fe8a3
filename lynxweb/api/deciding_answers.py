"""What answers about requirements and decisions look like, and the functions that fill them from the values of the review app."""

from __future__ import annotations

from rest_framework import serializers

from lynxweb.api.answers import Answer
from lynxweb.review.deciding_cards import DecisionCard, DecisionView, MatrixRow, RequirementCard, RequirementView
from runner.contract.decision import Decision


class RequirementCardAnswer(Answer):
    """One requirement of a list."""

    digest = serializers.CharField()
    title = serializers.CharField()
    position = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    supersedes = serializers.CharField(allow_null=True)
    superseded_by = serializers.CharField(allow_null=True)
    decisions = serializers.IntegerField()


class RequirementListAnswer(Answer):
    """The newest 100 requirements."""

    results = RequirementCardAnswer(many=True)


class RedactedPartAnswer(Answer):
    """A part of a run's bundle that is gone, and the event that took it out."""

    run = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()


class MatrixRowAnswer(Answer):
    """One configuration and the answer that its runs give now; `unseen` counts its runs that the committee may not see."""

    fingerprint = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, which its metaclass takes out of the class
    product = serializers.CharField()
    answer = serializers.DictField(help_text="`answer` (meets, fails, no_evidence) with reasons, cited runs and refused ones.")
    grades = serializers.DictField(child=serializers.CharField())
    unseen = serializers.IntegerField()
    redacted = RedactedPartAnswer(many=True)


class DecisionCardAnswer(Answer):
    """One decision of a list, with its badge as of now and every trigger that fired."""

    digest = serializers.CharField()
    question = serializers.CharField()
    requirement = serializers.CharField()
    chosen = serializers.CharField(allow_null=True)
    position = serializers.IntegerField()
    signed = serializers.IntegerField()
    members = serializers.IntegerField()
    valid_until = serializers.CharField()
    badge = serializers.CharField(help_text="valid, re-check or expired")
    fired = serializers.ListField(child=serializers.DictField())


class RequirementAnswer(RequirementCardAnswer):
    """One requirement with its document, its matrix, its versions and its decisions."""

    requirement = serializers.DictField()
    matrix = MatrixRowAnswer(many=True)
    left_off = serializers.IntegerField()
    unseen_elsewhere = serializers.IntegerField()
    versions = RequirementCardAnswer(many=True)
    decided = DecisionCardAnswer(many=True)


class PublishedRequirementAnswer(Answer):
    """A published requirement, and whether this request published it."""

    digest = serializers.CharField()
    position = serializers.IntegerField()
    created = serializers.BooleanField()


class DraftAnswer(Answer):
    """What would be signed; nothing is stored."""

    digest = serializers.CharField()
    decision = serializers.DictField()


class SignedAnswer(Answer):
    """A signature or a later word: the decision and the event."""

    decision = serializers.CharField()
    position = serializers.IntegerField()
    leaf_digest = serializers.CharField()


class DecisionListAnswer(Answer):
    """The newest 100 decisions."""

    results = DecisionCardAnswer(many=True)


class SignatureAnswer(Answer):
    """One member who is to sign; both are null until then."""

    actor = serializers.CharField()
    position = serializers.IntegerField(allow_null=True)
    signed_at = serializers.DateTimeField(allow_null=True)


class AddendumAnswer(Answer):
    """A later word."""

    actor = serializers.CharField()
    text = serializers.CharField()
    position = serializers.IntegerField()
    added_at = serializers.DateTimeField()


class PreRegisteredAnswer(Answer):
    """Whether requirement and methodologies stood in the log before the first cited declaration; null where no run is cited."""

    answer = serializers.BooleanField(allow_null=True)
    asked_at = serializers.IntegerField()
    declared_at = serializers.IntegerField(allow_null=True)


class DecisionAnswer(DecisionCardAnswer):
    """One decision with its document, its signatures and later words."""

    decision = serializers.DictField()
    pre_registered = PreRegisteredAnswer()
    signatures = SignatureAnswer(many=True)
    addenda = AddendumAnswer(many=True)
    unseen = serializers.DictField(child=serializers.IntegerField(), help_text="Runs by fingerprint that the committee may not see now.")


def requirement_card(card: RequirementCard) -> dict[str, object]:
    """The answer for one requirement of a list."""
    return dict(vars(card))


def requirement(view: RequirementView) -> dict[str, object]:
    """The answer for one requirement."""
    return {
        **requirement_card(view.card), "requirement": view.requirement.model_dump(mode="json"), "matrix": [_row(row) for row in view.matrix],
        "left_off": view.left_off, "unseen_elsewhere": view.unseen_elsewhere, "versions": [requirement_card(card) for card in view.versions],
        "decided": [decision_card(card) for card in view.decisions],
    }  # fmt: skip


def _row(row: MatrixRow) -> dict[str, object]:
    return {
        "fingerprint": row.fingerprint, "label": row.label, "product": row.product, "answer": row.answer.model_dump(mode="json"),
        "grades": dict(row.grades), "unseen": row.unseen, "redacted": [vars(part) for part in row.redacted],
    }  # fmt: skip


def decision_card(card: DecisionCard) -> dict[str, object]:
    """The answer for one decision of a list."""
    return {
        "digest": card.digest, "question": card.question, "requirement": card.requirement_digest, "chosen": card.chosen, "position": card.position,
        "signed": card.signed, "members": card.members, "valid_until": card.valid_until, "badge": card.badge,
        "fired": [vars(one) for one in card.standing.fired],
    }  # fmt: skip


def decision(view: DecisionView) -> dict[str, object]:
    """The answer for one decision."""
    return {
        **decision_card(view.card), "decision": view.decision.model_dump(mode="json"), "pre_registered": vars(view.pre_registered),
        "signatures": [vars(line) for line in view.signatures], "addenda": [vars(word) for word in view.addenda], "unseen": dict(view.unseen),
    }  # fmt: skip


def draft(document: Decision) -> dict[str, object]:
    """The answer for a draft."""
    return {"digest": document.sha256, "decision": document.model_dump(mode="json")}
