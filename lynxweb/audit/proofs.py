"""Inclusion and consistency proofs from the stored subtree hashes: one SELECT each, by primary key."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import DEFAULT_DB_ALIAS, connections

from lynxweb.audit.checkpoints import StoredCheckpoint
from lynxweb.audit.tail import hashes_of
from runner.contract import merkle, proofs
from runner.contract import tlog_proof as text_form
from runner.contract.problems import Problem, Problems
from runner.contract.proofs import Group


def inclusion(seq: int, size: int, using: str = DEFAULT_DB_ALIAS) -> list[bytes]:
    """The proof that the event at `seq` is in the tree of `size`; raises `Problems` for a pair that no tree of this log has."""
    return proofs.inclusion(seq, size, stored_hashes(proofs.inclusion_places(seq, size), using))


def consistency(m: int, n: int, using: str = DEFAULT_DB_ALIAS) -> list[bytes]:
    """The proof that the tree of `m` events is the beginning of the tree of `n`; raises `Problems` for sizes that this log never had."""
    return proofs.consistency(m, n, stored_hashes(proofs.consistency_places(m, n), using))


def tlog_proof(seq: int, checkpoint: StoredCheckpoint, using: str = DEFAULT_DB_ALIAS) -> bytes:
    """The c2sp.org/tlog-proof text: the inclusion proof of `seq` under `checkpoint`, the signed checkpoint inside."""
    return text_form.write(seq, inclusion(seq, checkpoint.size, using), checkpoint.note)


def root_of(size: int, using: str = DEFAULT_DB_ALIAS) -> bytes:
    """The root of the tree of `size` events as the stored hashes have it; raises `Problems` where the log is smaller."""
    group = merkle.peaks(size)
    return merkle.root(map(stored_hashes([group], using), group))


def stored_hashes(groups: Iterable[Group], using: str = DEFAULT_DB_ALIAS) -> Callable[[merkle.Place], bytes]:
    """Looks up every place of `groups` in one query; raises `Problems` (`not-in-log`) where a row is missing."""
    wanted = {place.row for group in groups for place in group}
    found = hashes_of(connections[using], wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        problem = Problem(
            "size", f"a tree that needs event {missing[-1]}", "a size that this log has reached", "ask for a smaller tree", "not-in-log"
        )
        raise Problems([problem])
    return lambda place: merkle.hash_at(found[place.row], place.level)
