"""A run is taken back or replaced with a coded reason; once it is published by two persons, and its page stays for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from lynxweb.accounts.roles import Forbidden
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.models_proposals import ProposalUse
from lynxweb.audit.record import Recorded, utc_now
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.comparing import compare_runs
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.reading import run_for
from lynxweb.review.models.reviews import Review, ReviewStep
from lynxweb.review.publishing import publish
from lynxweb.review.questions import tombstone_of
from lynxweb.review.reviewing import close_review, open_review
from lynxweb.review.withdrawal import propose_supersession, propose_withdrawal, supersede, withdraw
from runner.contract.problems import Problems
from tests.registry.world import world
from tests.review.people import WRONG, Cast, asked, cast_of, document_of, judged, opened, published, report, requested, stands, submitted, two_persons

Act = Callable[[Cast, str], Recorded]


def because(reason: Reason = WRONG) -> dict[str, Any]:
    """A coded reason and a request id of its own."""
    return {**asked(), "reason": reason}


def test_an_engineer_withdraws_an_unpublished_run_and_its_page_stays(cast: Cast) -> None:
    digest, other = submitted(cast), submitted(cast, 2)
    withdrawn = withdraw(cast.engineer, digest, replacement=other, **because())
    assert document_of(withdrawn) == {
        "v": 1, "run": digest, "reason_code": "measurement_error", "reason": WRONG.text, "replacement": other,
    }  # fmt: skip
    assert stands(digest)[0] == "withdrawn" and run_for(cast.engineer, digest).digest == digest
    stone = tombstone_of(cast.engineer, digest)
    assert stone is not None and stone.position == withdrawn.seq
    assert (stone.state, stone.reason_code, stone.reason, stone.successor) == ("withdrawn", "measurement_error", WRONG.text, other)
    assert (stone.actor, stone.role, stone.time) == ("act_engineer", "engineer", withdrawn.time)
    assert full_audit().clean


def test_a_run_that_stands_has_no_tombstone(cast: Cast) -> None:
    assert tombstone_of(cast.engineer, submitted(cast)) is None


def test_the_tombstone_of_a_public_run_is_public(cast: Cast) -> None:
    digest = published(cast)
    withdraw(cast.publisher, digest, **because())
    visitor = Actor("user", "act_visitor", "login", frozenset({"manager"}), cast.other)
    assert tombstone_of(visitor, digest) == tombstone_of(cast.publisher, digest)


def test_a_withdrawn_run_is_compared_with_none(cast: Cast) -> None:
    a, b = submitted(cast), submitted(cast, 2)
    assert "R-25" not in {reason.code for reason in compare_runs(cast.uploader, a, b, "iso-precision").comparison.reasons}
    withdraw(cast.engineer, a, **because())
    assert "R-25" in {reason.code for reason in compare_runs(cast.uploader, a, b, "iso-precision").comparison.reasons}


def test_a_run_is_withdrawn_once(cast: Cast) -> None:
    digest = submitted(cast)
    withdraw(cast.engineer, digest, **because())
    with pytest.raises(Problems) as refused:
        withdraw(cast.engineer, digest, **because())
    assert refused.value.codes == ("already-withdrawn",)


def test_a_repeated_request_is_answered_with_the_first_event(cast: Cast) -> None:
    digest, same = submitted(cast), because()
    assert withdraw(cast.engineer, digest, **same) == withdraw(cast.engineer, digest, **same)
    assert Event.objects.on("run", digest).count() == 2


def test_a_withdrawal_has_a_cause(cast: Cast) -> None:
    with pytest.raises(Problems) as refused:
        withdraw(cast.engineer, submitted(cast), **asked())
    assert refused.value.codes == ("uncoded-reason",)


@pytest.mark.parametrize("text", [None, "short", "ask mallory@example.org why it is wrong"])
def test_a_reason_is_a_sentence_without_identities(cast: Cast, text: str | None) -> None:
    digest = submitted(cast)
    with pytest.raises(Problems):
        withdraw(cast.engineer, digest, **because(replace(WRONG, text=text)))
    assert stands(digest)[0] == "standing"


@pytest.mark.parametrize("successor", ["itself", "foreign", "withdrawn", "0" * 64, "nonsense\x00"])
def test_a_replacement_is_another_run_of_the_laboratory_that_stands(cast: Cast, successor: str) -> None:
    digest, other = submitted(cast), submitted(cast, 2)
    withdraw(cast.engineer, other, **because())
    named = {"itself": digest, "withdrawn": other}.get(successor, successor)
    with pytest.raises(Problems) as refused:
        withdraw(cast.engineer, digest, replacement=named, **because())
    assert refused.value.codes == ("no-successor",)


def test_a_foreign_run_is_not_there_to_be_withdrawn(cast: Cast) -> None:
    public, own = published(cast), submitted(cast, 2)
    for digest in (public, own):
        with pytest.raises(NotFound):
            withdraw(cast.stranger, digest, **because())
        with pytest.raises(NotFound):
            supersede(cast.stranger, digest, own, **because())


def test_a_published_run_is_a_publishers_to_withdraw(cast: Cast) -> None:
    digest = published(cast)
    with pytest.raises(Forbidden):
        withdraw(cast.engineer, digest, **because())
    withdrawn = withdraw(cast.uploader, digest, **because())
    assert leaf_fields(Event.objects.get(seq=withdrawn.seq).leaf)["actor"]["role"] == "publisher"
    assert stands(digest)[:3] == ("withdrawn", "published", "public")


def test_a_newer_run_takes_the_place_of_another(cast: Cast) -> None:
    digest, newer = submitted(cast), submitted(cast, 2)
    superseded = supersede(cast.publisher, digest, newer, **asked())
    assert document_of(superseded) == {"v": 1, "run": digest, "successor": newer}
    stone = tombstone_of(cast.engineer, digest)
    assert stone is not None and (stone.state, stone.successor) == ("superseded", newer)
    with pytest.raises(Problems) as refused:
        supersede(cast.publisher, digest, newer, **asked())
    assert refused.value.codes == ("run-not-standing",)
    with pytest.raises(Problems) as refused:
        supersede(cast.publisher, newer, digest, **asked())
    assert refused.value.codes == ("no-successor",)


def test_a_superseded_run_can_still_be_withdrawn_and_keeps_its_successor(cast: Cast) -> None:
    digest, newer = submitted(cast), submitted(cast, 2)
    supersede(cast.publisher, digest, newer, **asked())
    withdraw(cast.engineer, digest, **because())
    stone = tombstone_of(cast.engineer, digest)
    assert stone is not None and (stone.state, stone.reason_code, stone.successor) == ("withdrawn", "measurement_error", newer)


# Two persons: every way in which the second one can be missing.


@pytest.fixture
def strict(cast: Cast) -> Cast:
    """The same people under the two-person rule."""
    two_persons()
    return cast


def later(days: int) -> Callable[[], datetime]:
    """A clock that many days ahead."""
    return lambda: utc_now() + timedelta(days=days)


def test_one_proposes_and_another_withdraws(strict: Cast) -> None:
    digest = published(strict)
    proposed = propose_withdrawal(strict.engineer, digest, **because())
    withdrawn = withdraw(strict.publisher, digest, proposal=proposed.id, **because())
    leaf = leaf_fields(Event.objects.get(seq=withdrawn.seq).leaf)
    assert leaf["proposal"] == proposed.seq and leaf["payload"] == proposed.terms_digest
    assert stands(digest)[0] == "withdrawn" and full_audit().clean and replay_audit() == ()


def test_one_proposes_and_another_supersedes(strict: Cast) -> None:
    digest, newer = published(strict), submitted(strict, 2)
    proposed = propose_supersession(strict.engineer, digest, newer, **asked())
    superseded = supersede(strict.publisher, digest, newer, proposal=proposed.id, **asked())
    leaf = leaf_fields(Event.objects.get(seq=superseded.seq).leaf)
    assert leaf["proposal"] == proposed.seq and leaf["payload"] == proposed.terms_digest


@pytest.mark.parametrize("act", ["withdraw", "supersede"])
@pytest.mark.parametrize("fault", ["missing", "unknown", "own", "expired", "altered", "of another run", "of another act", "used"])
def test_without_a_valid_proposal_by_somebody_else_nothing_happens(strict: Cast, act: str, fault: str) -> None:
    digest, other, newer = published(strict), published(strict, 2), submitted(strict, 3)

    def propose(by: Actor, run: str, to: str, clock: Callable[[], datetime] = utc_now) -> str:
        if (act == "withdraw") == (fault != "of another act"):
            return propose_withdrawal(by, run, replacement=to, clock=clock, **because()).id
        return propose_supersession(by, run, to, clock=clock, **because()).id

    def do(run: str, proposal: str | None) -> Recorded:
        if act == "withdraw":
            return withdraw(strict.publisher, run, replacement=newer, proposal=proposal, **because())
        return supersede(strict.publisher, run, newer, proposal=proposal, **because())

    proposals: dict[str, Callable[[], str | None]] = {
        "missing": lambda: None,
        "unknown": lambda: "prop_" + "0" * 20,
        "own": lambda: propose(strict.publisher, digest, newer),
        "expired": lambda: propose(strict.engineer, digest, newer, later(-14)),
        "altered": lambda: propose(strict.engineer, digest, other),
        "of another run": lambda: propose(strict.engineer, other, newer),
        "of another act": lambda: propose(strict.engineer, digest, newer),
        "used": lambda: propose(strict.engineer, other, newer),
    }
    proposal = proposals[fault]()
    if fault == "used":
        do(other, proposal)
    before = _everything()
    with pytest.raises(Problems) as refused:
        do(digest, proposal)
    assert refused.value.codes == ("two-persons",) and _everything() == before and stands(digest)[0] == "standing"


def test_a_changed_word_of_the_reason_is_another_withdrawal(strict: Cast) -> None:
    digest = published(strict)
    proposed = propose_withdrawal(strict.engineer, digest, **because())
    with pytest.raises(Problems) as refused:
        withdraw(strict.publisher, digest, proposal=proposed.id, **because(replace(WRONG, text=f"{WRONG.text}, perhaps")))
    assert refused.value.codes == ("two-persons",)


def test_an_unpublished_run_takes_one_person_even_under_the_rule(strict: Cast) -> None:
    digest = submitted(strict)
    withdraw(strict.engineer, digest, **because())
    assert stands(digest)[0] == "withdrawn"


def test_nobody_proposes_what_they_cannot_see_or_what_would_be_refused(strict: Cast) -> None:
    digest = submitted(strict)
    with pytest.raises(NotFound):
        propose_withdrawal(strict.stranger, digest, **because())
    with pytest.raises(Problems) as refused:
        propose_withdrawal(strict.engineer, digest, replacement=digest, **asked())
    assert refused.value.codes == ("uncoded-reason", "no-successor")


# All or nothing: the database fails at the n-th statement, for every n.


class Failing:
    """Fails once, at the n-th statement."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, execute: Callable[..., Any], *statement: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise OperationalError("the database went away")
        return execute(*statement)


