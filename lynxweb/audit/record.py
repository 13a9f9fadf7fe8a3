"""`record()`: the one way into the log, the last statement of an act, inside the act's own transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit import leaf as leaves
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import Event, PrivateValue
from runner.contract import merkle
from runner.contract.problems import Problem, Problems

LOCK = 7110
LOCK_TIMEOUT = "20s"
ROUTINE = Reason()
COLUMNS = "seq, leaf, hashes, time, actor, action, object_type, object_id, object_rev, request_id"


@dataclass(frozen=True)
class Recorded:
    """Where an event ended up: position, RFC 6962 leaf hash in hex, the revision it made, and what a receipt needs."""

    seq: int
    leaf_digest: str
    rev: int
    request_id: str
    time: str


class NotRecordable(RuntimeError):
    """The log cannot take an event now: wrong transaction, wrong isolation, or the log is not open."""


class AlreadyRecorded(RuntimeError):
    """This `request_id` has its event: the act rolls back, and its door answers with `recorded` as it did the first time."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        super().__init__(f"request {recorded.request_id} is event {recorded.seq} already; answer with that event's receipt")


def utc_now() -> datetime:
    """The site's clock: information, never evidence."""
    return datetime.now(UTC)


def record(  # noqa: PLR0913  (one argument per key of the leaf)
    action: Action,
    subject: Subject,
    *,
    actor: Actor,
    request_id: str,
    reason: Reason = ROUTINE,
    before: str | None = None,
    after: str | None = None,
    payload: str | None = None,
    commit: Mapping[str, object] | None = None,
    basis: Mapping[str, object] | None = None,
    proposal: int | None = None,
    on_behalf_of: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    using: str = DEFAULT_DB_ALIAS,
) -> Recorded:
    """Append one event as the last statement of the act and return its position.

    Needs an open transaction (READ COMMITTED on PostgreSQL, IMMEDIATE on SQLite) and forces this transaction to be durable. `before`, `after`
    and `payload` are hex SHA-256 digests; `commit` maps names to private values, of which the leaf holds salted commitments only. Raises
    `Problems` for a faulty act, `AlreadyRecorded` for a known `request_id`, `NotRecordable` where the log cannot take events.
    """
    act = leaves.Act(action, subject, actor, reason, request_id, before, after, payload, dict(commit or {}), basis, proposal, on_behalf_of)
    problems = list(leaves.faults(act))
    if problems:
        raise Problems(problems)
    connection = transaction.get_connection(using)
    hold(connection)
    _refuse_repeat(connection, act)
    link = _next_link(connection, act)
    hidden = leaves.commitments(act.private, random_bytes)
    time = leaves.instant(clock())
    leaf = leaves.write(act, link, time, hidden)
    PrivateValue.objects.using(using).bulk_create(PrivateValue(seq=link.seq, name=one.name, salt=one.salt, value=one.value) for one in hidden)
    hashes = merkle.completed(link.seq, leaf, _left_siblings(connection, link.seq))
    _insert(connection, [link.seq, leaf, hashes, time, actor.id, str(action), subject.type, subject.id, link.rev, request_id])
    return Recorded(link.seq, merkle.leaf_hash(leaf).hex(), link.rev, request_id, time)


def recorded_as(request_id: str, using: str = DEFAULT_DB_ALIAS) -> Recorded | None:
    """The event that this request made, if it made one: an act asks first, and answers a repeated request with the same receipt."""
    event = Event.objects.using(using).filter(request_id=request_id).first()
    return None if event is None else _recorded(event.seq, bytes(event.leaf), event.object_rev, event.request_id, event.time)


def hold(connection: BaseDatabaseWrapper) -> None:
    """Be the only writer of the log until this transaction ends, and make that end durable; raises `NotRecordable` where that is impossible."""
    if not connection.in_atomic_block:
        raise NotRecordable("record() needs an open transaction: call it last inside transaction.atomic()")
    if connection.vendor == "sqlite":
        if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
            raise NotRecordable("DATABASES: the SQLite option transaction_mode must be IMMEDIATE")
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('transaction_isolation'), set_config('synchronous_commit', 'on', true), set_config('lock_timeout', %s, true)",
            [LOCK_TIMEOUT],
        )
        isolation = cursor.fetchone()[0]
        if isolation != "read committed":
            raise NotRecordable(f"record() needs READ COMMITTED, this transaction is {isolation.upper()}")
        # The lock is a statement of its own: the next one then has a snapshot taken after the wait, and sees the position before ours.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _refuse_repeat(connection: BaseDatabaseWrapper, act: leaves.Act) -> None:
    found = _rows(connection, "seq, leaf, object_rev, request_id, time, action, object_type, object_id", "request_id = %s", [act.request_id])
    if not found:
        return
    seq, leaf, rev, request_id, time, *named = found[0]
    if named != [str(act.action), act.subject.type, act.subject.id]:
        taken = Problem("request_id", f"the id of event {seq}, another act", "an id of its own for each act", "send a new id", "request-id-reused")
        raise Problems([taken])
    raise AlreadyRecorded(_recorded(seq, bytes(leaf), rev, request_id, time))


def _next_link(connection: BaseDatabaseWrapper, act: leaves.Act) -> leaves.Link:
    seq = _rows(connection, "coalesce(max(seq) + 1, 0)", "1 = 1", [])[0][0]
    if (seq == 0) != (act.action == Action.LOG_OPEN):
        raise NotRecordable("the log is open already" if seq else "the log is not open: run manage.py migrate, which writes log.open")
    last = _rows(
        connection,
        "seq, object_rev",
        "object_type = %s AND object_id = %s ORDER BY object_rev DESC LIMIT 1",
        [act.subject.type, act.subject.id],
    )
    prev, rev = (last[0][0], last[0][1] + 1) if last else (None, 1)
    if act.subject.rev not in (None, rev):
        stale = Problem("object.rev", str(act.subject.rev), str(rev), "read the object again: it changed in between", "changed-in-between")
        raise Problems([stale])
    return leaves.Link(seq, rev, prev)


def _left_siblings(connection: BaseDatabaseWrapper, seq: int) -> list[bytes]:
    places = merkle.frontier(seq)
    if not places:
        return []
    marks = ", ".join(["%s"] * len(places))
    rows = {row: bytes(hashes) for row, hashes in _rows(connection, "seq, hashes", f"seq IN ({marks})", [place.row for place in places])}
    return [merkle.hash_at(rows[place.row], place.level) for place in places]


def _insert(connection: BaseDatabaseWrapper, values: list[Any]) -> None:
    table = "public.audit_event" if connection.vendor == "postgresql" else "audit_event"
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({COLUMNS}) VALUES ({marks}) RETURNING seq", values)
        returned = cursor.fetchone()
    if returned is None or returned[0] != values[0]:  # a rule DO INSTEAD NOTHING lets an INSERT succeed and keeps nothing
        raise NotRecordable(f"the database did not keep event {values[0]}: look for rules and triggers that are not ours (manage.py check)")


def _rows(connection: BaseDatabaseWrapper, columns: str, where: str, values: list[Any]) -> list[Any]:
    table = "ONLY public.audit_event" if connection.vendor == "postgresql" else "audit_event"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE {where}", values)
        return list(cursor.fetchall())


def _recorded(seq: int, leaf: bytes, rev: int, request_id: str, time: str) -> Recorded:
    return Recorded(seq, merkle.leaf_hash(leaf).hex(), rev, request_id, time)
