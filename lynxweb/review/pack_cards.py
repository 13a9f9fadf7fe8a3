"""What the doors get to know about packs: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lynxweb.audit.checkpoints import StoredCheckpoint


@dataclass(frozen=True)
class ShownRun:
    """A run that a pack shows; `label` is None where the reader no longer sees the run itself."""

    digest: str
    label: str | None


@dataclass(frozen=True)
class PackCard:
    """One export as a list shows it: what it shows, who took it and why, and whether its bytes can be had (`sealed`) or wait for a checkpoint."""

    id: str
    position: int
    exported_at: datetime
    exported_by: str
    role: str | None
    reason: str | None
    runs: tuple[ShownRun, ...]
    decision: str | None
    with_samples: bool
    state: Literal["waiting", "sealed"]


@dataclass(frozen=True)
class PackFile:
    """One file that the export binds."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class PackFolder:
    """The files of one kind: how many, and their bytes together."""

    name: str
    files: int
    size: int


@dataclass(frozen=True)
class LeftOut:
    """Bytes that the pack names and does not hold, and why."""

    sha256: str
    what: str
    reason: str


@dataclass(frozen=True)
class PackView:
    """One export with everything that it binds; `checkpoint` is the one it rests on, None while it waits.

    `earlier` are the log sizes from which it proves consistency, `verifier_sha256` is the SHA-256 of the verify.py inside.
    """

    card: PackCard
    content_sha256: str
    files: tuple[PackFile, ...]
    folders: tuple[PackFolder, ...]
    omitted: tuple[LeftOut, ...]
    checkpoint: StoredCheckpoint | None
    earlier: tuple[int, ...]
    verifier_sha256: str

    @property
    def size(self) -> int:
        """Bytes of all bound files together; proofs and the manifest come on top."""
        return sum(one.size for one in self.files)


@dataclass(frozen=True)
class CheckLine:
    """One of the verifier's checks: PASS, FAIL or NOT PRESENT, and what it says."""

    number: int
    text: str
    outcome: str
    said: str


@dataclass(frozen=True)
class PackReport:
    """What the pack's own verifier said of it, run as a stranger runs it."""

    accepted: bool
    origin: str
    size: int
    root: str
    witness_level: str
    two_person_rule: str
    first_contact: bool
    checks: tuple[CheckLine, ...]
    not_proved: tuple[str, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> PackReport:
        """From the object that `verify.py --json` prints."""
        checks = tuple(CheckLine(one["number"], one["check"], one["outcome"], one["said"]) for one in told["checks"])
        return cls(
            told["accepted"], told["origin"], told["size"], told["root"], told["witness_level"], str(told["two_person_rule"]),
            told["first_contact"], checks, tuple(told["not_proved"]),
        )  # fmt: skip
