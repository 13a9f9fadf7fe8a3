"""What the doors get to know about the log: plain frozen values. What a reader may not see is None; position and leaf hash never are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lynxweb.audit.checkpoints import StoredCheckpoint
from lynxweb.audit.halting import Halted


@dataclass(frozen=True)
class LogFilter:
    """Which events a list shall hold; an empty text asks for no restriction."""

    action: str = ""
    object_type: str = ""
    actor: str = ""
    object_id: str = ""

    @property
    def chosen(self) -> dict[str, str]:
        """The restrictions that were asked for, by column of the log."""
        return {name: text for name, text in vars(self).items() if text}


@dataclass(frozen=True)
class LogLine:
    """What an event says, as a list shows it."""

    time: str
    action: str
    actor: str
    role: str | None
    object_type: str
    object_id: str
    object_rev: int
    reason_code: str
    reason: str | None


@dataclass(frozen=True)
class LogRow:
    """One position of the log; `said` is None where the object is not the reader's to see."""

    position: int
    leaf_digest: str
    said: LogLine | None


@dataclass(frozen=True)
class LogPage:
    """A piece of the log, newest first; `next` is the cursor of what follows, None at the end."""

    rows: tuple[LogRow, ...]
    next: str | None


@dataclass(frozen=True)
class LogState:
    """How the log stands: its name, how many events it has, its newest checkpoint, its key as text, and what is not covered yet."""

    origin: str
    size: int
    checkpoint: StoredCheckpoint | None
    vkey: str
    two_person_rule: bool
    halted: Halted | None

    @property
    def uncovered(self) -> int:
        """Events that no published checkpoint holds."""
        return self.size - (self.checkpoint.size if self.checkpoint else 0)


@dataclass(frozen=True)
class Attached:
    """One document that an event names by digest: its payload, or what stood before or after it.

    `text` is None with the reason in `why` where it is not shown.
    """

    role: str
    digest: str
    text: str | None
    why: str = ""


@dataclass(frozen=True)
class ProofStep:
    """One step from a leaf to the root: the sibling, the side on which it stands, and the hash that both make (hex)."""

    side: Literal["left", "right"]
    sibling: str
    made: str


@dataclass(frozen=True)
class InclusionProof:
    """That the tree of `size` events under `root` holds the leaf at `position`; hashes in hex, from the leaf's sibling to the root's child."""

    position: int
    size: int
    leaf_digest: str
    root: str
    hashes: tuple[str, ...]
    steps: tuple[ProofStep, ...]


@dataclass(frozen=True)
class ConsistencyProof:
    """That the tree of `size` events begins with that of `earlier` events; hashes and roots in hex."""

    earlier: int
    size: int
    earlier_root: str
    root: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """One thing that the site checked: what, against what, and how it came out; `why` says what is wrong."""

    what: str
    against: str
    holds: bool
    why: str = ""


@dataclass(frozen=True)
class EventView:
    """One event with everything that its leaf says.

    `raw` is the leaf's exact text, `before` and `after` in the history are positions on the same object. `checkpoint` and `proof` are None until a
    checkpoint holds the event, and then `checked` is empty.
    """

    row: LogRow
    fields: Mapping[str, Any]
    raw: str
    previous: int | None
    next: int | None
    attached: tuple[Attached, ...]
    checkpoint: StoredCheckpoint | None
    proof: InclusionProof | None
    vkey: str
    checked: tuple[Checked, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether something was checked, and all of it holds."""
        return bool(self.checked) and all(one.holds for one in self.checked)
