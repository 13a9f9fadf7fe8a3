"""Ticks of a counter on a virtual clock: found, met again with few looks, and not chased where they are gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.sensors.answers import Refused
from runner.sensors.ticks import LONGEST_PAUSE_NS, MS, SECOND_NS, Chase, Found, find


class Time:
    """A clock that moves when somebody sleeps, and a little with each reading."""

    def __init__(self) -> None:
        self.now_ns = 0

    def read(self) -> int:
        self.now_ns += 1_000
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS) + 60_000


def counter(time: Time, tick_ns: int, phase_ns: int = 37 * MS, until_ns: int = 10**18) -> Callable[[], int]:
    return lambda: (min(time.now_ns, until_ns) + phase_ns) // tick_ns


@pytest.mark.parametrize("tick_ms", [20, 50, 100, 180])
def test_the_tick_is_the_median_distance_between_changes(tick_ms: int) -> None:
    time = Time()
    found = find({0: counter(time, tick_ms * MS)}, time.read, time.sleep)[0]
    assert found.tick_ns is not None and abs(found.tick_ns - tick_ms * MS) <= 1.2 * MS
    assert time.now_ns <= 2.1 * SECOND_NS


def test_a_counter_that_keeps_still_has_no_tick() -> None:
    time = Time()
    assert find({0: counter(time, 10**18)}, time.read, time.sleep)[0].tick_ns is None


def test_counters_are_watched_together_and_one_that_refuses_is_left_out() -> None:
    time = Time()

    def refusing() -> int:
        if time.now_ns > 500 * MS:
            raise Refused("unreadable:gpu-is-lost")
        return time.now_ns // (100 * MS)

    found = find({0: counter(time, 100 * MS), 1: refusing}, time.read, time.sleep)
    assert set(found) == {0} and time.now_ns < 2.1 * SECOND_NS


def chased(time: Time, read: Callable[[], int], chase: Chase, until_ns: int) -> tuple[list[int], int]:
    """(times of ticks, number of looks) of a chase that is asked exactly when it wants to be."""
    ticks, looks = [], 0
    while time.now_ns < until_ns:
        time.now_ns = max(time.now_ns, chase.next_ns)
        tick = chase.saw(read(), time.read())
        looks += 1
        if tick is not None:
            ticks.append(tick)
    return ticks, looks


def chase_of(time: Time, read: Callable[[], int]) -> Chase:
    found = find({0: read}, time.read, time.sleep)[0]
    assert found.tick_ns is not None
    return Chase(found, found.tick_ns)


def test_every_tick_is_caught_within_a_millisecond_and_with_few_looks() -> None:
    time = Time()
    read = counter(time, 100 * MS)
    chase, begun_ns = chase_of(time, read), time.now_ns
    ticks, looks = chased(time, read, chase, begun_ns + 10 * SECOND_NS)
    assert 99 <= len(ticks) <= 101 and looks <= 12 * len(ticks)
    assert all(min((tick + 37 * MS) % (100 * MS), -(tick + 37 * MS) % (100 * MS)) <= MS for tick in ticks)


def test_a_tick_that_shifts_is_found_again() -> None:
    time = Time()
    chase = chase_of(time, counter(time, 100 * MS))
    shifted = counter(time, 100 * MS, phase_ns=90 * MS)
    ticks, _ = chased(time, shifted, chase, time.now_ns + 10 * SECOND_NS)
    phase_ns = (ticks[-1] + 90 * MS) % (100 * MS)
    assert len(ticks) > 60 and min(phase_ns, 100 * MS - phase_ns) <= MS


def test_a_counter_that_stops_is_looked_for_less_and_less() -> None:
    time = Time()
    read = counter(time, 100 * MS)
    chase = chase_of(time, read)
    stopped = counter(time, 100 * MS, until_ns=time.now_ns)
    _, looks = chased(time, stopped, chase, time.now_ns + 60 * SECOND_NS)
    assert looks < 60 * SECOND_NS // LONGEST_PAUSE_NS * 110 and chase.next_ns - time.now_ns <= LONGEST_PAUSE_NS + 100 * MS


def test_a_change_between_reads_far_apart_is_no_tick_with_a_time() -> None:
    chase = Chase(Found(5, 0, [0, 100 * MS]), 100 * MS)
    assert chase.saw(6, 190 * MS) is None
    assert chase.saw(6, 290 * MS) is None and chase.saw(7, 292 * MS) == 291 * MS
