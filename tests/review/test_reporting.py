"""A report answers every sentence of its checklist; the laboratory that measured answers the report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.models import Event
from lynxweb.registry.missing import NotFound
from lynxweb.review.models.reviews import Review
from lynxweb.review.reviewing import close_review, respond
from runner.contract.problems import Problems
from tests.review.people import (
    Cast,
    answers,
    asked,
    codes,
    document_of,
    opened,
    report,
    requested,
    stands,
)


def test_a_report_is_attached_whole(cast: Cast) -> None:
    digest = requested(cast)
    review = opened(cast.reviewer, digest)
    filed = report(cast.reviewer, review, "changes_requested", answers=answers(load=("no", "the rate was not offered")))
    said = document_of(filed)
    assert (said["v"], said["review"], said["run"], said["conflicts"], said["checklist"]) == (
        1,
        review,
        digest,
        "none",
        {"id": "intake", "version": 1},
    )
    assert {"id": "load", "answer": "no", "note": "the rate was not offered"} in said["answers"]
    assert [event.action for event in Event.objects.on("review", review)] == ["review.report"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"answers": answers()[1:]}, "unanswered"),
        ({"answers": [*answers(), answers()[0]]}, "answered-twice"),
        ({"answers": [*answers(), {"id": "taste", "answer": "yes"}]}, "unknown-item"),
        ({"answers": answers(load=("no", "")), "outcome": "not_accepted"}, "no-without-note"),
        ({"answers": answers(recomputed=("no", "they differ by half")), "outcome": "accepted"}, "outcome-contradicts"),
        ({"answers": answers(artifact=("not_applicable", "no model")), "outcome": "accepted"}, "outcome-contradicts"),
        ({"summary": "fine"}, "too-short"),
        ({"summary": "ask mallory@example.org about it"}, "canary"),
        ({"conflicts": "they pay me"}, "conflict-of-interest"),
        ({"outcome": "splendid"}, "invalid-document"),
        ({"summary": "x" * 2_001}, "invalid-document"),
        ({"answers": [{"id": "load"}]}, "invalid-document"),
    ],
)
def test_a_faulty_report_is_refused(cast: Cast, changes: dict[str, Any], code: str) -> None:
    review = opened(cast.reviewer, requested(cast))
    with pytest.raises(Problems) as refused:
        report(cast.reviewer, review, **changes)
    assert codes(refused) == [code] and Review.objects.get().state == "open"


def test_everything_that_is_wrong_with_a_report_is_said_at_once(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))
    with pytest.raises(Problems) as refused:
        report(cast.reviewer, review, answers=answers(load=("no", ""))[1:], summary="no", conflicts="")
    assert codes(refused) == ["conflict-unstated", "unanswered", "no-without-note", "too-short"]


def test_the_laboratory_answers_each_report_once_and_the_newest_report_counts(cast: Cast) -> None:
    digest = requested(cast)
    review = opened(cast.reviewer, digest)
    with pytest.raises(Problems) as refused:
        respond(cast.engineer, review, text="nothing was said so far", **asked())
    assert codes(refused) == ["nothing-to-answer"]
    report(cast.reviewer, review, "changes_requested")
    answered = respond(cast.engineer, review, text="the fan is described under host", **asked())
    assert document_of(answered)["report"] == Review.objects.get().newest("report").document  # type: ignore[union-attr]
    with pytest.raises(Problems) as refused:
        respond(cast.engineer, review, text="and another thing", **asked())
    assert codes(refused) == ["nothing-to-answer"]
    report(cast.reviewer, review, "accepted")
    close_review(cast.reviewer, review, **asked())
    assert stands(digest)[1] == "reviewed"
    respond(cast.engineer, review, text="thank you for reading again", **asked())
    assert [event.action for event in Event.objects.on("review", review)] == ["review.report", "review.respond"] * 2


def test_only_the_laboratory_that_measured_answers(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))
    report(cast.reviewer, review, "not_accepted")
    seeing = replace(cast.stranger, roles=cast.stranger.roles | {"reviewer"})
    for who, refusal in ((cast.stranger, NotFound), (seeing, NotFound), (cast.publisher, Forbidden)):
        with pytest.raises(refusal):
            respond(who, review, text="it is not ours, but still", **asked())


@pytest.mark.parametrize(("text", "code"), [("no", "too-short"), ("my address is 10.1.2.3, call me", "canary"), ("x" * 2_001, "invalid-document")])
def test_a_faulty_response_is_refused(cast: Cast, text: str, code: str) -> None:
    review = opened(cast.reviewer, requested(cast))
    report(cast.reviewer, review)
    with pytest.raises(Problems) as refused:
        respond(cast.engineer, review, text=text, **asked())
    assert codes(refused) == [code]
