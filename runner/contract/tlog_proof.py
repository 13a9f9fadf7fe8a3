"""c2sp.org/tlog-proof@v1: a leaf's index, its inclusion proof and the signed checkpoint in one text that is checked offline.

https://c2sp.org/tlog-proof. Read in one spelling only: canonical base64 and decimals, line feeds, nothing after the checkpoint.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.contract import checkpoints
from runner.contract.checkpoints import Checkpoint, read_number
from runner.contract.dsse import strict_base64
from runner.contract.merkle import HASH_BYTES
from runner.contract.notes import VerifierKey
from runner.contract.problems import Problem, Problems
from runner.contract.proofs import verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 53  # a tree of fewer than 2^53 leaves is no deeper


@dataclass(frozen=True)
class TlogProof:
    """A parsed proof of which nothing has been checked: `checkpoint` is the note as it was sent, `extra` is signed by nobody."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def write(index: int, hashes: Sequence[bytes], checkpoint: bytes, extra: bytes | None = None) -> bytes:
    """The text of a proof: that leaf `index` is in the tree of `checkpoint` (a signed note, kept verbatim), by way of `hashes`."""
    opaque = [f"extra {_encoded(extra)}"] if extra else []
    lines = [HEADER, *opaque, f"index {index}", *map(_encoded, hashes), "", ""]
    return "\n".join(lines).encode() + checkpoint


def read(content: bytes) -> TlogProof:
    """The proof in `content`, unverified; raises `Problems` (code `bad-proof`) for any other shape or spelling."""
    head, blank, checkpoint = content.partition(b"\n\n")
    if not blank or not checkpoint:
        raise _bad(
            "proof", "no blank line with a checkpoint after it", "the checkpoint after the first blank line", "send the proof's bytes unchanged"
        )
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _bad("proof", str(error)[:120], "ASCII before the checkpoint", "send the proof's bytes unchanged") from error
    if first != HEADER:
        raise _bad("proof", ascii(first)[:80], HEADER, "send a proof of this version")
    extra = strict_base64(lines.pop(0)[6:], "extra", "bad-proof") if lines and lines[0].startswith("extra ") else None
    if extra == b"":
        raise _bad("extra", "nothing", "bytes, or no such line", "leave the line out")
    if not lines or not lines[0].startswith("index "):
        raise _bad("index", ascii(lines[0])[:80] if lines else "nothing", "index and a number", "send the proof's bytes unchanged")
    index = read_number(lines[0][6:], "index", "bad-proof")
    return TlogProof(index, _hashes(lines[1:]), checkpoint, extra)


def verify(content: bytes, leaf_hash: bytes, vkeys: Iterable[VerifierKey]) -> tuple[int, Checkpoint]:
    """(index, checkpoint) if a log that `vkeys` lists signed a tree that holds the leaf with this hash there; raises `Problems` otherwise."""
    proof = read(content)
    checkpoint = checkpoints.open(proof.checkpoint, vkeys)
    verify_inclusion(leaf_hash, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return proof.index, checkpoint


def _hashes(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > MOST_HASHES:
        raise _bad("hashes", str(len(lines)), f"at most {MOST_HASHES}", "ask the log for the proof again")
    hashes = tuple(strict_base64(line, f"hashes[{place}]", "bad-proof") for place, line in enumerate(lines))
    if any(len(one) != HASH_BYTES for one in hashes):
        raise _bad("hashes", "another length", f"{HASH_BYTES} bytes each", "ask the log for the proof again")
    return hashes


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bad(path: str, found: str, expected: str, remedy: str) -> Problems:
    return Problems([Problem(path, found, expected, remedy, "bad-proof")])
