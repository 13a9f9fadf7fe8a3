"""The full audit: every leaf hashed again, every stored subtree hash and every copied column compared, the bad row named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from lynxweb.audit.models import Event
from runner.contract import canonical, merkle
from runner.contract.problems import Problems

ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Fault:
    """One wrong column of one row."""

    seq: int
    column: str
    what: str


@dataclass(frozen=True)
class Audit:
    """What an audit found: the size and root (hex) computed from the leaves, and every fault."""

    size: int
    root: str
    faults: tuple[Fault, ...]

    @property
    def clean(self) -> bool:
        """Whether every row is as it was written."""
        return not self.faults


def full_audit(using: str = DEFAULT_DB_ALIAS) -> Audit:
    """Re-hash the whole log in one pass and O(log n) memory."""
    tree = merkle.Rebuilt()
    rows = Event.objects.using(using).order_by("seq").iterator(chunk_size=ROWS_AT_ONCE)
    faults = tuple(_faults(rows, tree))
    return Audit(tree.size, tree.root.hex(), faults)


def _faults(rows: Iterable[Event], tree: merkle.Rebuilt) -> Iterator[Fault]:
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    for event in rows:
        if event.seq != tree.size:
            yield Fault(event.seq, "seq", f"position {tree.size} is missing or this one is moved")
            return
        stored = bytes(event.leaf)
        if tree.append(stored) != bytes(event.hashes):
            yield Fault(event.seq, "hashes", "not the hashes of the leaves up to here")
        try:
            leaf = canonical.decode(stored, canonical=True)
            yield from _leaf_faults(event, leaf, newest)
        except (Problems, KeyError, TypeError) as error:
            yield Fault(event.seq, "leaf", f"not a leaf of version 1: {error}")


def _leaf_faults(event: Event, leaf: object, newest: dict[tuple[str, str], tuple[int, int]]) -> Iterator[Fault]:
    if not isinstance(leaf, dict) or leaf["v"] != 1:
        yield Fault(event.seq, "leaf", "not a leaf of version 1")
        return
    subject = leaf["object"]
    said = {
        "seq": leaf["seq"],
        "time": leaf["time"],
        "actor": leaf["actor"]["id"],
        "action": leaf["action"],
        "object_type": subject["type"],
        "object_id": subject["id"],
        "object_rev": subject["rev"],
        "request_id": leaf["request_id"],
    }
    for column, value in said.items():
        if getattr(event, column) != value:
            yield Fault(event.seq, column, "differs from the leaf")
    name = (subject["type"], subject["id"])
    prev, rev = newest.get(name, (None, 0))
    if leaf["prev"] != prev or subject["rev"] != rev + 1:
        yield Fault(event.seq, "leaf", f"does not follow revision {rev} of {subject['type']} {subject['id']}")
    newest[name] = (event.seq, subject["rev"])
