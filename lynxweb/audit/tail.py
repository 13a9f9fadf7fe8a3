"""The end of the log as one transaction sees it: its turn, the next position, what stood before, and the row that it adds.

On PostgreSQL everything that writes happens in the functions of `lynxweb.audit.functions`, on one role as on two; on SQLite it happens here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit.functions import WRONG_ISOLATION
from runner.contract import merkle

COLUMNS = "seq, leaf, hashes, time, actor, action, object_type, object_id, object_rev, request_id"

BEFORE = (
    "SELECT s.anchor, h.kind, h.reason, e.seq, e.object_rev, s.repeated FROM "
    "(SELECT (SELECT sha256 FROM audit_checkpoint ORDER BY size DESC LIMIT 1) AS anchor, "
    "EXISTS (SELECT 1 FROM audit_event WHERE request_id = %s) AS repeated) s "
    "LEFT JOIN (SELECT kind, reason FROM audit_halt ORDER BY id DESC LIMIT 1) h ON 1 = 1 "
    "LEFT JOIN (SELECT seq, object_rev FROM audit_event WHERE object_type = %s AND object_id = %s ORDER BY object_rev DESC LIMIT 1) e ON 1 = 1"
)


class NotRecordable(RuntimeError):
    """The log cannot take an event now: wrong transaction, wrong isolation, or the log is not open."""


class ReadOnly(NotRecordable):
    """The signer refused to sign: the log takes no events until it is repaired."""

    code = "read-only"


@dataclass(frozen=True)
class Turn:
    """What an event follows on: its position, the newest checkpoint's text digest (hex), why the log is halted, the newest event on the same
    object, and whether its request has an event already.
    """

    seq: int
    anchor: str | None
    halted: str | None
    prev: int | None
    rev: int
    repeated: bool


def hold(connection: BaseDatabaseWrapper) -> int:
    """Be the only writer of the log until this transaction ends, make that end durable, and return the next position.

    Raises `NotRecordable` outside a transaction, under another isolation than READ COMMITTED (PostgreSQL) or mode than IMMEDIATE (SQLite).
    """
    _demand_transaction(connection)
    if connection.vendor == "sqlite":
        return int(_rows(connection, "SELECT coalesce(max(seq) + 1, 0) FROM audit_event", [])[0][0])
    return int(_turn_rows(connection, "SELECT public.audit_next()", [])[0][0])


def take_turn(connection: BaseDatabaseWrapper, object_type: str, object_id: str, request_id: str) -> Turn:
    """`hold`, and what the next event on this object follows on; on PostgreSQL one statement, because all other writers wait meanwhile."""
    if connection.vendor == "sqlite":
        seq = hold(connection)
        anchor, kind, reason, prev, rev, repeated = _rows(connection, BEFORE, [request_id, object_type, object_id])[0]
        return Turn(seq, anchor, reason if kind == "halt" else None, prev, rev or 0, bool(repeated))
    _demand_transaction(connection)
    sql = "SELECT place, anchor, halted, prev, coalesce(rev, 0), repeated FROM public.audit_turn(%s, %s, %s)"
    return Turn(*_turn_rows(connection, sql, [object_type, object_id, request_id])[0])


def made_by(connection: BaseDatabaseWrapper, request_id: str) -> tuple[Any, ...] | None:
    """(seq, leaf, object_rev, request_id, time, action, object_type, object_id) of the event that this request made, or None."""
    columns = "seq, leaf, object_rev, request_id, time, action, object_type, object_id"
    found = _rows(connection, f"SELECT {columns} FROM {_events(connection)} WHERE request_id = %s", [request_id])
    return tuple(found[0]) if found else None


def append(connection: BaseDatabaseWrapper, seq: int, leaf: bytes, copies: list[Any]) -> None:
    """Add the row of `leaf` at `seq`; `copies` are its columns from `time` on, which PostgreSQL takes from the leaf itself."""
    if connection.vendor == "postgresql":
        returned = _rows(connection, "SELECT public.audit_append(%s)", [leaf])
    else:
        hashes = merkle.completed(seq, leaf, _left_siblings(connection, seq))
        marks = ", ".join(["%s"] * (3 + len(copies)))
        returned = _rows(connection, f"INSERT INTO audit_event ({COLUMNS}) VALUES ({marks}) RETURNING seq", [seq, leaf, hashes, *copies])
    if not returned or returned[0][0] != seq:  # a rule or trigger can let an INSERT succeed and keep nothing
        raise NotRecordable(f"the database did not keep event {seq}: look for rules and triggers that are not ours (manage.py check)")


def hashes_of(connection: BaseDatabaseWrapper, positions: Collection[int]) -> dict[int, bytes]:
    """The stored subtree hashes of those of these rows that are there; one query, past the lookups of the ORM, which cost more than the query."""
    if not positions:
        return {}
    marks = ", ".join(["%s"] * len(positions))
    found = _rows(connection, f"SELECT seq, hashes FROM {_events(connection)} WHERE seq IN ({marks})", [*positions])
    return {row: bytes(hashes) for row, hashes in found}


def _left_siblings(connection: BaseDatabaseWrapper, seq: int) -> list[bytes]:
    places = merkle.frontier(seq)
    rows = hashes_of(connection, [place.row for place in places])
    return [merkle.hash_at(rows[place.row], place.level) for place in places]


def _demand_transaction(connection: BaseDatabaseWrapper) -> None:
    if not connection.in_atomic_block:
        raise NotRecordable("record() needs an open transaction: call it last inside transaction.atomic()")
    if connection.vendor == "sqlite" and getattr(connection, "transaction_mode", None) != "IMMEDIATE":
        raise NotRecordable("DATABASES: the SQLite option transaction_mode must be IMMEDIATE")


def _turn_rows(connection: BaseDatabaseWrapper, sql: str, values: list[Any]) -> list[Any]:
    try:
        return _rows(connection, sql, values)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) == WRONG_ISOLATION:
            raise NotRecordable(str(error).partition("\n")[0]) from error
        raise


def _events(connection: BaseDatabaseWrapper) -> str:
    """ONLY: an inheriting child table could otherwise slip rows in."""
    return "ONLY public.audit_event" if connection.vendor == "postgresql" else "audit_event"


def _rows(connection: BaseDatabaseWrapper, sql: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
