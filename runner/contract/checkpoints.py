"""Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log as the text of a signed note, without extension lines.

https://c2sp.org/tlog-checkpoint, narrowed: the key that signs is named by the origin, sizes stay below 2^53, and the three lines are all there is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from runner.contract import notes
from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.dsse import strict_base64
from runner.contract.keys import SigningKey
from runner.contract.merkle import EMPTY_ROOT, HASH_BYTES
from runner.contract.problems import Problem, Problems


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself at one moment: its name, how many leaves it holds and their root; raises `Problems` where that cannot be."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        notes.check_name(self.origin)
        if not 0 <= self.size <= LARGEST_INTEGER:
            raise _bad("size", str(self.size), "a whole number from 0 to 2^53 - 1", "state the number of leaves")
        if len(self.root) != HASH_BYTES:
            raise _bad("root", f"{len(self.root)} bytes", f"{HASH_BYTES} bytes", "state the root hash")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise _bad("root", self.root.hex(), "the SHA-256 of nothing, as the tree is empty", "state the root of the tree of this size")

    @classmethod
    def read(cls, text: str) -> Self:
        """The checkpoint that `text` spells; raises `Problems` for any other shape or spelling."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise _bad(
                "text", f"{len(lines) - 1} lines", "origin, size and root, each ended by a newline, and nothing else", "leave out extension lines"
            )
        return cls(lines[0], read_number(lines[1], "size", "bad-checkpoint"), strict_base64(lines[2], "root", "bad-checkpoint"))

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @property
    def text_digest(self) -> str:
        """Lower-case hex SHA-256 of the text: the checkpoint's name, whoever signed it."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The signed note of `checkpoint`, under the name of its origin; the same checkpoint and key give the same bytes."""
    return notes.sign(checkpoint.text, checkpoint.origin, key)


def open(note: bytes, vkeys: Iterable[notes.VerifierKey]) -> Checkpoint:
    """The checkpoint in `note`, if the log that it names signed it and `vkeys` lists every signer; raises `Problems` otherwise."""
    opened = notes.open(note, vkeys)
    checkpoint = Checkpoint.read(opened.text)
    if checkpoint.origin not in {signer.name for signer in opened.signers}:
        found = ", ".join(signer.name for signer in opened.signers)
        raise _bad("signatures", found, f"a signature by {checkpoint.origin}, the log itself", "do not trust this checkpoint")
    return checkpoint


def read_number(text: str, path: str, code: str) -> int:
    """The number below 2^53 that `text` spells in ASCII decimals without leading zeros; raises `Problems` with `code` otherwise."""
    if not re.fullmatch("0|[1-9][0-9]{0,15}", text) or int(text) > LARGEST_INTEGER:
        raise _bad(path, ascii(text)[:80], "decimal digits without leading zeros, below 2^53", "write the number in its only spelling", code)
    return int(text)


def _bad(path: str, found: str, expected: str, remedy: str, code: str = "bad-checkpoint") -> Problems:
    return Problems([Problem(path, found, expected, remedy, code)])
