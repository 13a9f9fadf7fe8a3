"""A log of a million events in minutes: leaves with the very bytes that `record()` writes, hashes from the tree, rows in batches past the triggers.

Four acts on each run, some hundred positions apart: submitted, checked, reviewed, published. Each kind of leaf is written once by the site's own
function; the others are that one with other numbers and digests in the same places, and every 20,000th is held against what the function writes.
Triggers stay in place: the database itself checks that each position is the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.db import connections, transaction
from django.db.models import Max

from lynxweb.audit import leaf as leaves
from lynxweb.audit.actions import Action, ReasonCode
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from lynxweb.audit.leaf import Act, Commitment, Link
from lynxweb.audit.models import Event
from lynxweb.audit.tail import COLUMNS
from runner.contract import merkle

BATCH, HELD_AGAINST = 10_000, 20_000
APART = 25  # runs between two acts on the same one
BEGUN = datetime(2026, 1, 5, 12, tzinfo=UTC)
NODE = Actor("node", "node_00112233445566778899", "token:tok_0011223344", role="engineer")
REVIEWER = Actor("user", "act_00112233445566778899", "login+totp", role="reviewer")
PUBLISHER = Actor("user", "act_99887766554433221100", "login+totp", role="publisher")
ACTS = (
    (Action.RUN_SUBMIT, NODE, Reason()),
    (Action.RUN_CHECK, SYSTEM, Reason()),
    (Action.REVIEW_CLOSE, REVIEWER, Reason(ReasonCode.REVIEW_OUTCOME, "numbers follow from the rows")),
    (Action.RUN_PUBLISH, PUBLISHER, Reason(text="reviewed and accepted")),
)
ACTIONS = [str(action) for action, _, _ in ACTS]
SPACING_US = 150_000
Row = tuple[Any, ...]


class Told(NamedTuple):
    """What one leaf says of itself: which act on which run, where, when, and digests that nothing else has."""

    kind: int
    seq: int
    run: str
    prev: int | None
    time: str
    before: str | None
    after: str
    payload: str | None

    def act(self) -> Act:
        """The act as the site would record it."""
        action, actor, reason = ACTS[self.kind]
        return Act(action, Subject("run", self.run), actor, reason, self.request_id, self.before, self.after, self.payload)

    @property
    def request_id(self) -> str:
        """Unlike any other."""
        return f"{ACTIONS[self.kind]}:{self.seq}"

    def hidden(self) -> tuple[Commitment, ...]:
        """The address that a submission commits to."""
        return (Commitment("address", hashlib.sha256(str(self.seq).encode()).digest(), b'"192.0.2.7"'),) if self.kind == 0 else ()

    def leaf(self) -> bytes:
        """The leaf as the site writes it."""
        return leaves.write(self.act(), Link(self.seq, self.kind + 1, self.prev), self.time, self.hidden())

    def fields(self) -> dict[bytes, bytes]:
        """Every part of the leaf that differs between two acts of one kind, as it stands in the canonical bytes."""
        texts = {
            b"id": f'"id":"{self.run}"', b"seq": f'"seq":{self.seq}', b"time": f'"time":"{self.time}"', b"after": f'"after":"{self.after}"',
            b"request": f'"request_id":"{self.request_id}"',
        }  # fmt: skip
        if self.prev is not None:
            texts |= {b"prev": f'"prev":{self.prev}', b"before": f'"before":"{self.before}"'}
        if self.payload is not None:
            texts[b"payload"] = f'"payload":"{self.payload}"'
        for one in self.hidden():
            texts[b"address"] = f'"address":"{one.digest}"'
        return {name: text.encode() for name, text in texts.items()}


def told(seq: int) -> Told:
    """The event at `seq`, which any process works out alone: act number `seq % 4` on its run."""
    kind, number = seq % 4, seq // 4 - APART * (seq % 4)
    if number <= 0:  # the first hundred positions have no earlier act to follow on
        kind, number = 0, -seq
    run, prev = _digest(f"run {number}"), seq - 4 * APART - 1 if kind else None
    before, payload = _digest(f"{run} {kind}") if kind else None, _digest(f"payload {seq}") if kind % 2 == 0 else None
    second, rest = divmod(SPACING_US * seq, 1_000_000)
    return Told(kind, seq, run, prev, f"{_second(second)}.{rest:06d}Z", before, _digest(f"{run} {kind + 1}"), payload)


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return leaves.instant(BEGUN + timedelta(seconds=second))[:19]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Writer:
    """Leaves, one after the other; each kind is learned from the first that the site's own function wrote."""

    def __init__(self) -> None:
        self._forms: dict[int, bytes] = {}

    def leaf(self, one: Told) -> bytes:
        """The canonical bytes."""
        form, fields = self._forms.get(one.kind), one.fields()
        if form is None:
            form = one.leaf().replace(b"%", b"%%")
            for name, text in fields.items():
                form = form.replace(text, b"%(" + name + b")b")
            self._forms[one.kind] = form
        content = form % fields
        if one.seq % HELD_AGAINST < len(ACTS) and content != one.leaf():
            raise SystemExit(f"audit_log: the leaf of event {one.seq} is not what record() writes")
        return content


def rows(first: int, count: int, tree: merkle.Rebuilt) -> Iterator[Row]:
    """Rows of the log from position `first` on, `tree` grown by them."""
    writer = Writer()
    for seq in range(first, count):
        one = told(seq)
        leaf, (action, actor, _) = writer.leaf(one), ACTS[one.kind]
        yield seq, leaf, tree.append(leaf), one.time, actor.id, str(action), "run", one.run, one.kind + 1, one.request_id


def fill(alias: str, count: int) -> int:
    """Fill the open log of `alias` up to `count` events, in transactions of some thousands; the bytes of all leaves."""
    connection, tree, size = connections[alias], merkle.Rebuilt(), 0
    for leaf in Event.objects.using(alias).order_by("seq").values_list("leaf", flat=True):
        tree.append(bytes(leaf))
    made = rows(tree.size, count, tree)
    while batch := list(islice(made, BATCH)):
        size += sum(len(row[1]) for row in batch)
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            (_insert if connection.vendor == "sqlite" else _copy)(cursor, batch)
    newest = Event.objects.using(alias).aggregate(newest=Max("seq"))["newest"]
    if newest != count - 1:
        raise SystemExit(f"audit_log: {alias} holds {newest} instead of {count - 1}")
    return size


def _insert(cursor: Any, batch: Iterable[Row]) -> None:
    cursor.executemany(f"INSERT INTO audit_event ({COLUMNS}) VALUES ({', '.join(['%s'] * 10)})", batch)


def _copy(cursor: Any, batch: Iterable[Row]) -> None:
    with cursor.copy(f"COPY public.audit_event ({COLUMNS}) FROM STDIN") as copy:
        for row in batch:
            copy.write_row(row)
