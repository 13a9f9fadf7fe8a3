"""What awaits a reviewer, what was said in a review, and which acts a run offers to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lynxweb.audit.models import Event
from lynxweb.registry.missing import NotFound
from lynxweb.review.publishing import disclose, request_review
from lynxweb.review.questions import acts_for, queue_for, review_for, reviews_of
from lynxweb.review.reviewing import close_review, respond
from lynxweb.review.withdrawal import withdraw
from tests.review.people import (
    WRONG,
    Cast,
    answers,
    asked,
    judged,
    opened,
    published,
    report,
    requested,
    submitted,
    two_persons,
)  # fmt: skip


def test_a_requested_run_waits_in_the_queue_until_somebody_opens_a_review(cast: Cast) -> None:
    first, second = requested(cast), requested(cast, 2)
    queue = queue_for(cast.reviewer)
    assert [card.run.digest for card in queue.awaiting] == [first, second] and not queue.mine and not queue.more
    assert (queue.awaiting[0].organisation, queue.awaiting[0].visibility, queue.awaiting[0].reviews) == ("Laboratory a", "review", 0)
    review = opened(cast.reviewer, first)
    queue = queue_for(cast.reviewer)
    assert [card.run.digest for card in queue.awaiting] == [second] and [card.id for card in queue.mine] == [review]
    assert queue.mine[0].mine and queue.mine[0].state == "open" and queue.mine[0].organisation == "Laboratory b"


def test_a_run_that_was_not_accepted_waits_again_and_says_how_often_it_was_reviewed(cast: Cast) -> None:
    digest = requested(cast)
    judged(cast.reviewer, digest, "not_accepted")
    assert [(card.run.digest, card.reviews) for card in queue_for(cast.second).awaiting] == [(digest, 1)]


def test_the_queue_shows_nobody_what_they_may_not_review(cast: Cast) -> None:
    requested(cast), submitted(cast, 2)
    assert not queue_for(cast.uploader).awaiting and not queue_for(cast.engineer).awaiting and not queue_for(cast.stranger).awaiting
    assert len(queue_for(cast.colleague).awaiting) == 1
    two_persons()
    assert not queue_for(cast.colleague).awaiting and len(queue_for(cast.reviewer).awaiting) == 1


def test_a_report_waits_for_the_laboratory_until_it_answers(cast: Cast) -> None:
    digest = requested(cast)
    review = opened(cast.reviewer, digest)
    assert not queue_for(cast.engineer).to_answer
    report(cast.reviewer, review, "changes_requested")
    assert [card.id for card in queue_for(cast.engineer).to_answer] == [review]
    assert not queue_for(cast.reviewer).to_answer and not queue_for(cast.publisher).to_answer
    respond(cast.engineer, review, text="the host is described anew", **asked())
    assert not queue_for(cast.engineer).to_answer
    report(cast.reviewer, review)
    assert [card.id for card in queue_for(cast.engineer).to_answer] == [review]


def test_what_was_withdrawn_waits_for_nobody(cast: Cast) -> None:
    digest, other = requested(cast), requested(cast, 2)
    report(cast.reviewer, opened(cast.reviewer, digest))
    for run in (digest, other):
        withdraw(cast.engineer, run, **{**asked(), "reason": WRONG})
    queue, ours = queue_for(cast.reviewer), queue_for(cast.engineer)
    assert not queue.awaiting and not queue.mine and not ours.to_answer


def test_a_review_shows_everything_that_was_said_with_its_place_in_the_log(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))
    first = report(cast.reviewer, review, "changes_requested", answers=answers(quality=("no", "two slices are missing")))
    said = respond(cast.engineer, review, text="the slices are under quality", **asked())
    second = report(cast.reviewer, review)
    closed = close_review(cast.reviewer, review, **asked())
    view = review_for(cast.engineer, review)
    assert [one.position for one in view.reports] == [first.seq, second.seq] and view.closed_position == closed.seq
    assert [(one.position, one.text, one.report) for one in view.responses] == [(said.seq, "the slices are under quality", view.reports[0].digest)]
    assert view.card.outcome == "accepted" and view.card.state == "closed" and view.checklist.name == "intake@1"
    assert Event.objects.get(seq=view.card.position).action == "review.open"
    assert next(one for one in view.reports[0].report.answers if one.id == "quality").note == "two slices are missing"


def test_a_review_offers_each_what_is_theirs_to_do(cast: Cast) -> None:
    review = opened(cast.reviewer, requested(cast))

    def offers(who: str) -> tuple[bool, bool, bool]:
        view = review_for(getattr(cast, who), review)
        return view.may_report, view.may_close, view.may_respond

    assert offers("reviewer") == (True, False, False) and offers("engineer") == (False, False, False)
    report(cast.reviewer, review)
    assert offers("reviewer") == (True, True, False) and offers("engineer") == (False, False, True)
    assert offers("second") == offers("publisher") == (False, False, False)
    close_review(cast.reviewer, review, **asked())
    assert offers("reviewer") == (False, False, False) and offers("engineer") == (False, False, True)


def test_who_does_not_see_the_run_does_not_see_its_reviews(cast: Cast) -> None:
    digest = requested(cast)
    review = judged(cast.reviewer, digest)
    assert [card.id for card in reviews_of(cast.engineer, digest)] == [review] == [card.id for card in reviews_of(cast.second, digest)]
    for ask in (lambda: review_for(cast.stranger, review), lambda: reviews_of(cast.stranger, digest), lambda: acts_for(cast.stranger, digest)):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(NotFound):
        review_for(cast.engineer, "rev_\x00")


def test_a_run_offers_the_acts_that_would_not_be_refused(cast: Cast) -> None:
    digest = submitted(cast)
    assert acts_for(cast.engineer, digest).offered == {"request_review", "disclose", "withdraw"}
    assert acts_for(cast.publisher, digest).offered == {"request_review", "disclose", "withdraw", "supersede"}
    request_review(cast.engineer, digest, **asked())
    assert acts_for(cast.reviewer, digest).offered == {"open_review"}
    assert acts_for(cast.reviewer, digest).review_kinds == ("intake", "dispute", "elected")
    assert acts_for(cast.uploader, digest).offered == {"disclose", "withdraw", "supersede"}
    judged(cast.reviewer, digest)
    assert acts_for(cast.publisher, digest).offered == {"disclose", "publish", "withdraw", "supersede"}
    assert acts_for(replace(cast.reviewer, organisation=cast.uploader.organisation, roles=frozenset({"publisher"})), digest).offered == {
        "disclose", "withdraw", "supersede",
    }  # fmt: skip


def test_a_published_run_offers_withdrawal_to_publishers_and_says_when_it_takes_two(cast: Cast) -> None:
    digest = published(cast)
    assert "withdraw" not in acts_for(cast.engineer, digest).offered
    assert acts_for(cast.publisher, digest).offered == {"disclose", "withdraw", "supersede"}
    assert not acts_for(cast.publisher, digest).second_person
    assert acts_for(cast.second, digest).review_kinds == ("dispute", "elected")
    two_persons()
    assert acts_for(cast.publisher, digest).second_person


def test_a_withdrawn_run_offers_nothing(cast: Cast) -> None:
    digest = published(cast)
    withdraw(cast.publisher, digest, **{**asked(), "reason": WRONG})
    for who in (cast.engineer, cast.publisher, cast.reviewer, cast.uploader):
        assert acts_for(who, digest).offered == frozenset()


def test_a_public_run_without_a_review_waits_too(cast: Cast) -> None:
    digest = submitted(cast)
    disclose(cast.publisher, digest, "public", **asked())
    assert [card.run.digest for card in queue_for(cast.reviewer).awaiting] == [digest]
