"""The due times of one open-loop window on the run's clock, its warm-up in front; complete before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

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

    def at(self, now: int) -> Timetable:
        """The same timetable, shifted so that it begins at `now`."""
        return replace(self, due=self.due + now, begun=now, start=self.start + now, end=self.end + now, deadline=self.deadline + now)

    def columns(
        self, block: Block, origin: int, spin: int, queue_ns: Integers | None, batch_size: npt.NDArray[np.int32] | None, kept: dict[int, object]
    ) -> Columns:
        """The window's rows of a block that holds all requests; `queue_ns` is left out where it follows from the rows themselves."""
        found, first = gathered([block]), self.first
        return Columns(
            self.due[first:] - origin, found.sent[first:] - origin, found.last[first:] - origin, found.status[first:],
            self.start - origin, self.end - origin, found.errors, spin, queue_ns=None if queue_ns is None else queue_ns[first:],
            device_ns=None if found.device_ns is None else found.device_ns[first:],
            batch_size=None if batch_size is None else batch_size[first:], place=self.places[first:],
            kept={row - first: output for row, output in kept.items()}, warmup_requests=first, warmup_ns=self.start - self.begun,
        )  # fmt: skip


def planned(due_ns: Integers, window_ns: int, order: Integers, warm: WarmSchedule | None, grace_ns: int) -> Timetable:
    """A timetable that begins at 0: request i of the window takes sample `order[i mod len(order)]`, and so does request i of the warm-up."""
    if not len(due_ns) or due_ns[0] < 0 or (np.diff(due_ns) < 0).any():
        raise ValueError("due_ns: must hold at least one offset, from 0 and in order; take it from runner.load.arrivals")
    start, before = (0, due_ns[:0]) if warm is None else (warm.lasts_ns, warm.due_ns)
    if len(before) and (int(before[-1]) > start or before[0] < 0 or (np.diff(before) < 0).any()):
        raise ValueError(f"warm.due_ns: must be in order and within the warm-up of {start} ns (got {int(before[0])} to {int(before[-1])})")
    due = np.concatenate([before, due_ns + start]).astype(np.int64)
    places = np.concatenate([np.resize(order, len(before)), np.resize(order, len(due_ns))])
    return Timetable(due, places, len(before), 0, start, start + window_ns, max(start + window_ns, int(due[-1])) + grace_ns)