def _everything() -> tuple[Any, ...]:
    """Every row that these acts write, but for snapshots: content under its digest, which says nothing about anybody."""
    tables = (
        Run.objects.order_by("digest"),
        Review.objects.order_by("id"),
        ReviewStep.objects.order_by("id"),
        ProposalUse.objects.order_by("proposal"),
    )
    return Event.objects.count(), *(tuple(rows.values()) for rows in tables)


def _withdraw(cast: Cast, digest: str) -> Recorded:
    return withdraw(cast.publisher, digest, **because())


def _publish(cast: Cast, digest: str) -> Recorded:
    return publish(cast.publisher, digest, **asked())


def _open(cast: Cast, digest: str) -> Recorded:
    return open_review(cast.reviewer, digest, conflicts="none", **asked()).recorded


def _report(cast: Cast, digest: str) -> Recorded:
    return report(cast.reviewer, Review.objects.get().id)


def _close(cast: Cast, digest: str) -> Recorded:
    return close_review(cast.reviewer, Review.objects.get().id, **asked())


def _accepted(cast: Cast) -> str:
    digest = requested(cast)
    judged(cast.reviewer, digest)
    return digest


def _opened(cast: Cast) -> str:
    digest = requested(cast)
    opened(cast.reviewer, digest)
    return digest


