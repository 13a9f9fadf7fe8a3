"""A full audit finds every edit, names the row, and trusts no stored hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from lynxweb.audit import guards, tail
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from runner.contract import merkle
from runner.contract.canonical import encode
from tests.audit.conftest import Append

CHANGES: dict[str, Any] = {
    "leaf": b"{}",
    "hashes": bytes(32),
    "time": "2026-01-01T00:00:00.000000Z",
    "actor": "act_other",
    "action": "run.withdraw",
    "object_type": "node",
    "object_id": "run_other",
    "object_rev": 9,
    "request_id": "other",
}


@pytest.fixture
def events(append: Append) -> int:
    """Ten events with their triggers lifted; returns the position of one in the middle."""
    positions = [append().seq for _ in range(10)]
    guards.lift(connection)
    return positions[4]


def _set(seq: int, column: str, value: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_event SET {column} = %s WHERE seq = %s", [value, seq])


@pytest.mark.parametrize("column", sorted(CHANGES))
def test_a_changed_column_is_found_and_its_row_named(events: int, column: str) -> None:
    _set(events, column, CHANGES[column])
    audit = full_audit()
    assert not audit.clean and audit.faults[0].seq == events


@pytest.mark.parametrize("column", ["leaf", "hashes"])
@pytest.mark.parametrize("value", ["text", 10**12])
def test_what_is_no_bytes_at_all_is_found(events: int, column: str, value: object) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("columns of PostgreSQL hold what they say")
    _set(events, column, value)
    assert full_audit().faults[0].seq == events


def test_a_removed_row_is_found(events: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE seq = %s", [events])
    assert f"position {events} is missing" in full_audit().faults[0].what


def test_a_leaf_edited_together_with_its_own_hash_is_found(events: int) -> None:
    row = Event.objects.get(seq=events)
    leaf = bytes(row.leaf).replace(b"a test wants it so", b"nobody wants it so")
    _set(events, "leaf", leaf)
    _set(events, "hashes", merkle.leaf_hash(leaf) + bytes(row.hashes)[32:])
    assert any(fault.column == "hashes" and fault.seq > events for fault in full_audit().faults)


def test_an_untouched_log_has_the_root_of_its_leaves(events: int) -> None:
    level = [hashlib.sha256(b"\x00" + bytes(event.leaf)).digest() for event in Event.objects.all()]

    def root(hashes: list[bytes]) -> bytes:  # RFC 6962 section 2.1, as written there
        if len(hashes) == 1:
            return hashes[0]
        split = 1 << (len(hashes) - 1).bit_length() - 1
        return hashlib.sha256(b"\x01" + root(hashes[:split]) + root(hashes[split:])).digest()

    assert full_audit().root == root(level).hex()


CRAFTED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a key is missing": lambda leaf: leaf.pop("reason"),
    "a key too many": lambda leaf: leaf.update(more=1),
    "another version": lambda leaf: leaf.update(v=2),
    "an unknown action": lambda leaf: leaf.update(action="log.bless"),
    "an unknown kind of actor": lambda leaf: leaf["actor"].update(kind="robot"),
    "an unknown reason code": lambda leaf: leaf.update(reason_code="because"),
    "a person without a reason": lambda leaf: leaf.update(reason=None),
}


@pytest.mark.parametrize("what", CRAFTED)
def test_a_leaf_that_no_act_could_have_written_is_named_though_every_hash_is_right(append: Append, what: str) -> None:
    """Whoever runs SQL as the site can append what he likes: the leaf is in the tree for good, and the audit says that it is none of ours."""
    append()
    leaf = json.loads(bytes(Event.objects.latest("seq").leaf)) | {"request_id": "crafted", "prev": None}
    leaf["seq"], leaf["object"]["id"] = leaf["seq"] + 1, "run_crafted"
    CRAFTED[what](leaf)
    subject, copies = leaf["object"], [leaf["time"], leaf["actor"]["id"], leaf["action"]]
    with transaction.atomic():
        tail.append(connection, leaf["seq"], encode(leaf), [*copies, subject["type"], subject["id"], subject["rev"], leaf["request_id"]])
    assert [fault.seq for fault in full_audit().faults] == [leaf["seq"]]
