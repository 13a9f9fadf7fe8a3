"""When a batch closes and who is in it: it follows from due times and from when the system became free, never from when a driver woke up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BatchRule:
    """A batch closes when it holds `most` requests or its oldest has waited `timeout_ns`, and not before a worker is free to serve it."""

    most: int = 1
    timeout_ns: int = 0

    def __post_init__(self) -> None:
        if self.most < 1 or self.timeout_ns < 0:
            raise ValueError(f"serving: a batch of at least 1 and a timeout from 0 ns (got {self.most} and {self.timeout_ns})")

    def closes(self, due: Sequence[int], first: int, free_ns: int) -> int:
        """The moment at which the batch closes whose oldest request is `first`, with a worker free from `free_ns` on.

        A batch that nobody will fill waits for its timeout: a server does not know that the schedule has ended.
        """
        waited = due[first] + self.timeout_ns
        last = first + self.most - 1
        full = due[last] if last < len(due) else waited
        return max(free_ns, min(full, waited))

    def stop(self, due: Sequence[int], first: int, closed_ns: int) -> int:
        """One past the last request of that batch: all that were due when it closed, up to `most`; one that was due later is in the next."""
        return bisect_right(due, closed_ns, first, min(first + self.most, len(due)))
