"""A draw that anybody can repeat: frozen candidates, a public value that nobody knew before, and SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def draw(candidates: Iterable[str], seed: str, count: int = 1) -> tuple[str, ...]:
    """The `count` candidates with the lowest SHA-256 of `seed`, a line feed and the candidate, lowest first.

    The order in which candidates are listed and blanks around the seed change nothing. On a command line the place of one candidate is
    `printf '%s\\n%s' SEED CANDIDATE | sha256sum`. Raises ValueError for an empty seed and for more picks than candidates.
    """
    spoken, listed = seed.strip(), sorted(set(candidates))
    if not spoken:
        raise ValueError("seed: must not be empty; state the public value as it was published")
    if not 0 < count <= len(listed):
        raise ValueError(f"count: must be 1 to {len(listed)}, the number of candidates (got {count})")
    return tuple(sorted(listed, key=lambda one: hashlib.sha256(f"{spoken}\n{one}".encode()).digest())[:count])
