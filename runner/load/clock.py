"""The one clock of a run, what reading it costs, and how late this host wakes up."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from runner.contract.statistics import rank

PR_SET_TIMERSLACK = 29
SHORTEST_SPIN_NS, LONGEST_SPIN_NS = 20_000, 500_000
MICROSECOND_NS, SECOND_NS = 1_000, 1_000_000_000


@dataclass(frozen=True)
class Clock:
    """`read` gives ns on a clock that never goes back, `sleep` takes seconds; `origin_ns` is the reading at the start of the run.

    On Linux `time.perf_counter_ns` is CLOCK_MONOTONIC, so processes of one run share it; tests hand in a virtual one.
    """

    origin_ns: int
    read: Callable[[], int] = time.perf_counter_ns
    sleep: Callable[[float], None] = time.sleep

    def now_ns(self) -> int:
        """ns since the start of the run."""
        return self.read() - self.origin_ns


@dataclass(frozen=True)
class ClockCost:
    """Median time between two readings, one right after the other, and the smallest step other than zero, in ns."""

    cost_ns: int
    resolution_ns: int


def clock_cost(read: Callable[[], int] = time.perf_counter_ns, readings: int = 20_000) -> ClockCost:
    """What a reading of the clock costs here and now."""
    times = [read() for _ in range(readings)]
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    return ClockCost(steps[rank(len(steps), 500) - 1], next((step for step in steps if step > 0), 0))


def spin_ns(clock: Clock, sleeps: int = 1_000, sleep_ns: int = 100 * MICROSECOND_NS) -> int:
    """How long before a due time to stop sleeping and poll: the p99 of measured oversleeps, between 20 and 500 µs."""
    late = []
    for _ in range(sleeps):
        begun = clock.read()
        clock.sleep(sleep_ns / SECOND_NS)
        late.append(clock.read() - begun - sleep_ns)
    return min(max(sorted(late)[rank(len(late), 990) - 1], SHORTEST_SPIN_NS), LONGEST_SPIN_NS)


def set_timer_slack(slack_ns: int = 1) -> bool:
    """Ask Linux to wake this thread without its usual 50 µs of slack; whether it did (other systems have no such call)."""
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_TIMERSLACK, slack_ns, 0, 0, 0) == 0)


@contextmanager
def no_collections() -> Iterator[None]:
    """Collect once, freeze what is alive and keep the garbage collector off inside; as it was afterwards."""
    enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
