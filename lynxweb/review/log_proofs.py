"""Proofs for whoever reads the log, hash by hash; they hold no content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lynxweb.accounts.roles import READ, require
from lynxweb.audit import checkpoints, proofs
from lynxweb.audit.actors import Actor
from lynxweb.audit.checkpoints import StoredCheckpoint
from lynxweb.audit.models import Event
from lynxweb.audit.opening import settings_of
from lynxweb.registry.missing import NotFound
from lynxweb.review.log_cards import ConsistencyProof, InclusionProof, ProofStep
from runner.contract import merkle
from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.notes import VerifierKey


def event_at(position: int) -> Event:
    """The event at a position of the log; `NotFound` where the log has not come so far."""
    found = Event.objects.filter(seq=position).first() if 0 <= position <= LARGEST_INTEGER else None
    if found is None:
        raise NotFound("event", str(position))
    return found


def verifier_key() -> VerifierKey:
    """The key that `log.open` names, under the log's name."""
    opened = settings_of(event_at(0))
    return VerifierKey(opened.origin, bytes.fromhex(opened.log_key))


def inclusion_for(actor: Actor, position: int, size: int | None = None) -> InclusionProof:
    """The inclusion proof of any event in the tree of `size` events, that of the newest checkpoint where none is named.

    It holds hashes and no content, so whoever may read the log may have it. Raises `NotFound` for a position that the log has not reached, or no
    checkpoint holds, `Problems` for a size that does not hold it.
    """
    require(actor, READ)
    event = event_at(position)
    if size is None:
        size = holding(position).size
    return inclusion_of(event, size, proofs.root_of(size) if 0 < size <= LARGEST_INTEGER else b"")


def inclusion_of(event: Event, size: int, root: bytes) -> InclusionProof:
    """The proof of one event under a root, with the steps that lead there."""
    hashes, leaf_hash = proofs.inclusion(event.seq, size), merkle.leaf_hash(bytes(event.leaf))
    return InclusionProof(
        event.seq, size, leaf_hash.hex(), root.hex(), tuple(one.hex() for one in hashes), tuple(_steps(leaf_hash, event.seq, size, hashes))
    )


def consistency_for(actor: Actor, earlier: int, size: int) -> ConsistencyProof:
    """The proof that the tree of `size` events begins with that of `earlier` events; raises `Problems` for sizes that this log never had."""
    require(actor, READ)
    hashes = proofs.consistency(earlier, size)
    return ConsistencyProof(earlier, size, proofs.root_of(earlier).hex(), proofs.root_of(size).hex(), tuple(one.hex() for one in hashes))


def tlog_proof_for(actor: Actor, position: int) -> bytes:
    """The c2sp.org/tlog-proof text of one event under the newest checkpoint, for a reader's own check."""
    require(actor, READ)
    return proofs.tlog_proof(event_at(position).seq, holding(position))


def newest_checkpoint(actor: Actor) -> StoredCheckpoint:
    """The newest published checkpoint; `NotFound` before the first."""
    require(actor, READ)
    found = checkpoints.newest()
    if found is None:
        raise NotFound("checkpoint", "newest")
    return found


def holding(position: int) -> StoredCheckpoint:
    """The newest checkpoint, which must hold this position; `NotFound` where no checkpoint does yet."""
    found = checkpoints.newest()
    if found is None or found.size <= position:
        raise NotFound("checkpoint", f"of event {position}")
    return found


def _steps(leaf_hash: bytes, index: int, size: int, hashes: Sequence[bytes]) -> Iterator[ProofStep]:
    """What each hash of the proof does, as RFC 9162 section 2.1.3.2 walks it."""
    fn, sn, made = index, size - 1, leaf_hash
    for sibling in hashes:
        if fn & 1 or fn == sn:
            made = merkle.parent_hash(sibling, made)
            yield ProofStep("left", sibling.hex(), made.hex())
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            made = merkle.parent_hash(made, sibling)
            yield ProofStep("right", sibling.hex(), made.hex())
        fn, sn = fn >> 1, sn >> 1
