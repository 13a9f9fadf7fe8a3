"""RFC 6962 section 2.1 written down as it is defined, recursively and over all leaves: the second opinion on proofs.

Nothing here knows how our rows are kept, and nothing of ours is imported.
"""

from __future__ import annotations

import hashlib
from functools import cache


class Leaves:
    """The list D of `size` leaves and everything that the RFC defines over it; D[first:last] is named by its two ends."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.mth = cache(self._mth)

    def _mth(self, first: int, last: int) -> bytes:
        """MTH(D[first:last]), 2.1."""
        if last == first:
            return hashlib.sha256(b"").digest()
        if last - first == 1:
            return hashlib.sha256(b"\x00" + self.leaves[first]).digest()
        k = _k(last - first)
        return hashlib.sha256(b"\x01" + self.mth(first, first + k) + self.mth(first + k, last)).digest()

    def path(self, m: int, first: int, last: int) -> list[bytes]:
        """PATH(m, D[first:last]), 2.1.1."""
        if last - first == 1:
            return []
        k = _k(last - first)
        if m < k:
            return [*self.path(m, first, first + k), self.mth(first + k, last)]
        return [*self.path(m - k, first + k, last), self.mth(first, first + k)]

    def subproof(self, m: int, first: int, last: int, b: bool) -> list[bytes]:
        """SUBPROOF(m, D[first:last], b), 2.1.2; PROOF(m, D[n]) is SUBPROOF(m, D[0:n], true)."""
        if m == last - first:
            return [] if b else [self.mth(first, last)]
        k = _k(last - first)
        if m <= k:
            return [*self.subproof(m, first, first + k, b), self.mth(first + k, last)]
        return [*self.subproof(m - k, first + k, last, False), self.mth(first, first + k)]


def _k(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k
