"""The closed loop writes down what happened: real durations, errors as rows, the window it was asked for."""

from __future__ import annotations

import gc
import time

import numpy as np
import pytest

from runner.contract.samples import STATUS, decode, encode, lag_queue_service
from runner.load.clock import Clock
from runner.load.closed import closed_loop
from tests.runner.virtual_time import VirtualTime

ORDER = np.arange(4)
SECOND = 1_000_000_000


def fixed(virtual: VirtualTime, ns: int):
    return lambda prepared: virtual.spend(ns)


def test_a_fixed_delay_is_the_service_time_of_every_request() -> None:
    virtual = VirtualTime(cost_ns=10)
    columns = closed_loop(fixed(virtual, 5_000), "abcd", ORDER, None, virtual.clock(), requests=50)
    lag, queue, service = lag_queue_service(columns.samples(0, 0, 1))
    assert set(service.tolist()) == {5_010}
    assert set(lag.tolist()) == {10}
    assert set(queue.tolist()) == {0}


def test_a_request_is_scheduled_when_the_slot_became_free() -> None:
    virtual = VirtualTime()
    columns = closed_loop(fixed(virtual, 700), "abcd", ORDER, None, virtual.clock(), requests=20)
    assert columns.t_scheduled_ns[0] == columns.window_start_ns
    assert (columns.t_scheduled_ns[1:] == columns.t_last_ns[:-1]).all()


def test_times_count_from_the_start_of_the_run() -> None:
    virtual = VirtualTime()
    clock = virtual.clock()
    virtual.spend(3 * SECOND)
    columns = closed_loop(fixed(virtual, 700), "abcd", ORDER, None, clock, requests=5)
    assert 3 * SECOND < columns.window_start_ns < 3 * SECOND + 1_000


def test_a_window_ends_with_the_first_request_past_its_time() -> None:
    virtual = VirtualTime(cost_ns=1)
    columns = closed_loop(fixed(virtual, 998), "abcd", ORDER, 1_000_000, virtual.clock())
    assert columns.window_end_ns - columns.window_start_ns == 1_000_000
    assert (columns.t_last_ns[:-1] < columns.window_end_ns).all()
    assert columns.t_last_ns[-1] >= columns.window_end_ns
    assert len(columns) == 1_000


@pytest.mark.parametrize("expected", [0, 1_000, 40_000])
def test_no_request_is_lost_when_the_room_runs_out(expected: int) -> None:
    virtual = VirtualTime(cost_ns=1)
    columns = closed_loop(fixed(virtual, 98), "abcd", ORDER, 3_000_000, virtual.clock(), expected=expected)
    assert len(columns) == 30_000
    assert (columns.t_scheduled_ns[1:] == columns.t_last_ns[:-1]).all()


def test_a_count_ends_the_window_before_its_time() -> None:
    virtual = VirtualTime()
    assert len(closed_loop(fixed(virtual, 100), "abcd", ORDER, SECOND, virtual.clock(), requests=7)) == 7


def test_samples_are_served_in_the_drawn_order_again_and_again() -> None:
    virtual, seen = VirtualTime(), []
    closed_loop(seen.append, "abcd", np.array([2, 0, 3]), None, virtual.clock(), requests=7)
    assert seen == list("cadcadc")


@pytest.mark.parametrize("places", [{0}, {3, 4}, {9}, set(range(10))], ids=["first", "two in a row", "last", "all"])
def test_a_request_that_raises_becomes_a_row_with_its_real_duration_and_the_loop_goes_on(places: set[int]) -> None:
    virtual, served = VirtualTime(cost_ns=10), []

    def run(prepared: object) -> None:
        served.append(prepared)
        virtual.spend(400)
        if len(served) - 1 in places:
            raise RuntimeError("the device is gone")

    columns = closed_loop(run, "abcd", ORDER, None, virtual.clock(), requests=10)
    assert len(served) == 10
    assert set(np.flatnonzero(columns.status == STATUS["error"]).tolist()) == places
    assert set((columns.t_last_ns - columns.t_sent_ns).tolist()) == {410}
    assert columns.errors[0] == "RuntimeError: the device is gone"
    decode(encode(columns.samples(0, 0, 1)))


def test_a_timeout_is_a_status_of_its_own() -> None:
    virtual = VirtualTime()

    def run(prepared: object) -> None:
        raise TimeoutError("no answer")

    assert set(closed_loop(run, "a", np.zeros(1, np.int64), None, virtual.clock(), requests=3).status.tolist()) == {STATUS["timeout"]}


def test_a_window_of_nothing_but_errors_ends() -> None:
    virtual = VirtualTime()

    def run(prepared: object) -> None:
        virtual.spend(1_000)
        raise ValueError("bad input")

    columns = closed_loop(run, "a", np.zeros(1, np.int64), 10_000_000, virtual.clock())
    assert set(columns.status.tolist()) == {STATUS["error"]}
    assert len(columns.errors) == 8


def test_an_interrupt_is_not_a_failed_request() -> None:
    def run(prepared: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        closed_loop(run, "a", np.zeros(1, np.int64), None, VirtualTime().clock(), requests=3)
    assert gc.isenabled()


def test_no_collection_happens_inside_a_window() -> None:
    seen = []
    closed_loop(lambda prepared: seen.append(gc.isenabled()), "a", np.zeros(1, np.int64), None, Clock(time.perf_counter_ns()), requests=5)
    assert seen == [False] * 5
    assert gc.isenabled()


def test_an_order_that_names_a_sample_that_was_not_prepared_is_refused() -> None:
    with pytest.raises(ValueError, match="order: must hold places from 0 to 2"):
        closed_loop(print, "abc", ORDER, None, VirtualTime().clock(), requests=3)


def test_a_window_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="needs window_ns, or requests"):
        closed_loop(print, "abcd", ORDER, None, VirtualTime().clock())


def test_the_real_loop_sees_a_real_sleep() -> None:
    columns = closed_loop(lambda prepared: time.sleep(0.002), "a", np.zeros(1, np.int64), None, Clock(time.perf_counter_ns()), requests=20)
    assert int((columns.t_last_ns - columns.t_sent_ns).min()) >= 2_000_000
