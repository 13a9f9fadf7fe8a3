"""What the site says of an event after checking it as a stranger would: each check with what it was held against."""

from __future__ import annotations

from collections.abc import Callable

from lynxweb.audit import proofs
from lynxweb.audit.checkpoints import StoredCheckpoint
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.review.log_cards import Checked
from lynxweb.review.log_proofs import verifier_key
from runner.contract import checkpoints as signed
from runner.contract import merkle
from runner.contract.notes import VerifierKey
from runner.contract.problems import Problem, Problems
from runner.contract.proofs import verify_inclusion


def checked(event: Event, checkpoint: StoredCheckpoint) -> tuple[Checked, ...]:
    """Four checks of one event, each with what it was held against; nothing stored beside the leaf and the note is believed."""
    key, leaf = verifier_key(), bytes(event.leaf)
    leaf_hash = merkle.leaf_hash(leaf)
    asked: tuple[tuple[str, str, Callable[[], None]], ...] = (
        (f"The {len(leaf)} stored bytes are canonical JSON", f"the position {event.seq} in the address", lambda: _said_at(leaf, event.seq)),
        (f"SHA-256 of 0x00 and these bytes is {leaf_hash.hex()}", "the leaf hash that the tree keeps", lambda: _same(leaf_hash, event)),
        ("The checkpoint was signed by the log", f"the key that event 0 names: {key}", lambda: _signed(checkpoint, key)),
        (f"The proof leads from this leaf hash, at position {event.seq}, to the root",
         f"the root {checkpoint.root.hex()} of {checkpoint.size} events, as the checkpoint signs it",
         lambda: _leads(leaf_hash, event.seq, checkpoint, key)),
    )  # fmt: skip
    return tuple(_outcome(what, against, check) for what, against, check in asked)


def _outcome(what: str, against: str, check: Callable[[], None]) -> Checked:
    try:
        check()
    except Problems as error:
        return Checked(what, against, False, str(error))
    return Checked(what, against, True)


def _said_at(leaf: bytes, position: int) -> None:
    said = leaf_fields(leaf).get("seq")
    if said != position:
        raise Problems([Problem("seq", str(said), str(position), "run manage.py audit: this leaf was moved", "bad-leaf")])


def _same(leaf_hash: bytes, event: Event) -> None:
    kept = merkle.hash_at(bytes(event.hashes), 0)
    if kept != leaf_hash:
        raise Problems([Problem("hashes", kept.hex(), leaf_hash.hex(), "run manage.py audit: leaf or tree was changed", "bad-leaf")])


def _signed(checkpoint: StoredCheckpoint, key: VerifierKey) -> None:
    signed.open(checkpoint.note, [key])


def _leads(leaf_hash: bytes, position: int, checkpoint: StoredCheckpoint, key: VerifierKey) -> None:
    under = signed.open(checkpoint.note, [key])
    verify_inclusion(leaf_hash, position, under.size, proofs.inclusion(position, under.size), under.root)
