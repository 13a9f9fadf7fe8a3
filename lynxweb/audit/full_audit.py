"""The full audit: every leaf hashed again, every stored hash, copied column and published checkpoint compared, the bad row named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from lynxweb.audit.leaf import form_faults
from lynxweb.audit.models import Checkpoint, Event, LogDocument
from lynxweb.audit.opening import settings_of
from runner.contract import canonical, checkpoints, merkle, notes
from runner.contract.problems import Problems

ROWS_AT_ONCE = 2000
COPIES = ("seq", "time", "actor", "action", "object_type", "object_id", "object_rev", "request_id")
COLUMNS = (*COPIES, "leaf", "hashes")


@dataclass(frozen=True)
class Fault:
    """One wrong column of one row; the column `checkpoint` is the published checkpoint of size `seq`."""

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
    rows = Event.objects.using(using).order_by("seq").values_list(*COLUMNS, named=True).iterator(chunk_size=ROWS_AT_ONCE)
    published = {row.size: row for row in Checkpoint.objects.using(using).all()}
    roots: dict[int, str] = {}
    faults = [*_faults(rows, tree, lambda size: roots.update({size: tree.root.hex()}) if size in published else None)]
    faults += _checkpoint_faults(published.values(), roots, using)
    return Audit(tree.size, tree.root.hex(), tuple(faults))


def _checkpoint_faults(published: Iterable[Checkpoint], roots: Mapping[int, str], using: str) -> Iterator[Fault]:
    """Whatever of a published checkpoint differs from the tree of its size, or is not signed by the key that position 0 names."""
    keys = _log_keys(using)
    for row in published:
        try:
            signed = checkpoints.open(bytes(row.note), keys)
        except Problems as error:
            yield Fault(row.size, "checkpoint", f"not a note that the log key signed: {error}")
            continue
        if (signed.size, signed.root.hex(), signed.text_digest) != (row.size, row.root, row.sha256):
            yield Fault(row.size, "checkpoint", "the copied columns differ from the signed note")
        if roots.get(row.size) != signed.root.hex():
            yield Fault(row.size, "checkpoint", f"the log's tree of {row.size} events has another root")


def _log_keys(using: str) -> list[notes.VerifierKey]:
    """The key that position 0 names; none where that event or its document is damaged, and then no checkpoint holds."""
    try:
        opened = settings_of(Event.objects.using(using).get(seq=0), using)
        return [notes.VerifierKey(opened.origin, bytes.fromhex(opened.log_key))]
    except (Event.DoesNotExist, LogDocument.DoesNotExist, Problems, KeyError, TypeError, ValueError):
        return []


def _faults(rows: Iterable[Any], tree: merkle.Rebuilt, grown: Callable[[int], None]) -> Iterator[Fault]:
    """The faults of rows of `COLUMNS`, as named tuples: a million of them are read without making a model of each."""
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    for event in rows:
        if event.seq != tree.size:
            yield Fault(event.seq, "seq", f"position {tree.size} is missing or this one is moved")
            return
        stored, hashes = _bytes(event.leaf), _bytes(event.hashes)
        if tree.append(stored) != hashes:
            yield Fault(event.seq, "hashes", "not the hashes of the leaves up to here")
        grown(tree.size)
        try:
            leaf = canonical.decode(stored, canonical=True)
            yield from _leaf_faults(event, leaf, newest)
        except (Problems, KeyError, TypeError) as error:
            yield Fault(event.seq, "leaf", f"not a leaf of version 1: {error}")


def _bytes(stored: object) -> bytes:
    """What a column of bytes holds; nothing where SQLite, which lets any column hold anything, has something else there."""
    return bytes(stored) if isinstance(stored, (bytes, memoryview)) else b""


def _leaf_faults(event: Any, leaf: object, newest: dict[tuple[str, str], tuple[int, int]]) -> Iterator[Fault]:
    if not isinstance(leaf, dict):
        yield Fault(event.seq, "leaf", "not a leaf of version 1")
        return
    yield from (Fault(event.seq, "leaf", what) for what in form_faults(leaf))
    subject = leaf["object"]
    name = (subject["type"], subject["id"])
    said = (leaf["seq"], leaf["time"], leaf["actor"]["id"], leaf["action"], *name, subject["rev"], leaf["request_id"])
    if said != event[: len(COPIES)]:
        differing = [column for column, value, copy in zip(COPIES, said, event, strict=False) if value != copy]
        yield from (Fault(event.seq, column, "differs from the leaf") for column in differing)
    prev, rev = newest.get(name, (None, 0))
    if leaf["prev"] != prev or subject["rev"] != rev + 1:
        yield Fault(event.seq, "leaf", f"does not follow revision {rev} of {subject['type']} {subject['id']}")
    newest[name] = (event.seq, subject["rev"])
