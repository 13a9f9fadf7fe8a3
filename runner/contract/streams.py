"""Streams of raw random words: each follows from the root seed, its name, the point and the trial; nothing else is ever drawn from.

Only raw 64-bit words of PCG64 are used: NumPy keeps its bit generators stable, its distribution methods may change between releases.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from runner.contract.problems import Problem, Problems

STREAMS = ("arrivals", "samples", "blocks", "quality", "classes")
Words = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]


def seed(root: str, stream: str, point: int, trial: int) -> int:
    """The 256-bit seed of one stream: SHA-256 of `root 00 stream 00 point 00 trial` in ASCII, read big-endian."""
    if stream not in STREAMS:
        raise Problems([Problem("schedule.stream", stream, f"one of {', '.join(STREAMS)}", "name a known stream")])
    if not root.isascii() or not root.isdigit():
        raise Problems([Problem("methodology.load.seed", root[:80], "decimal digits", "write the seed as a decimal string")])
    label = b"\0".join((root.encode("ascii"), stream.encode("ascii"), str(point).encode("ascii"), str(trial).encode("ascii")))
    return int.from_bytes(hashlib.sha256(label).digest(), "big")


def generator(root: str, stream: str, point: int, trial: int) -> np.random.PCG64:
    """PCG64 at the start of one stream; only its `random_raw` may be used."""
    return np.random.PCG64(seed(root, stream, point, trial))


class Bounded:
    """Uniform integers from raw words, drawn in blocks because one call per word is slow; the block size does not change what comes out."""

    def __init__(self, source: np.random.PCG64) -> None:
        self._source = source
        self._block: list[int] = []

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound): words at or past the largest multiple of `bound` are thrown away."""
        limit = 2**64 - 2**64 % bound
        while True:
            if not self._block:
                self._block = self._source.random_raw(4096).tolist()[::-1]
            word = self._block.pop()
            if word < limit:
                return word % bound


def all_below(bound: int, count: int, source: np.random.PCG64) -> Integers:
    """`count` uniform integers in [0, bound), the same that `Bounded` gives one by one."""
    found: list[Integers] = []
    left, last = count, np.uint64(2**64 - 1 - 2**64 % bound)
    while left > 0:
        words = source.random_raw(left + 64)
        kept = (words[words <= last] % np.uint64(bound)).astype(np.int64)[:left]
        found.append(kept)
        left -= len(kept)
    return np.concatenate(found) if found else np.zeros(0, np.int64)
