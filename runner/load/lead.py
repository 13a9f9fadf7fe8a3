"""The lead of a pool of workers: who holds it takes the next batch.

A leader that polls the clock must not keep the interpreter's lock from a worker whose answer has come: with two workers on two CPUs and half of the
time spent polling, nine in ten answers of 0.2 ms were written down within 0.55 ms when the leader kept the lock between readings, or let go of it by
`time.sleep(0)`, and within 0.24 ms when it gave way by `sched_yield`, as with a single thread. A shorter switch interval changed nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from runner.load.batcher import BatchRule
from runner.load.clock import SECOND_NS, Clock
from runner.load.timetable import Timetable

LONGEST_SLEEP_NS = SECOND_NS // 2
give_way: Callable[[], None] = getattr(os, "sched_yield", lambda: time.sleep(0))
# What to ask for, the first request, one past the last, and the moment at which the batch closed.
Batch = tuple[object, int, int, int]


class Lead:
    """One schedule and the moments at which workers became free; `taken` requests have been handed out."""

    def __init__(self, table: Timetable, rule: BatchRule, workers: int, clock: Clock, ahead: int) -> None:
        self._due, self._deadline, self._rule = table.due.data, table.deadline, rule
        self._read, self._sleep, self._ahead = clock.read, clock.sleep, ahead
        self._alone, self._stopped = workers == 1, False
        self._lock = threading.Lock()
        self._free = [table.begun] * workers
        self.taken = 0

    def take(self, asked: Callable[[int, int], object]) -> Batch | None:
        """The next batch once it has closed; None at the end of the schedule or at the deadline.

        Who is in it and what to ask for is known before it closes, so that nothing is left to do afterwards but to go.
        """
        with self._lock:
            first, due = self.taken, self._due
            if first >= len(due):
                return None
            free = min(self._free)
            closed = self._rule.closes(due, first, free)
            stop = self._rule.stop(due, first, closed)
            batch = (asked(first, stop), first, stop, closed)
            if not self._waited(closed):
                return None
            self._free.remove(free)
            self.taken = stop
            return batch

    def freed(self, moment: int) -> None:
        """A worker became free; safe without the lock, which its leader may hold for long."""
        self._free.append(moment)

    def stop(self) -> None:
        """Nobody takes anything any more."""
        self._stopped = True

    def _waited(self, moment: int) -> bool:
        """Sleep, then poll until the moment has come; whether requests may still be sent then."""
        read, begin = self._read, moment - self._ahead
        now = read()
        while now < begin and not self._stopped:
            self._sleep(min(begin - now, LONGEST_SLEEP_NS) / SECOND_NS)
            now = read()
        while now < moment and not self._stopped:
            if not self._alone:
                give_way()
            now = read()
        return now < self._deadline and not self._stopped
