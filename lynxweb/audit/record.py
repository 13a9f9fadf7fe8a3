"""`record()`: the one way into the log, the last statement of an act, inside the act's own transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit import leaf as leaves
from lynxweb.audit import tail
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import Event, PrivateValue
from lynxweb.audit.tail import NotRecordable, ReadOnly, hold
from runner.contract import merkle
from runner.contract.problems import Problem, Problems

ROUTINE = Reason()
__all__ = ["AlreadyRecorded", "NotRecordable", "ReadOnly", "Recorded", "hold", "record", "recorded_as", "utc_now"]


@dataclass(frozen=True)
class Recorded:
    """Where an event ended up: position, RFC 6962 leaf hash in hex, the revision it made, and what a receipt needs."""

    seq: int
    leaf_digest: str
    rev: int
    request_id: str
    time: str


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
    `Problems` for a faulty act, `AlreadyRecorded` for a known `request_id`, `NotRecordable` where the log cannot take events, `ReadOnly` after a
    signer's refusal. The leaf's `anchor` is the newest published checkpoint, null before the first.
    """
    act = leaves.Act(action, subject, actor, reason, request_id, before, after, payload, dict(commit or {}), basis, proposal, on_behalf_of)
    problems = list(leaves.faults(act))
    if problems:
        raise Problems(problems)
    connection = transaction.get_connection(using)
    turn = tail.take_turn(connection, subject.type, subject.id, request_id)
    if turn.repeated:
        _refuse_repeat(connection, act)
    link, seq = _link(act, turn), turn.seq
    hidden = leaves.commitments(act.private, random_bytes)
    time = leaves.instant(clock())
    leaf = leaves.write(act, link, time, hidden)
    if hidden:
        PrivateValue.objects.using(using).bulk_create(PrivateValue(seq=seq, name=one.name, salt=one.salt, value=one.value) for one in hidden)
    tail.append(connection, seq, leaf, [time, actor.id, str(action), subject.type, subject.id, link.rev, request_id])
    return Recorded(seq, merkle.leaf_hash(leaf).hex(), link.rev, request_id, time)


def recorded_as(request_id: str, using: str = DEFAULT_DB_ALIAS) -> Recorded | None:
    """The event that this request made, if it made one: an act asks first, and answers a repeated request with the same receipt."""
    event = Event.objects.using(using).filter(request_id=request_id).first()
    return None if event is None else _recorded(event.seq, bytes(event.leaf), event.object_rev, event.request_id, event.time)


def _refuse_repeat(connection: BaseDatabaseWrapper, act: leaves.Act) -> None:
    found = tail.made_by(connection, act.request_id)
    if found is None:
        return
    seq, leaf, rev, request_id, time, *named = found
    if named != [str(act.action), act.subject.type, act.subject.id]:
        taken = Problem("request_id", f"the id of event {seq}, another act", "an id of its own for each act", "send a new id", "request-id-reused")
        raise Problems([taken])
    raise AlreadyRecorded(_recorded(seq, bytes(leaf), rev, request_id, time))


def _link(act: leaves.Act, turn: tail.Turn) -> leaves.Link:
    if turn.halted is not None:
        raise ReadOnly(f"the signer refused, so the log takes no events: {turn.halted}")
    if (turn.seq == 0) != (act.action == Action.LOG_OPEN):
        raise NotRecordable("the log is open already" if turn.seq else "the log is not open: run manage.py migrate, which writes log.open")
    rev = turn.rev + 1
    if act.subject.rev not in (None, rev):
        stale = Problem("object.rev", str(act.subject.rev), str(rev), "read the object again: it changed in between", "changed-in-between")
        raise Problems([stale])
    return leaves.Link(turn.seq, rev, turn.prev, turn.anchor)


def _recorded(seq: int, leaf: bytes, rev: int, request_id: str, time: str) -> Recorded:
    return Recorded(seq, merkle.leaf_hash(leaf).hex(), rev, request_id, time)
