"""The due times of one open-loop window on the run's clock, its warm-up in front; complete before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.load.driver import Block, Columns, Integers, gathered
from runner.load.warming import WarmSchedule

LEAD_NS = 1_000_000


@dataclass(frozen=True, eq=False)
class Timetable:
    """`due` (clock readings, in order) and `places` of every request; the first `first` of them are the warm-up's."""

    due: Integers
    places: Integers
    first: int
    begun: int
    start: int
    end: int
    deadline: int

    def columns(
        self, block: Block, origin: int, spin: int, queue_ns: Integers | None, batch_size: Integers | None, kept: dict[int, object]
    ) -> Columns:
        """The window's rows of a block that holds all requests; `queue_ns` is left out where it follows from the rows themselves."""
        found, first = gathered([block]), self.first
        return Columns(
            self.due[first:] - origin, found.sent[first:] - origin, found.last[first:] - origin, found.status[first:],
            self.start - origin, self.end - origin, found.errors, spin, queue_ns=None if queue_ns is None else queue_ns[first:],
            device_ns=None if found.device_ns is None else found.device_ns[first:],
            batch_size=None if batch_size is None else batch_size[first:].astype(np.int32), place=self.places[first:],
            kept={row - first: output for row, output in kept.items()}, warmup_requests=first, warmup_ns=self.start - self.begun,
        )  # fmt: skip


def checked(due_ns: Integers) -> None:
    """ValueError unless these are offsets that a driver can walk."""
    if not len(due_ns) or due_ns[0] < 0 or (np.diff(due_ns) < 0).any():
        raise ValueError("due_ns: must hold at least one offset, from 0 and in order; take it from runner.load.arrivals")


def timetable(due_ns: Integers, window_ns: int, order: Integers, warm: WarmSchedule | None, grace_ns: int, now: int) -> Timetable:
    """Begins a millisecond from `now`; request i of the window takes sample `order[i mod len(order)]`, and so does request i of the warm-up."""
    lasts, before = (0, due_ns[:0]) if warm is None else (warm.lasts_ns, warm.due_ns)
    if len(before) and int(before[-1]) > lasts:
        raise ValueError(f"warm.due_ns: must be due within the warm-up of {lasts} ns (got {int(before[-1])})")
    begun = now + LEAD_NS
    start = begun + lasts
    due = np.concatenate([before + begun, due_ns + start])
    places = np.concatenate([np.resize(order, len(before)), np.resize(order, len(due_ns))])
    return Timetable(due, places, len(before), begun, start, start + window_ns, max(start + window_ns, int(due[-1])) + grace_ns)