def _reported(cast: Cast) -> str:
    digest = _opened(cast)
    report(cast.reviewer, Review.objects.get().id)
    return digest


@pytest.mark.parametrize(
    ("prepare", "act"),
    [(published, _withdraw), (_accepted, _publish), (requested, _open), (_opened, _report), (_reported, _close)],
    ids=["withdraw", "publish", "open", "report", "close"],
)
def test_an_act_that_fails_at_any_statement_leaves_neither_row_nor_event(cast: Cast, prepare: Callable[[Cast], str], act: Act) -> None:
    digest = prepare(cast)
    before, failed = _everything(), 0
    for failing in _failures():
        try:
            with connection.execute_wrapper(failing):
                recorded = act(cast, digest)
        except OperationalError:
            failed += 1
            assert _everything() == before
        else:
            break
    assert failed > 10 and Event.objects.count() == before[0] + 1 == recorded.seq + 1
    assert _everything() != before and full_audit().clean


def _failures() -> Iterator[Failing]:
    return (Failing(at) for at in range(1, 200))


@pytest.mark.django_db(transaction=True)
def test_each_act_passes_what_the_database_demands_at_commit(own_folders: object) -> None:
    cast = cast_of(world())
    two_persons()
    digest = published(cast)
    proposed = propose_withdrawal(cast.engineer, digest, **because())
    withdraw(cast.publisher, digest, proposal=proposed.id, **because())
    assert stands(digest)[0] == "withdrawn" and full_audit().clean and replay_audit() == ()
