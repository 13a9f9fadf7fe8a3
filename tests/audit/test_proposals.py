"""A two-person act is done by another person than the one who proposed it, exactly as proposed, once and in time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from lynxweb.audit import guards
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.insert_only import AppendOnly
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.models_proposals import ProposalUse, Proposed
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.audit.proposals import LIFETIME, Proposal, open_proposals, proposal, propose, second
from lynxweb.audit.record import record
from lynxweb.audit.replay import replay_audit
from runner.contract.canonical import digest
from runner.contract.problems import Problems
from tests.audit.conftest import BECAUSE, ENGINEER

pytestmark = pytest.mark.django_db
OTHER = Actor("user", "act_other", "login", frozenset({"publisher"}), "org_1", role="publisher")
RUN = Subject("run", "ab" * 32)
TERMS: dict[str, Any] = {"v": 1, "run": RUN.id, "reason_code": "rule_breach", "reason": "a test wants it so", "replacement": None}
NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def _propose(**changed: Any) -> Proposal:
    given = {"actor": ENGINEER, "action": Action.RUN_WITHDRAW, "subject": RUN, "terms": TERMS, "request_id": "propose", **changed}
    return propose(
        given["actor"], given["action"], given["subject"], given["terms"], reason=BECAUSE, request_id=given["request_id"], clock=lambda: NOW
    )


def _second(named: str | None, **changed: Any) -> int | None:
    given = {"actor": OTHER, "action": Action.RUN_WITHDRAW, "subject": RUN, "terms": TERMS, "request_id": "act", "now": NOW, **changed}
    with transaction.atomic():
        return second(
            given["actor"], given["action"], given["subject"], given["terms"], named, request_id=given["request_id"], clock=lambda: given["now"]
        )


def test_a_proposal_is_an_event_that_names_act_object_terms_and_end() -> None:
    made = _propose()
    event = Event.objects.get(object_type="proposal", object_id=made.id)
    leaf = leaf_fields(event.leaf)
    document = json.loads(bytes(LogDocument.objects.get(digest=leaf["payload"]).content))
    assert document == {
        "v": 1,
        "action": "run.withdraw",
        "object": {"type": "run", "id": RUN.id},
        "terms": digest(TERMS),
        "expires": "2026-12-07T20:00:00.000000Z",
    }
    assert (event.seq, event.action, event.object_rev, leaf["actor"]["id"]) == (made.seq, "act.propose", 1, ENGINEER.id)
    assert made.terms == TERMS and made.expires == NOW + LIFETIME and full_audit().clean


def test_another_person_carries_it_out() -> None:
    made = _propose()
    assert _second(made.id) == made.seq
    assert proposal(made.id).used_by == "act" and open_proposals(clock=lambda: NOW) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"actor": replace(OTHER, id=ENGINEER.id)},
        {"action": Action.RUN_SUPERSEDE},
        {"subject": Subject("run", "cd" * 32)},
        {"subject": Subject("node", RUN.id)},
        {"terms": TERMS | {"replacement": "cd" * 32}},
        {"terms": {}},
        {"now": NOW + LIFETIME},
    ],
    ids=["same-person", "another-act", "another-object", "another-type", "altered", "empty", "expired"],
)
def test_one_difference_is_refused_and_uses_nothing_up(changed: dict[str, Any]) -> None:
    made = _propose()
    with pytest.raises(Problems) as refused:
        _second(made.id, **changed)
    assert refused.value.codes == ("two-persons",)
    assert not ProposalUse.objects.exists() and _second(made.id) == made.seq


def test_it_stands_until_the_last_moment() -> None:
    assert _second(_propose().id, now=NOW + LIFETIME - timedelta(microseconds=1)) is not None


def test_a_proposal_serves_one_act_and_its_repetition() -> None:
    made = _propose()
    assert _second(made.id) == _second(made.id) == made.seq
    with pytest.raises(Problems, match="used"):
        _second(made.id, request_id="another")


def test_an_act_that_fails_leaves_its_proposal_open() -> None:
    made = _propose()
    with pytest.raises(RuntimeError), transaction.atomic():
        second(OTHER, Action.RUN_WITHDRAW, RUN, TERMS, made.id, request_id="act", clock=lambda: NOW)
        raise RuntimeError("the act fails later")
    assert [one.id for one in open_proposals(clock=lambda: NOW)] == [made.id]


def test_an_unknown_proposal_is_refused() -> None:
    with pytest.raises(Problems) as refused:
        _second("prop_00000000000000000000")
    assert refused.value.codes == ("two-persons",)


def test_without_the_rule_one_person_may_act_and_a_proposal_still_counts() -> None:
    assert _second(None) is None
    with pytest.raises(Problems):
        _second(_propose().id, actor=ENGINEER)


def test_with_the_rule_nobody_acts_without_a_proposal() -> None:
    set_two_person_rule(SYSTEM, True, reason=Reason(), request_id="rule-on")
    with pytest.raises(Problems) as refused:
        _second(None)
    assert refused.value.codes == ("two-persons",)
    made = _propose()
    assert _second(made.id) == made.seq


def test_an_act_of_one_person_takes_no_proposal() -> None:
    with pytest.raises(Problems) as refused:
        _propose(action=Action.RUN_PUBLISH)
    assert refused.value.codes == ("no-proposal-needed",)


def test_a_repeated_request_is_answered_with_its_proposal() -> None:
    made = _propose()
    assert _propose() == made and Event.objects.filter(action="act.propose").count() == 1
    with pytest.raises(Problems) as refused:
        _propose(terms={"v": 1})
    assert refused.value.codes == ("request-id-reused",) and Proposed.objects.count() == 1


def test_open_proposals_are_those_in_time() -> None:
    made = _propose()
    assert open_proposals(clock=lambda: NOW) == (made,)
    assert open_proposals(clock=lambda: NOW + LIFETIME) == ()


def test_a_row_that_differs_from_its_event_is_refused() -> None:
    forged = Proposed(id="prop_x", action="run.withdraw", object_type="run", object_id=RUN.id, terms=digest(TERMS), proposer="act_nobody")
    forged.expires = NOW + LIFETIME
    forged.save()
    with pytest.raises(Problems):
        _second("prop_x")
    made = _propose()
    assert _second(made.id) == made.seq


@pytest.mark.parametrize("machine", [SYSTEM, Actor("node", "node_1", "token:tok_1", frozenset(), "org_1", role="node")])
def test_the_site_and_a_node_are_no_second_person(machine: Actor) -> None:
    for proposed, done in ((ENGINEER, machine), (machine, OTHER)):
        made = _propose(actor=proposed, request_id=f"propose:{proposed.kind}")
        with pytest.raises(Problems, match="two people"):
            _second(made.id, actor=done)
        assert not ProposalUse.objects.exists()


@pytest.mark.parametrize("table", ["audit_proposal", "audit_proposal_use"])
def test_nobody_changes_or_removes_a_proposal_or_its_use(table: str) -> None:
    made = _propose()
    _second(made.id)
    column = "id" if table == "audit_proposal" else "proposal"
    for sql in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with pytest.raises(AppendOnly):
        ProposalUse.objects.all().delete()


def _done(made: Proposal, request_id: str) -> None:
    with transaction.atomic():
        position = second(OTHER, Action.RUN_WITHDRAW, RUN, TERMS, made.id, request_id=request_id, clock=lambda: NOW)
        record(Action.RUN_WITHDRAW, RUN, actor=OTHER, reason=BECAUSE, request_id=request_id, proposal=position)


def _told(sql: str, *values: object) -> set[tuple[str, str]]:
    """The (table, key) of every fault about proposals once this was done to the database, with all guards lifted."""
    guards.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
    return {(fault.table, fault.key) for fault in replay_audit() if fault.table in ("audit_proposal", "audit_proposal_use")}


def test_the_replay_audit_misses_a_use_that_is_gone_and_finds_one_that_no_act_made() -> None:
    made, other = _propose(), _propose(request_id="another")
    _done(made, "act")
    assert _told("SELECT 1") == set()
    assert _told("INSERT INTO audit_proposal_use (proposal, request_id) VALUES (%s, %s)", other.id, "x") == {("audit_proposal_use", other.id)}
    assert _told("DELETE FROM audit_proposal_use WHERE proposal = %s", made.id) == {("audit_proposal_use", made.id), ("audit_proposal_use", other.id)}


def test_the_replay_audit_names_a_proposal_that_was_used_twice() -> None:
    made = _propose()
    _done(made, "act")
    with transaction.atomic():
        record(Action.RUN_WITHDRAW, RUN, actor=OTHER, reason=BECAUSE, request_id="again", proposal=made.seq)
    assert _told("SELECT 1") == {("audit_proposal_use", made.id)}


@pytest.mark.parametrize("column", ["expires", "proposer", "terms", "organisation"])
def test_the_replay_audit_names_a_proposal_that_was_altered(column: str) -> None:
    made = _propose()
    value = "2099-01-01 00:00:00+00:00" if column == "expires" else "x"
    assert _told(f"UPDATE audit_proposal SET {column} = %s", value) == {("audit_proposal", made.id)}
