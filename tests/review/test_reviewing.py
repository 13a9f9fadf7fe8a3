"""A run is judged by somebody else, conflicts of interest first; the grade follows the newest outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.reading import run_for
from lynxweb.review.drawing import draw_for, draw_review
from lynxweb.review.lots import Lot
from lynxweb.review.models.reviews import Review
from lynxweb.review.publishing import request_review
from lynxweb.review.reviewing import close_review, open_review
from lynxweb.review.withdrawal import withdraw
from runner.contract.problems import Problems
from tests.review.people import (
    WRONG,
    Cast,
    asked,
    codes,
    document_of,
    judged,
    leaf_of,
    opened,
    published,
    report,
    requested,
    stands,
    submitted,
    two_persons,
)


def test_a_run_that_was_accepted_by_somebody_else_is_validated(cast: Cast) -> None:
    digest = requested(cast)
    assert stands(digest) == ("standing", "submitted", "review", False, "measured")
    review = opened(cast.reviewer, digest)
    assert stands(digest) == ("standing", "in_review", "review", False, "measured")
    report(cast.reviewer, review)
    close_review(cast.reviewer, review, **asked())
    assert stands(digest) == ("standing", "reviewed", "review", True, "validated")
    assert full_audit().clean


def test_the_page_says_what_keeps_the_grade_where_it_is(cast: Cast) -> None:
    digest = requested(cast)
    assert "reviewed" in run_for(cast.engineer, digest).why_not_higher
    judged(cast.reviewer, digest)
    assert "reproduced" in run_for(cast.engineer, digest).why_not_higher


def test_the_history_of_a_run_holds_its_reviews_and_every_act_names_actor_role_code_and_reason(cast: Cast) -> None:
    digest = published(cast)
    events = list(Event.objects.on("run", digest))
    assert [event.action for event in events] == ["run.submit", "run.disclose", "review.open", "review.close", "run.publish"]
    for event in events[1:]:
        leaf = leaf_fields(event.leaf)
        assert leaf["actor"]["id"].startswith("act_") and leaf["actor"]["role"] and leaf["reason_code"] and leaf["reason"] and leaf["payload"]
    assert [event.object_rev for event in events] == [1, 2, 3, 4, 5] and Run.objects.get().rev == 5


def test_each_act_begins_where_the_one_before_it_ended(cast: Cast) -> None:
    leaves = [leaf_fields(event.leaf) for event in Event.objects.on("run", published(cast))]
    assert [leaf["before"] for leaf in leaves[2:]] == [leaf["after"] for leaf in leaves[1:-1]]


def test_the_outcome_pins_checklist_and_checker(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))
    report(cast.reviewer, review)
    closed = close_review(cast.reviewer, review, **asked())
    assert leaf_of(closed)["basis"] == {"rule": "intake@1", "checker": "gates@2"}
    assert document_of(closed)["outcome"] == "accepted"


@pytest.mark.parametrize(("outcome", "stage"), [("changes_requested", "changes_requested"), ("not_accepted", "submitted")])
def test_without_acceptance_the_run_stays_measured(cast: Cast, outcome: str, stage: str) -> None:
    digest = requested(cast)
    judged(cast.reviewer, digest, outcome)
    assert stands(digest) == ("standing", stage, "review", False, "measured")


def test_a_second_review_that_does_not_accept_takes_the_grade_back(cast: Cast) -> None:
    digest = requested(cast)
    judged(cast.reviewer, digest)
    assert stands(digest)[3:] == (True, "validated")
    judged(cast.second, digest, "not_accepted", "elected")
    assert stands(digest)[1:] == ("submitted", "review", False, "measured")


def test_a_published_run_stays_published_while_and_after_it_is_disputed(cast: Cast) -> None:
    digest = published(cast)
    review = opened(cast.second, digest, kind="dispute")
    assert stands(digest) == ("standing", "published", "public", True, "validated")
    report(cast.second, review, "not_accepted", "dispute")
    close_review(cast.second, review, **asked())
    assert stands(digest) == ("standing", "published", "public", False, "measured")


def test_after_requested_changes_the_run_waits_again_when_it_is_asked_for_again(cast: Cast) -> None:
    digest = requested(cast)
    judged(cast.reviewer, digest, "changes_requested")
    with pytest.raises(Problems) as refused:
        opened(cast.second, digest)
    assert codes(refused) == ["wrong-stage"]
    request_review(cast.engineer, digest, **asked())
    judged(cast.second, digest)
    assert stands(digest)[1:] == ("reviewed", "review", True, "validated")


@pytest.mark.parametrize("conflicts", ["my brother works there", "none, but I own shares"])
def test_who_states_a_conflict_does_not_review(cast: Cast, conflicts: str) -> None:
    digest = requested(cast)
    with pytest.raises(Problems, match="let somebody else review") as refused:
        opened(cast.reviewer, digest, conflicts=conflicts)
    assert codes(refused) == ["conflict-of-interest"] and not Review.objects.exists() and stands(digest)[1] == "submitted"


def test_who_states_nothing_does_not_review(cast: Cast) -> None:
    with pytest.raises(Problems) as refused:
        opened(cast.reviewer, requested(cast), conflicts=" ")
    assert codes(refused) == ["conflict-unstated"]


def test_nobody_reviews_a_run_of_a_node_that_they_enrolled(cast: Cast) -> None:
    with pytest.raises(Problems) as refused:
        opened(cast.uploader, requested(cast))
    assert codes(refused) == ["own-upload"]


def test_under_the_two_person_rule_no_colleague_reviews(cast: Cast) -> None:
    digest = requested(cast)
    two_persons()
    with pytest.raises(Problems) as refused:
        opened(cast.colleague, digest)
    assert codes(refused) == ["own-organisation"]


def test_without_the_two_person_rule_a_colleague_may_review(cast: Cast) -> None:
    digest = requested(cast)
    judged(cast.colleague, digest)
    assert stands(digest)[3:] == (True, "validated")


def test_who_became_a_colleague_meanwhile_neither_reports_nor_closes(cast: Cast) -> None:
    two_persons()
    review = opened(cast.reviewer, requested(cast))
    moved = replace(cast.reviewer, organisation=cast.uploader.organisation)
    with pytest.raises(Problems) as refused:
        report(moved, review)
    assert codes(refused) == ["own-organisation"]
    report(cast.reviewer, review)
    with pytest.raises(Problems) as refused:
        close_review(moved, review, **asked())
    assert codes(refused) == ["own-organisation"]


def test_a_run_that_nobody_showed_to_reviewers_is_not_there_for_them(cast: Cast) -> None:
    with pytest.raises(NotFound):
        opened(cast.reviewer, submitted(cast))


def test_a_colleague_waits_until_a_review_is_asked_for(cast: Cast) -> None:
    with pytest.raises(Problems) as refused:
        opened(cast.colleague, submitted(cast))
    assert codes(refused) == ["not-requested"]


@pytest.mark.parametrize("who", ["engineer", "publisher", "stranger"])
def test_only_a_reviewer_reviews(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        opened(getattr(cast, who), requested(cast))


def test_a_review_is_its_reviewers_alone(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))
    with pytest.raises(NotFound):
        report(cast.second, review)
    report(cast.reviewer, review)
    with pytest.raises(NotFound):
        close_review(cast.second, review, **asked())


@pytest.mark.parametrize("review", ["rev_" + "0" * 20, "rev_x\x00", "", "rev_" + "0" * 400])
def test_an_unknown_review_is_not_found(cast: Cast, review: str) -> None:
    with pytest.raises(NotFound):
        close_review(cast.reviewer, review, **asked())


def test_one_reviewer_has_one_open_review_of_a_run_and_another_may_open_theirs(cast: Cast) -> None:
    digest = requested(cast)
    opened(cast.reviewer, digest)
    with pytest.raises(Problems) as refused:
        opened(cast.reviewer, digest)
    assert codes(refused) == ["review-open"]
    judged(cast.second, digest)
    assert stands(digest)[1] == "reviewed"


def test_a_review_is_closed_once_and_only_with_a_report(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))
    with pytest.raises(Problems) as refused:
        close_review(cast.reviewer, review, **asked())
    assert codes(refused) == ["unreported"]
    report(cast.reviewer, review)
    close_review(cast.reviewer, review, **asked())
    with pytest.raises(Problems) as refused:
        close_review(cast.reviewer, review, **asked())
    assert codes(refused) == ["review-closed"]
    with pytest.raises(Problems) as refused:
        report(cast.reviewer, review)
    assert codes(refused) == ["review-closed"]


def test_a_repeated_request_is_answered_with_the_first_event(cast: Cast) -> None:
    digest, same = requested(cast), asked()
    first = open_review(cast.reviewer, digest, conflicts="none", **same)
    assert open_review(cast.reviewer, digest, conflicts="none", **same) == first
    report_of = asked()
    assert report(cast.reviewer, first.review, **report_of) == report(cast.reviewer, first.review, **report_of)
    closing = asked()
    assert close_review(cast.reviewer, first.review, **closing) == close_review(cast.reviewer, first.review, **closing)
    assert Event.objects.on("run", digest).count() == 4


def test_a_withdrawn_run_is_not_judged_any_more(cast: Cast) -> None:
    digest = requested(cast)
    review = opened(cast.reviewer, digest)
    report(cast.reviewer, review)
    withdraw(cast.engineer, digest, **{**asked(), "reason": WRONG})
    with pytest.raises(Problems) as refused:
        close_review(cast.reviewer, review, **asked())
    assert codes(refused) == ["run-not-standing"]
    with pytest.raises(Problems) as refused:
        report(cast.reviewer, review)
    assert codes(refused) == ["run-not-standing"]
    with pytest.raises(Problems) as refused:
        opened(cast.second, digest, kind="elected")
    assert codes(refused) == ["run-not-standing"]


def test_an_unknown_kind_of_review_is_refused(cast: Cast) -> None:
    with pytest.raises(Problems) as refused:
        opened(cast.reviewer, requested(cast), kind="casual")
    assert codes(refused) == ["unknown-kind"]


@pytest.fixture
def lot(cast: Cast) -> Lot:
    """A lot that falls on the first of two runs, both shown to reviewers."""
    first, second = requested(cast), requested(cast, 2)
    frozen = draw_review(cast.uploader, [first, second], seed_source="round 4711 of the public beacon", **asked())
    seed = next(str(number) for number in range(99) if draw_for(cast.uploader, frozen.draw).picked(str(number)) == (first,))
    return Lot(frozen.draw, seed)


def test_a_drawn_review_names_its_lot_in_the_log(cast: Cast, lot: Lot) -> None:
    drawn = Run.objects.order_by("position")[0].digest
    made = open_review(cast.reviewer, drawn, conflicts="none", kind="drawn", lot=lot, **asked())
    assert (document_of(made.recorded)["draw"], document_of(made.recorded)["seed"]) == (lot.draw, lot.seed)


@pytest.mark.parametrize("fault", ["none", "other run", "unknown draw", "no seed", "other kind"])
def test_what_was_not_drawn_is_not_called_drawn(cast: Cast, lot: Lot, fault: str) -> None:
    drawn, other = Run.objects.order_by("position").values_list("digest", flat=True)
    given: dict[str, Any] = {"kind": "elected" if fault == "other kind" else "drawn", "lot": lot}
    changed: dict[str, Any] = {"none": None, "unknown draw": Lot("draw_\x00", "1"), "no seed": Lot(lot.draw, " ")}
    with pytest.raises(Problems) as refused:
        opened(cast.reviewer, other if fault == "other run" else drawn, **given | ({"lot": changed[fault]} if fault in changed else {}))
    assert codes(refused) == ["no-seed" if fault == "no seed" else "not-drawn"]
