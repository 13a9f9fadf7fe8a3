"""The moments at which an energy counter changes: how far they lie apart, and when to look for the next one without watching all the time.

A counter that refreshes every 100 ms says nothing between two changes, so an edge is worth most when it lies on one. Pure but for the clock,
the sleep and the reading that are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low

from runner.sensors.answers import Refused
from runner.sensors.interface import Clock

Sleep = Callable[[float], object]
MS = 1_000_000
SECOND_NS = 1_000_000_000
STEP_NS = 1 * MS  # between two looks around the expected moment
CLOSE_NS = 5 * MS  # two reads no further apart than this, or an eighth of a tick, fix a change to half their distance
FINDING_NS = 2 * SECOND_NS
ENOUGH_CHANGES = 11
NARROWEST_NS = 2 * MS
PATIENT_MISSES = 4
LONGEST_PAUSE_NS = 1 * SECOND_NS


@dataclass
class Found:
    """Changes of one counter as they are seen, first to last; `value` and `read_ns` are those of the last read."""

    value: int
    read_ns: int
    changes_ns: list[int] = field(default_factory=list)

    @property
    def tick_ns(self) -> int | None:
        """The median distance between changes; None below two distances."""
        distances = [later - earlier for earlier, later in pairwise(self.changes_ns)]
        return median_low(distances) if len(distances) >= 2 else None

    def saw(self, value: int, t_ns: int) -> None:
        """Take in one read."""
        if value != self.value:
            self.changes_ns.append((self.read_ns + t_ns) // 2)
        self.value, self.read_ns = value, t_ns


def find(meters: Mapping[int, Callable[[], int]], clock: Clock, sleep: Sleep, longest_ns: int = FINDING_NS) -> dict[int, Found]:
    """Watch the counters together for up to `longest_ns`, less where each has changed eleven times by then; without those that refuse."""
    begun, found = clock(), {}
    for device, read in meters.items():
        with suppress(Refused):
            found[device] = Found(read(), clock())
    while clock() - begun < longest_ns and any(len(one.changes_ns) < ENOUGH_CHANGES for one in found.values()):
        sleep(STEP_NS / SECOND_NS)
        for device in list(found):
            try:
                found[device].saw(meters[device](), clock())
            except Refused:
                del found[device]
    return found


class Chase:
    """One counter whose tick is known: `next_ns` is when to look at it again, `saw` gives the time of a tick that was caught.

    It looks every millisecond from shortly before the expected moment on. A tick that came too early or too late widens the span, one that was
    caught narrows it; a counter that keeps still is looked for less and less.
    """

    def __init__(self, found: Found, tick_ns: int) -> None:
        self.tick_ns, self._value, self._read_ns = tick_ns, found.value, found.read_ns
        self._expected_ns = (found.changes_ns[-1] if found.changes_ns else found.read_ns) + tick_ns
        self._around_ns, self._misses = NARROWEST_NS, 0

    @property
    def next_ns(self) -> int:
        """When to look again, on the clock of the reads."""
        return max(self._expected_ns - self._around_ns, self._read_ns + STEP_NS)

    def saw(self, value: int, t_ns: int) -> int | None:
        """Take in one read, whoever made it; the time of the tick where this read and the one before it lie close around one."""
        before, changed = self._read_ns, value != self._value
        self._value, self._read_ns = value, t_ns
        if changed and t_ns - before <= max(CLOSE_NS, self.tick_ns // 8):
            return self._caught((before + t_ns) // 2)
        if changed:  # somewhere in between: the next one lies a tick later, as uncertain as this one
            self._expected_ns = (before + t_ns) // 2 + self.tick_ns
            self._missed((t_ns - before) // 2 + NARROWEST_NS)
        elif t_ns > self._expected_ns + self._around_ns:
            self._expected_ns += self.tick_ns * -(-(t_ns - self._around_ns - self._expected_ns) // self.tick_ns)
            self._missed(2 * self._around_ns)
        return None

    def _caught(self, tick_ns: int) -> int:
        self._expected_ns = tick_ns + self.tick_ns
        self._around_ns, self._misses = max(NARROWEST_NS, self._around_ns // 2), 0
        return tick_ns

    def _missed(self, around_ns: int) -> None:
        self._misses += 1
        self._around_ns = max(NARROWEST_NS, min(around_ns, self.tick_ns // 2))
        if self._misses > PATIENT_MISSES:
            self._expected_ns += min(LONGEST_PAUSE_NS, self.tick_ns << min(self._misses - PATIENT_MISSES, 16))
