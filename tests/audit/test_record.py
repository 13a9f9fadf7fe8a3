"""One act, one event, in the act's own transaction."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event, PrivateValue
from lynxweb.audit.record import AlreadyRecorded, NotRecordable, record, recorded_as
from runner.contract import merkle
from runner.contract.problems import Problems
from tests.audit.conftest import BECAUSE, ENGINEER, Append


def _leaf(seq: int) -> dict[str, Any]:
    leaf: dict[str, Any] = json.loads(bytes(Event.objects.get(seq=seq).leaf))
    return leaf


def test_events_take_the_next_positions_and_leave_a_clean_log(append: Append) -> None:
    first = append().seq
    assert [append().seq for _ in range(20)] == list(range(first + 1, first + 21))
    audit = full_audit()
    assert audit.clean and audit.size == first + 21


def test_the_root_is_read_from_the_stored_peaks(append: Append) -> None:
    size = [append().seq for _ in range(12)][-1] + 1
    rows = {event.seq: bytes(event.hashes) for event in Event.objects.all()}
    assert merkle.root(merkle.hash_at(rows[row], level) for row, level in merkle.peaks(size)).hex() == full_audit().root


def test_a_leaf_holds_every_key_and_nothing_else(append: Append) -> None:
    leaf = _leaf(append(clock=lambda: datetime(2026, 11, 23, 20, 0, 0, 5, UTC)).seq)
    who, what = ["actor", "on_behalf_of", "reason_code", "reason", "basis", "proposal"], ["action", "object", "before", "after", "payload", "commit"]
    assert sorted(leaf) == sorted(["v", "seq", "time", "prev", "anchor", "request_id", *who, *what])
    assert leaf["time"] == "2026-11-23T20:00:00.000005Z"
    assert leaf["actor"] == {"kind": "user", "id": ENGINEER.id, "role": "engineer", "auth": "login"}


def test_the_recorded_digest_is_the_leaf_hash(append: Append) -> None:
    recorded = append()
    assert recorded.leaf_digest == hashlib.sha256(b"\x00" + bytes(Event.objects.get(seq=recorded.seq).leaf)).hexdigest()


def test_events_on_one_object_are_chained_by_revision_and_position(append: Append) -> None:
    run = Subject("run", "run_chained")
    first, _, second = append(subject=run), append(), append(subject=run)
    assert (first.rev, second.rev) == (1, 2)
    assert _leaf(first.seq)["prev"] is None and _leaf(second.seq)["prev"] == first.seq


def test_a_stale_revision_is_refused(append: Append) -> None:
    append(subject=Subject("run", "run_stale", 1))
    with pytest.raises(Problems, match="read the object again"):
        append(subject=Subject("run", "run_stale", 1))


def test_a_repeated_request_ends_with_the_first_position(append: Append) -> None:
    run = Subject("run", "run_repeated")
    first = append(request_id="same", subject=run)
    with pytest.raises(AlreadyRecorded) as repeated:
        append(request_id="same", subject=run)
    assert repeated.value.recorded == first == recorded_as("same")
    assert Event.objects.filter(object_id="run_repeated").count() == 1


def test_a_request_id_of_another_act_is_refused(append: Append) -> None:
    append(request_id="same")
    with pytest.raises(Problems) as refused:
        append(request_id="same", subject=Subject("run", "run_other"))
    assert refused.value.codes == ("request-id-reused",)


def test_a_private_value_stays_out_of_the_leaf_and_opens_its_commitment(append: Append) -> None:
    recorded = append(commit={"client_address": "192.0.2.7"})
    opening = PrivateValue.objects.get(seq=recorded.seq)
    assert b"192.0.2.7" not in bytes(Event.objects.get(seq=recorded.seq).leaf)
    commitment = base64.b64encode(hashlib.sha256(bytes(opening.salt) + bytes(opening.value)).digest()).decode()
    assert _leaf(recorded.seq)["commit"] == {"client_address": commitment}
    assert json.loads(bytes(opening.value)) == "192.0.2.7" and len(bytes(opening.salt)) == 32


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"action": "run.improve"}, "action"),
        ({"reason": Reason()}, "reason"),
        ({"reason": Reason(text="too short")}, "reason"),
        ({"reason": Reason(text=" " * 20)}, "reason"),
        ({"reason": Reason(text="x" * 2001)}, "reason"),
        ({"reason": Reason(text="asked for by somebody@example.org today")}, "reason"),
        ({"payload": "ABC"}, "payload"),
        ({"after": "g" * 64}, "after"),
        ({"request_id": ""}, "request_id"),
        ({"subject": Subject("run", "two words")}, "object.id"),
    ],
)
def test_a_faulty_act_is_refused_and_named(append: Append, changed: dict[str, Any], place: str) -> None:
    before = Event.objects.count()
    with pytest.raises(Problems) as refused:
        append(**changed)
    assert place in {problem.path for problem in refused.value.problems}
    assert Event.objects.count() == before


def test_a_node_needs_no_reason_text(append: Append) -> None:
    assert _leaf(append(actor=Actor("node", "node_1", "key:abc"), reason=Reason()).seq)["reason"] is None


def test_a_leaf_over_sixteen_kibibytes_is_refused(append: Append) -> None:
    with pytest.raises(Problems, match="at most 16384 bytes"):
        append(basis={"rule": "x" * 17000})


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(NotRecordable, match="open transaction"):
        record(Action.RUN_DECLARE, Subject("run", "run_1"), actor=ENGINEER, reason=BECAUSE, request_id="alone")


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_act_leaves_no_event_and_its_position_is_used_again() -> None:
    def act(request_id: str) -> int:
        return record(Action.RUN_DECLARE, Subject("run", request_id), actor=ENGINEER, reason=BECAUSE, request_id=request_id).seq

    with pytest.raises(RuntimeError), transaction.atomic():
        lost = act("lost")
        raise RuntimeError
    with transaction.atomic():
        kept = act("kept")
    assert kept == lost and recorded_as("lost") is None and full_audit().clean


@pytest.mark.django_db(transaction=True)
def test_postgresql_refuses_a_stricter_isolation() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("isolation levels are PostgreSQL's")
    with pytest.raises(NotRecordable, match="REPEATABLE READ"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        record(Action.RUN_DECLARE, Subject("run", "run_1"), actor=ENGINEER, reason=BECAUSE, request_id="strict")


@pytest.mark.django_db(transaction=True)
def test_postgresql_makes_the_commit_of_an_event_durable_whatever_the_session_says() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("synchronous_commit is PostgreSQL's")
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        with transaction.atomic():
            record(Action.RUN_DECLARE, Subject("run", "run_1"), actor=ENGINEER, reason=BECAUSE, request_id="durable")
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone()[0] == "on"
        cursor.execute("RESET synchronous_commit")


def test_between_its_turn_and_its_commit_an_event_on_postgresql_asks_the_database_twice(append: Append) -> None:
    """All other writers wait meanwhile."""
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite the database is this process")
    with CaptureQueriesContext(connection) as asked:
        append()
    statements = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(statements) == 2 and "audit_turn" in statements[0] and "audit_append" in statements[1]
