"""RFC 6962 tree maths: what a new leaf completes, where a subtree hash is kept, and the root; pure, bytes in and bytes out.

Row n keeps `32 * (1 + tz(n + 1))` bytes: its leaf hash, then the hash of every subtree that this leaf completes, level by level
(`tz` = trailing zero bits). The hash of level l, index k therefore sits in row `((k + 1) << l) - 1` at offset `32 * l`, and no row is ever
changed by a later one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Place(NamedTuple):
    """Where a subtree hash is kept: `level` (0 = leaf) inside the `hashes` of row `row`."""

    row: int
    level: int


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def parent_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed_levels(position: int) -> int:
    """How many subtrees above its own leaf the leaf at `position` completes: the trailing zero bits of position + 1."""
    size = position + 1
    return (size & -size).bit_length() - 1


def frontier(position: int) -> tuple[Place, ...]:
    """The places of the left siblings that an append at `position` reads, lowest level first."""
    return tuple(Place(position - (1 << level), level) for level in range(completed_levels(position)))


def completed(position: int, leaf: bytes, left_siblings: Sequence[bytes]) -> bytes:
    """The `hashes` of row `position`: the leaf hash and each parent it completes; `left_siblings` are the hashes at `frontier(position)`."""
    if len(left_siblings) != completed_levels(position):
        raise ValueError(f"position {position} completes {completed_levels(position)} subtrees, got {len(left_siblings)} left siblings")
    path = [leaf_hash(leaf)]
    for left in left_siblings:
        path.append(parent_hash(left, path[-1]))
    return b"".join(path)


def hash_at(hashes: bytes, level: int) -> bytes:
    """The hash of `level` inside a row's `hashes`; raises ValueError where the row does not hold that level."""
    found = bytes(hashes[HASH_BYTES * level : HASH_BYTES * (level + 1)])
    if len(found) != HASH_BYTES:
        raise ValueError(f"a row of {len(hashes)} bytes holds no hash of level {level}")
    return found


def peaks(size: int) -> tuple[Place, ...]:
    """The places of the perfect subtrees that make up a tree of `size` leaves, largest first; empty for an empty tree."""
    places, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            start += 1 << level
            places.append(Place(start - 1, level))
    return tuple(places)


def root(peak_hashes: Iterable[bytes]) -> bytes:
    """The tree's root from the hashes at `peaks(size)`, largest subtree first; SHA-256 of nothing for an empty tree."""
    remaining = list(peak_hashes)
    if not remaining:
        return EMPTY_ROOT
    folded = remaining.pop()
    while remaining:
        folded = parent_hash(remaining.pop(), folded)
    return folded


class Rebuilt:
    """A tree grown again from its leaves alone, in O(log n) memory: what a full audit compares every stored row with."""

    def __init__(self, size: int = 0, peak_hashes: Sequence[bytes] = ()) -> None:
        """Empty, or continuing a tree of `size` leaves from its hashes at `peaks(size)`."""
        if len(peak_hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, got {len(peak_hashes)}")
        self.size = size
        self._peaks: list[bytes] = list(peak_hashes)

    def append(self, leaf: bytes) -> bytes:
        """The `hashes` that the next row must hold."""
        path = [leaf_hash(leaf)]
        for _ in range(completed_levels(self.size)):
            path.append(parent_hash(self._peaks.pop(), path[-1]))
        self._peaks.append(path[-1])
        self.size += 1
        return b"".join(path)

    @property
    def root(self) -> bytes:
        """The root over all leaves appended so far."""
        return root(self._peaks)
