"""The published checkpoints: the newest one, the first that holds a position, and those before a size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS

from lynxweb.audit.models import Checkpoint


@dataclass(frozen=True)
class StoredCheckpoint:
    """A published checkpoint: tree size, root, the signed note's exact bytes, the hex SHA-256 of its text, and when it was published."""

    size: int
    root: bytes
    note: bytes
    sha256: str
    published_at: datetime

    @property
    def text(self) -> str:
        """The three signed lines, without the signatures."""
        return self.note.decode().rpartition("\n\n")[0] + "\n"


def newest(using: str = DEFAULT_DB_ALIAS) -> StoredCheckpoint | None:
    """The checkpoint of the largest tree, or None before the first."""
    return _value(Checkpoint.objects.using(using).newest().first())


def at_or_after(position: int, using: str = DEFAULT_DB_ALIAS) -> StoredCheckpoint | None:
    """The first checkpoint whose tree holds the event at `position`, or None where it is younger than all of them."""
    return _value(Checkpoint.objects.using(using).holding(position).first())


def of_size(size: int, using: str = DEFAULT_DB_ALIAS) -> StoredCheckpoint | None:
    """The checkpoint of exactly this size, or None."""
    return _value(Checkpoint.objects.using(using).filter(size=size).first())


def earlier(size: int, most: int, using: str = DEFAULT_DB_ALIAS) -> list[StoredCheckpoint]:
    """At most `most` checkpoints of trees smaller than `size`, the largest first."""
    return [_filled(row) for row in Checkpoint.objects.using(using).below(size)[:most]]


def last_of_months(months: int, using: str = DEFAULT_DB_ALIAS) -> list[StoredCheckpoint]:
    """The last checkpoint of each of the newest `months` months that have one, the newest first."""
    return [_filled(row) for row in Checkpoint.objects.using(using).last_of_months()[:months]]


def _value(row: Checkpoint | None) -> StoredCheckpoint | None:
    return None if row is None else _filled(row)


def _filled(row: Checkpoint) -> StoredCheckpoint:
    return StoredCheckpoint(row.size, bytes.fromhex(row.root), bytes(row.note), row.sha256, row.published_at)
