"""A log in memory: leaves as the site writes them, hashes as its rows hold them, documents by digest, checkpoints by its own key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lynxweb.audit import leaf
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from runner.contract import checkpoints, merkle, proofs, tlog_proof
from runner.contract.canonical import encode, sha256
from runner.contract.keys import SigningKey
from runner.contract.merkle import Place
from runner.contract.notes import VerifierKey

ORIGIN = "site.example/log/0011223344556677"
LOG_KEY, RECEIPT_KEY = SigningKey(b"\x01" * 32), SigningKey(b"\x02" * 32)
BECAUSE = Reason(text="a test wants it so")
Name = tuple[str, str]


@dataclass
class Ledger:
    """Acts in, leaves out; `heads` has the newest (revision, position) of every object, `openings` the released private values."""

    key: SigningKey = LOG_KEY
    origin: str = ORIGIN
    leaves: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    heads: dict[Name, tuple[int, int]] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    openings: dict[int, dict[str, tuple[bytes, object]]] = field(default_factory=dict)
    tree: merkle.Rebuilt = field(default_factory=merkle.Rebuilt)

    def keep(self, document: object) -> str:
        """The digest of a document that is kept."""
        content = document if isinstance(document, bytes) else encode(document)
        self.documents[sha256(content)] = content
        return sha256(content)

    def act(
        self,
        action: Action,
        thing: Name,
        *,
        who: Actor = SYSTEM,
        reason: Reason = BECAUSE,
        payload: str | None = None,
        private: Mapping[str, object] | None = None,
        time: str | None = None,
        **more: Any,
    ) -> int:
        """Record one event and return its position."""
        seq = len(self.leaves)
        rev, prev = self.heads.get(thing, (0, None))
        hidden = leaf.commitments(private or {}, lambda size: hashlib.sha256(f"{seq}".encode()).digest()[:size])
        act = leaf.Act(action, Subject(*thing), who, reason, f"request:{seq}", payload=payload, private=private or {}, **more)
        content = leaf.write(act, leaf.Link(seq, rev + 1, prev), time or f"2026-02-{1 + seq // 1000:02d}T10:00:00.{seq:06d}Z", hidden)
        if private:
            self.openings[seq] = {one.name: (one.salt, private[one.name]) for one in hidden}
        self.append(content)
        self.heads[thing] = (rev + 1, seq)
        return seq

    def append(self, content: bytes) -> None:
        """Take a leaf as it is, whatever it says."""
        self.hashes.append(self.tree.append(content))
        self.leaves.append(content)

    def open(self, two_person_rule: str = "off") -> None:
        """Position 0."""
        settings = {
            "v": 1, "origin": self.origin, "log_key": self.key.public.hex(), "receipt_key": RECEIPT_KEY.public.hex(),
            "two_person_rule": two_person_rule,
        }  # fmt: skip
        self.act(Action.LOG_OPEN, ("log", self.origin), payload=self.keep(settings))

    def checkpoint(self, size: int | None = None) -> bytes:
        """The signed checkpoint over the first `size` leaves; over all of them by default."""
        size = len(self.leaves) if size is None else size
        root = merkle.root(self.hash_of(place) for place in merkle.peaks(size))
        return checkpoints.sign(checkpoints.Checkpoint(self.origin, size, root), self.key)

    def hash_of(self, place: Place) -> bytes:
        """The subtree hash at a place."""
        return merkle.hash_at(self.hashes[place.row], place.level)

    def proof(self, seq: int, size: int) -> bytes:
        """The tlog-proof of a leaf in the tree of `size` leaves."""
        return tlog_proof.write(seq, proofs.inclusion(seq, size, self.hash_of), self.checkpoint(size))

    def consistency(self, earlier: int, size: int) -> list[bytes]:
        """The hashes of a consistency proof."""
        return proofs.consistency(earlier, size, self.hash_of)

    @property
    def policy(self) -> bytes:
        """The trust policy of a reader who knows this log."""
        return f"# a reader's own file\nlog {VerifierKey(self.origin, self.key.public)}\nquorum none\n".encode()
