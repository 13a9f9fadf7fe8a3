"""What answers about the standing of runs look like, and the functions that fill them."""

from __future__ import annotations

from collections.abc import Iterable

from rest_framework import serializers

from lynxweb.api.answers import Answer
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import Recorded
from lynxweb.registry.declared import DeclarationLine
from lynxweb.review.cards import AwaitingCard, ReviewCard, ReviewQueue, ReviewView
from lynxweb.review.noting import NoticeLine, RegisterLine


class ActAnswer(Answer):
    """The event that an act left: its place in the log, and the id of what the act made where it made something."""

    id = serializers.CharField(allow_null=True)
    position = serializers.IntegerField()
    leaf_digest = serializers.CharField(allow_null=True)
    proposed = serializers.BooleanField(help_text="Only proposed: another person carries `id` out.")


class NoticeAnswer(Answer):
    """One thing to know about a run."""

    source = serializers.CharField(help_text="notice, dispute, ruling, redaction or withdrawal")  # type: ignore[assignment]  # a field
    name = serializers.CharField()
    position = serializers.IntegerField()
    text = serializers.CharField()
    effective = serializers.DateTimeField(allow_null=True)
    expires = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)


class ReviewCardAnswer(Answer):
    """One review of a list."""

    id = serializers.CharField()
    run = serializers.CharField()
    kind = serializers.CharField()
    checklist = serializers.CharField()
    reviewer = serializers.CharField()
    organisation = serializers.CharField()
    state = serializers.CharField()
    outcome = serializers.CharField(allow_null=True)
    position = serializers.IntegerField()
    opened_at = serializers.DateTimeField()


class AwaitingAnswer(Answer):
    """A run that waits for a reviewer."""

    run = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field
    organisation = serializers.CharField()
    visibility = serializers.CharField()
    reviews = serializers.IntegerField()


class ReviewQueueAnswer(Answer):
    """What awaits the asker: runs to review, own open reviews, and reports to answer."""

    awaiting = AwaitingAnswer(many=True)
    mine = ReviewCardAnswer(many=True)
    to_answer = ReviewCardAnswer(many=True)
    more = serializers.BooleanField()


class ReportAnswer(Answer):
    """One report: the document as it was filed, its digest and the position of its event."""

    report = serializers.DictField()
    digest = serializers.CharField()
    position = serializers.IntegerField()


class ResponseAnswer(Answer):
    """What the organisation that measured said to a report."""

    text = serializers.CharField()
    report = serializers.CharField()
    actor = serializers.CharField()
    digest = serializers.CharField()
    position = serializers.IntegerField()


class ReviewAnswer(ReviewCardAnswer):
    """One review with everything said in it."""

    reports = ReportAnswer(many=True)
    responses = ResponseAnswer(many=True)
    closed_position = serializers.IntegerField(allow_null=True)


class RulingAnswer(Answer):
    """One ruling of the register."""

    number = serializers.IntegerField()
    kind = serializers.CharField()
    rule = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField()
    runs = serializers.ListField(child=serializers.CharField())
    a = serializers.CharField(allow_null=True)
    b = serializers.CharField(allow_null=True)
    metric = serializers.CharField(allow_null=True)
    text = serializers.CharField()
    position = serializers.IntegerField()
    issued_at = serializers.DateTimeField()


class RegisterAnswer(Answer):
    """The whole register, oldest first."""

    results = RulingAnswer(many=True)


class DeclarationLineAnswer(Answer):
    """One declaration and what became of it."""

    nonce = serializers.CharField()
    node = serializers.CharField()
    methodology = serializers.CharField()
    state = serializers.CharField()
    declared_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    run = serializers.CharField(allow_null=True)
    abandoned_at = serializers.DateTimeField(allow_null=True)


class DeclarationListAnswer(Answer):
    """The newest declarations of the organisation."""

    results = DeclarationLineAnswer(many=True)


def act(recorded: Recorded, made: str | None = None) -> dict[str, object]:
    """The answer for an act that was done."""
    return {"id": made, "position": recorded.seq, "leaf_digest": recorded.leaf_digest, "proposed": False}


def proposed(proposal: Proposal) -> dict[str, object]:
    """The answer for an act that was proposed."""
    return {"id": proposal.id, "position": proposal.seq, "leaf_digest": None, "proposed": True}


def notices(lines: Iterable[NoticeLine]) -> list[dict[str, object]]:
    """The notices on a run."""
    return [vars(line) for line in lines]


def queue(found: ReviewQueue) -> dict[str, object]:
    """The answer for the queue of one asker."""
    return {
        "awaiting": [_awaiting(one) for one in found.awaiting], "mine": [review_card(one) for one in found.mine],
        "to_answer": [review_card(one) for one in found.to_answer], "more": found.more,
    }  # fmt: skip


def review_card(card: ReviewCard) -> dict[str, object]:
    """The answer for one review of a list."""
    return {
        "id": card.id, "run": card.run_digest, "kind": card.kind, "checklist": card.checklist, "reviewer": card.reviewer,
        "organisation": card.organisation, "state": card.state, "outcome": card.outcome, "position": card.position, "opened_at": card.opened_at,
    }  # fmt: skip


def review(view: ReviewView) -> dict[str, object]:
    """The answer for one review."""
    reports = [{"report": one.report.model_dump(mode="json"), "digest": one.digest, "position": one.position} for one in view.reports]
    responses = [
        {"text": one.text, "report": one.report, "actor": one.actor, "digest": one.digest, "position": one.position} for one in view.responses
    ]
    return {**review_card(view.card), "reports": reports, "responses": responses, "closed_position": view.closed_position}


def ruling(line: RegisterLine) -> dict[str, object]:
    """The answer for one ruling."""
    return vars(line)


def declaration(line: DeclarationLine) -> dict[str, object]:
    """The answer for one declaration."""
    return {name: value for name, value in vars(line).items() if name != "node_name"}


def _awaiting(card: AwaitingCard) -> dict[str, object]:
    return {
        "run": card.run.digest, "label": card.run.label, "organisation": card.organisation, "visibility": card.visibility, "reviews": card.reviews,
    }  # fmt: skip
