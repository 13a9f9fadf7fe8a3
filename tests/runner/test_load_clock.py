"""The clock knows its rate and the steps of the wall clock; a driver is bound to a CPU only where that helps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import count

import pytest

from runner.load.clock import ClockEdge, clock_edge, clock_slew_ppm, pin_driver, wall_step_ns

SECOND = 1_000_000_000
START = ClockEdge(5 * SECOND, 4 * SECOND, 1_700_000_000 * SECOND, 300)


def later(monotonic_ns: int, raw_ns: int, wall_ns: int) -> ClockEdge:
    return ClockEdge(START.monotonic_ns + monotonic_ns, START.raw_ns + raw_ns, START.wall_ns + wall_ns, 300)


@pytest.mark.parametrize("ppm", [0, 37, -120])
def test_a_slewed_clock_runs_faster_or_slower_than_the_raw_one(ppm: int) -> None:
    slewed = 10 * SECOND + 10 * SECOND * ppm // 1_000_000
    assert clock_slew_ppm(START, later(slewed, 10 * SECOND, slewed)) == ppm


def test_edges_too_close_together_tell_no_rate() -> None:
    assert clock_slew_ppm(START, later(1_000_000, 1_000_001, 1_000_000)) is None
    assert clock_slew_ppm(START, replace(later(10 * SECOND, 10 * SECOND, 10 * SECOND), within_ns=30_000_000)) is None


@pytest.mark.parametrize("step", [0, 3_600 * SECOND, -1])
def test_a_wall_clock_that_was_set_has_stepped(step: int) -> None:
    assert wall_step_ns(START, later(10 * SECOND, 10 * SECOND, 10 * SECOND + step)) == step


def test_slewing_is_no_step() -> None:
    slewed = 10 * SECOND + 5_000
    assert wall_step_ns(START, later(slewed, 10 * SECOND, slewed)) == 0


def test_an_edge_is_the_closest_of_some_tries() -> None:
    readings: Iterator[int] = iter([0, 900, 1_000, 1_100, 2_000, 9_000])
    edge = clock_edge(lambda: next(readings), lambda: 7, lambda: 8, tries=3)
    assert edge == ClockEdge(1_050, 7, 8, 100)


def test_the_real_clocks_do_not_run_apart_by_a_thousandth() -> None:
    first = clock_edge()
    last = next(edge for _ in count() if (edge := clock_edge()).raw_ns > first.raw_ns + SECOND // 20)
    slew = clock_slew_ppm(first, last)
    assert slew is None or abs(slew) < 1_000


def pinned(threads: int, cpus: int, pin: Callable[[Collection[int]], None]) -> int | None:
    return pin_driver(threads, allowed=lambda: range(cpus), pin=pin)


def test_a_driver_alone_on_four_cpus_is_bound_to_the_last() -> None:
    bound: list[Collection[int]] = []
    assert pinned(1, 4, bound.append) == 3
    assert bound == [{3}]


@pytest.mark.parametrize(("threads", "cpus"), [(1, 3), (2, 16)], ids=["too few CPUs", "threads that would share it"])
def test_a_driver_is_left_free_where_binding_would_do_harm(threads: int, cpus: int) -> None:
    bound: list[Collection[int]] = []
    assert pinned(threads, cpus, bound.append) is None
    assert bound == []


def test_a_host_that_forbids_binding_is_left_as_it_is() -> None:
    def refuse(cpus: Collection[int]) -> None:
        raise PermissionError

    assert pinned(1, 8, refuse) is None
