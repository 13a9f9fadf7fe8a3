"""A dispute states a clause and what it is worth, shows on the run while it is open, and is decided by somebody of neither side."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.audit.actors import Actor
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.disputes import close_dispute, effect_problems, open_dispute
from lynxweb.review.noting import disputes_of, notices_on, open_disputes
from runner.contract.problems import Problems
from tests.review.people import Cast, asked, published, requested, somebody, submitted, two_persons

TEXT = "the clocks were raised above what the vendor sells"
DECIDED = "the telemetry shows the clocks of the product as sold"
PUBLISHED = datetime(2026, 11, 1, tzinfo=UTC)


def disputed(by: Actor, digest: str, **changes: Any) -> str:
    """The id of a dispute."""
    return open_dispute(by, digest, **{"clause": "4.2 clocks", "effect_permille": 80, "text": TEXT, **asked(), **changes}).dispute


def closed(by: Actor, dispute: str, outcome: str = "rejected") -> int:
    """Decide a dispute; the position of the event."""
    return close_dispute(by, dispute, outcome=outcome, text=DECIDED, **asked()).seq


def codes(refused: pytest.ExceptionInfo[Problems]) -> list[str]:
    """The codes of every problem."""
    return [problem.code for problem in refused.value.problems]


def test_an_open_dispute_shows_on_the_run_and_a_rejected_one_no_longer(cast: Cast) -> None:
    digest = published(cast)
    dispute = disputed(cast.reviewer, digest)
    line = notices_on([digest])[digest][0]
    assert (line.source, line.name, line.outcome, line.text) == ("dispute", dispute, "open", f"4.2 clocks: {TEXT}")
    closed(somebody("judge", "org_c", Role.REVIEWER), dispute)
    assert notices_on([digest]) == {}
    told = disputes_of(digest)[0]
    assert (told.state, told.decision, told.decided_by, told.overdue) == ("rejected", DECIDED, "act_judge", False)
    assert full_audit().clean and replay_audit() == ()


def test_an_upheld_dispute_goes_on_showing(cast: Cast) -> None:
    digest = published(cast)
    closed(somebody("judge", "org_c", Role.REVIEWER), disputed(cast.reviewer, digest), "upheld")
    assert [line.outcome for line in notices_on([digest])[digest]] == ["upheld"]


def test_both_acts_are_events_of_the_run_and_step_its_revision(cast: Cast) -> None:
    digest = published(cast)
    before = Run.objects.get(digest=digest).rev
    position = closed(cast.second, disputed(cast.reviewer, digest))
    event = Event.objects.get(seq=position)
    assert (event.action, event.object_id, event.object_rev) == ("review.close", digest, before + 2)
    assert leaf_fields(event.leaf)["basis"] == {"rule": "4.2 clocks"}


@pytest.mark.parametrize(
    ("permille", "published_at", "days", "code"),
    [
        (0, None, 0, "effect"),
        (1, None, 0, None),
        (50, PUBLISHED, 0, "effect-too-small"),
        (51, PUBLISHED, 0, None),
        (51, PUBLISHED, 60, None),
        (51, PUBLISHED, 61, "window-over"),
    ],
)
def test_the_window_and_the_least_effect_begin_with_publication(permille: int, published_at: datetime | None, days: int, code: str | None) -> None:
    found = [problem.code for problem in effect_problems(permille, published_at, PUBLISHED + timedelta(days=days))]
    assert found == ([] if code is None else [code])


def test_a_published_run_is_disputed_within_sixty_days(cast: Cast) -> None:
    digest, late = published(cast), utc_now() + timedelta(days=61)
    with pytest.raises(Problems) as refused:
        disputed(cast.reviewer, digest, clock=lambda: late)
    assert codes(refused) == ["window-over"]


def test_a_small_effect_is_waived_before_publication_alone(cast: Cast) -> None:
    small = disputed(cast.reviewer, requested(cast), effect_permille=19)
    large = disputed(cast.reviewer, requested(cast, 2), effect_permille=20)
    closed(cast.second, small, "waived")
    with pytest.raises(Problems) as refused:
        closed(cast.second, large, "waived")
    assert codes(refused) == ["not-waivable"]


def test_neither_side_decides(cast: Cast) -> None:
    dispute = disputed(cast.reviewer, published(cast))
    for side, code in ((cast.reviewer, "own-dispute"), (cast.uploader, "own-upload")):
        with pytest.raises(Problems) as refused:
            closed(side, dispute)
        assert codes(refused) == [code]


def test_with_the_two_person_rule_neither_organisation_decides(cast: Cast) -> None:
    dispute = disputed(cast.reviewer, published(cast))
    two_persons()
    for side, code in ((cast.second, "own-dispute"), (cast.colleague, "own-organisation")):
        with pytest.raises(Problems) as refused:
            closed(side, dispute)
        assert codes(refused) == [code]
    closed(somebody("judge", "org_c", Role.REVIEWER), dispute)


def test_a_dispute_is_decided_once(cast: Cast) -> None:
    dispute = disputed(cast.reviewer, published(cast))
    closed(cast.second, dispute)
    with pytest.raises(Problems) as refused:
        closed(cast.second, dispute)
    assert codes(refused) == ["dispute-closed"]


def test_an_unseen_run_cannot_be_disputed_nor_its_dispute_be_closed(cast: Cast) -> None:
    with pytest.raises(NotFound):
        disputed(cast.reviewer, submitted(cast))
    with pytest.raises(NotFound):
        closed(cast.second, "dis_nothing")
    with pytest.raises(Forbidden):
        disputed(cast.stranger, published(cast, 2))


def test_open_disputes_are_listed_by_when_they_are_due(cast: Cast) -> None:
    a, b, now = published(cast), published(cast, 2), utc_now()
    later = disputed(cast.reviewer, a)
    sooner = disputed(cast.reviewer, b, deadline=now + timedelta(days=3))
    closed(cast.second, disputed(cast.reviewer, a))
    assert [line.id for line in open_disputes(cast.second)] == [sooner, later]
    assert [line.overdue for line in open_disputes(cast.second, clock=lambda: now + timedelta(days=4))] == [True, False]


def test_a_repeated_request_opens_and_closes_once(cast: Cast) -> None:
    digest, same = published(cast), asked()
    given = {"clause": "4.2", "effect_permille": 80, "text": TEXT, **same}
    first = open_dispute(cast.reviewer, digest, **given)
    assert open_dispute(cast.reviewer, digest, **given) == first
    again = asked()
    done = close_dispute(cast.second, first.dispute, outcome="upheld", text=DECIDED, **again)
    assert close_dispute(cast.second, first.dispute, outcome="upheld", text=DECIDED, **again) == done


def test_everything_wrong_with_a_dispute_is_said_at_once(cast: Cast) -> None:
    digest = published(cast)
    with pytest.raises(Problems) as refused:
        disputed(cast.reviewer, digest, clause=" ", text="short", effect_permille=50, deadline=utc_now() - timedelta(days=1))
    assert codes(refused) == ["text", "text", "deadline", "effect-too-small"]
    with pytest.raises(Problems) as refused:
        closed(replace(cast.second, id="act_other"), disputed(cast.reviewer, digest), "shelved")
    assert codes(refused) == ["unknown-outcome"]
