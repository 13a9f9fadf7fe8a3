"""The one clock of a run, what reading it costs, whether it keeps its rate, and how late this host wakes up."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from runner.contract.statistics import rank

PR_SET_TIMERSLACK = 29
SHORTEST_SPIN_NS, LONGEST_SPIN_NS = 20_000, 500_000
MICROSECOND_NS, SECOND_NS, MILLION = 1_000, 1_000_000_000, 1_000_000
LEAST_CPUS_TO_PIN = 4


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


@dataclass(frozen=True)
class ClockEdge:
    """Three clocks at one moment, in ns: monotonic (which time services slew), raw (which nobody touches) and wall; known to `within_ns`."""

    monotonic_ns: int
    raw_ns: int
    wall_ns: int
    within_ns: int


def clock_edge(
    monotonic: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC),
    raw: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW),
    wall: Callable[[], int] = time.time_ns, tries: int = 16,
) -> ClockEdge:  # fmt: skip
    """The three clocks now: of some tries the one whose readings lay closest together."""
    edges = []
    for _ in range(tries):
        before, middle, outer, after = monotonic(), raw(), wall(), monotonic()
        edges.append(ClockEdge((before + after) // 2, middle, outer, after - before))
    return min(edges, key=lambda edge: edge.within_ns)


def clock_slew_ppm(first: ClockEdge, last: ClockEdge) -> int | None:
    """How much faster (slower: negative) than the raw clock the monotonic one ran between two edges; None if they are too close to tell 1 ppm."""
    raw = last.raw_ns - first.raw_ns
    if raw < (first.within_ns + last.within_ns) * MILLION // 2:
        return None
    return round((last.monotonic_ns - first.monotonic_ns - raw) * MILLION / raw)


def wall_step_ns(first: ClockEdge, last: ClockEdge) -> int:
    """How far somebody set the wall clock between two edges: slewing moves it and the monotonic clock alike and is not counted."""
    return (last.wall_ns - last.monotonic_ns) - (first.wall_ns - first.monotonic_ns)


def pin_driver(
    threads: int, *, allowed: Callable[[], Collection[int]] | None = None, pin: Callable[[Collection[int]], None] | None = None
) -> int | None:
    """Bind the calling thread to the last CPU that it may use, and return it; None if nothing was done.

    Nothing is done with fewer than four CPUs, nor when `threads` (of the runtime, or of workers or slots) is above 1: threads and processes that
    are started later inherit the binding and would share that one CPU. Bind after the runtime is loaded and the sensors run.
    """
    if allowed is None and pin is None:
        if not hasattr(os, "sched_setaffinity"):
            return None
        allowed, pin = partial(os.sched_getaffinity, 0), partial(os.sched_setaffinity, 0)
    assert allowed is not None and pin is not None
    cpus = sorted(allowed())
    if threads > 1 or len(cpus) < LEAST_CPUS_TO_PIN:
        return None
    try:
        pin({cpus[-1]})
    except OSError:
        return None
    return cpus[-1]


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
