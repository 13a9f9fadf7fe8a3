"""The open loop keeps its schedule: a slow system makes latencies longer and never moves, skips or joins a due time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from runner.contract.loads import Load
from runner.contract.samples import STATUS, Samples, decode, encode, lag_queue_service
from runner.contract.schedules import departure, digest, offsets
from runner.load.arrivals import due_times, order
from runner.load.clock import LONGEST_SPIN_NS, SHORTEST_SPIN_NS, Clock, clock_cost, spin_ns
from runner.load.closed import closed_loop
from runner.load.driver import Columns
from runner.load.floor import floor
from runner.load.open import open_loop
from tests.runner.virtual_time import VirtualTime

SECOND = 1_000_000_000
ONE = np.zeros(1, np.int64)
POISSON = Load(loop="open", process="poisson", rate_per_s="1000", seed="7")
CLOSED = Load(loop="closed", process="single_stream", concurrency=1, seed="7")


def served(services_ns: np.ndarray, due: np.ndarray, virtual: VirtualTime, **options: int) -> Columns:
    """The window of a system whose i-th request takes `services_ns[i]`."""
    takes = iter(services_ns.tolist())
    return open_loop(lambda prepared: virtual.spend(next(takes)), "a", ONE, due, int(due[-1]) + 1, virtual.clock(), **{"spin": 20_000, **options})


def parts(columns: Columns) -> tuple[Samples, np.ndarray, np.ndarray, np.ndarray]:
    samples = columns.samples(0, 0, 1)
    return samples, *lag_queue_service(samples)


def test_an_idle_system_is_sent_each_request_when_it_is_due() -> None:
    due = offsets("constant", "1000", 50, "7", 0, 0)
    _, lag, queue, service = parts(served(np.full(50, 100_000), due, VirtualTime(cost_ns=10)))
    assert int(lag.max()) <= 10
    assert set(queue.tolist()) == {0}
    assert set(service.tolist()) == {100_010}


def test_a_slow_request_does_not_shift_later_due_times() -> None:
    due, services = offsets("constant", "1000", 50, "7", 0, 0), np.full(50, 100_000)
    services[10] = 5_000_000
    columns = served(services, due, VirtualTime())
    samples, lag, queue, _ = parts(columns)
    assert (samples.t_scheduled_ns - columns.window_start_ns == due).all()
    assert int(queue[11]) == pytest.approx(4_000_000, abs=1_000)
    assert int(lag.max()) <= 100
    assert int(queue[20]) == 0


def test_an_oversleeping_host_is_lag_and_not_service() -> None:
    due = offsets("constant", "1000", 50, "7", 0, 0)
    _, lag, _, service = parts(served(np.full(50, 100_000), due, VirtualTime(oversleep_ns=300_000)))
    assert int(np.median(lag)) == pytest.approx(280_000, abs=100)
    assert set(service.tolist()) == {100_010}


def test_the_driver_sleeps_until_the_spin_and_polls_from_there() -> None:
    virtual = VirtualTime()
    served(np.full(5, 1_000), offsets("constant", "1000", 5, "7", 0, 0), virtual)
    assert virtual.slept[1] == pytest.approx((1_000_000 - 1_000 - 20_000) / 1e9, abs=1e-7)


@pytest.mark.parametrize("load_permille", [300, 500, 800])
def test_the_queue_of_a_deterministic_server_has_the_known_mean_wait(load_permille: int) -> None:
    service, requests = 100_000, 60_000
    rate = str(load_permille * 10)
    due = offsets("poisson", rate, requests, "11", 0, 0)
    samples, lag, queue, _ = parts(served(np.full(requests, service - 10), due, VirtualTime(cost_ns=10), spin=200))
    rho = load_permille / 1000
    assert float((lag + queue).mean()) == pytest.approx(rho * service / (2 * (1 - rho)), rel=0.06)
    assert (samples.t_last_ns - samples.t_scheduled_ns == lag + queue + service).all()


def test_rows_carry_the_schedule_that_seed_and_rate_give() -> None:
    due = due_times(POISSON, SECOND, 0, 3)
    columns = served(np.full(len(due), 2_000_000), due, VirtualTime(), grace_ns=10 * SECOND)
    rows = columns.samples(3, 0, 1)
    assert departure(rows.t_scheduled_ns - columns.window_start_ns, due, digest(due), "here") is None
    assert departure(rows.t_sent_ns - columns.window_start_ns, due, digest(due), "here") is not None


def test_requests_that_cannot_be_sent_are_timeouts_and_none_is_missing() -> None:
    due = offsets("constant", "1000", 1_000, "7", 0, 0)
    columns = served(np.full(1_000, 10_000_000), due, VirtualTime(), grace_ns=SECOND)
    sent = int((columns.status == STATUS["ok"]).sum())
    assert len(columns) == 1_000
    assert sent == pytest.approx(200, abs=2)
    assert set(columns.status[sent:].tolist()) == {STATUS["timeout"]}
    assert len(decode(encode(columns.samples(0, 0, 1)))) == 1_000


def test_the_schedule_is_walked_to_its_end_even_past_the_window() -> None:
    virtual = VirtualTime()
    columns = open_loop(lambda prepared: None, "a", ONE, np.array([0, 5 * SECOND]), SECOND, virtual.clock(), spin=20_000)
    assert set(columns.status.tolist()) == {STATUS["ok"]}


@pytest.mark.parametrize("places", [{0}, {3, 4}, {9}], ids=["first", "two in a row", "last"])
def test_a_request_that_raises_becomes_a_row_and_the_schedule_goes_on(places: set[int]) -> None:
    virtual, count = VirtualTime(), iter(range(10))

    def run(prepared: object) -> None:
        virtual.spend(400)
        if next(count) in places:
            raise RuntimeError("bad sample")

    due = offsets("constant", "1000", 10, "7", 0, 0)
    columns = open_loop(run, "a", ONE, due, 10_000_000, virtual.clock(), spin=20_000)
    assert set(np.flatnonzero(columns.status == STATUS["error"]).tolist()) == places
    assert (columns.t_scheduled_ns - columns.window_start_ns == due).all()
    assert set((columns.t_last_ns - columns.t_sent_ns).tolist()) == {410}


def test_samples_are_served_in_the_drawn_order() -> None:
    virtual, seen = VirtualTime(), []
    open_loop(seen.append, "abc", np.array([2, 0]), offsets("constant", "1000", 5, "7", 0, 0), 5_000_000, virtual.clock(), spin=20_000)
    assert seen == list("cacac")


@pytest.mark.parametrize("due", [np.array([], np.int64), np.array([-1, 5]), np.array([5, 4])], ids=["empty", "before the window", "unsorted"])
def test_a_schedule_out_of_order_is_refused(due: np.ndarray) -> None:
    with pytest.raises(ValueError, match="due_ns"):
        open_loop(print, "a", ONE, due, SECOND, VirtualTime().clock(), spin=20_000)


def test_a_closed_loop_has_no_schedule() -> None:
    with pytest.raises(ValueError, match="rate_per_s"):
        due_times(CLOSED, SECOND, 0, 0)


def test_due_times_cover_the_window_and_trials_differ() -> None:
    first, second = due_times(POISSON, SECOND, 0, 0), due_times(POISSON, SECOND, 0, 1)
    assert len(first) == len(second) == 1_000
    assert int(first[-1]) == SECOND
    assert not np.array_equal(first, second)
    assert not np.array_equal(order(POISSON, 40, 0, 0), order(POISSON, 40, 0, 1))


@pytest.mark.parametrize(("oversleep_ns", "spin"), [(0, SHORTEST_SPIN_NS), (90_000, 90_010), (9_000_000, LONGEST_SPIN_NS)])
def test_the_spin_follows_the_oversleep_of_the_host_within_its_bounds(oversleep_ns: int, spin: int) -> None:
    assert spin_ns(VirtualTime(cost_ns=10, oversleep_ns=oversleep_ns).clock()) == spin


def test_the_clock_tells_what_it_costs() -> None:
    assert clock_cost(VirtualTime(cost_ns=37).read).cost_ns == 37
    assert 0 < clock_cost().cost_ns < 100_000


@pytest.mark.parametrize("load", [CLOSED, POISSON], ids=["closed", "open"])
def test_the_floor_is_that_of_the_same_driver(load: Load) -> None:
    virtual = VirtualTime(cost_ns=100)
    found = floor(lambda prepared: None, None, load, virtual.clock(), spin=20_000)
    assert 100 <= found.p50_ns <= 300
    assert found.p99_ns >= found.p50_ns


def test_the_floor_of_a_slow_rate_takes_no_longer_than_it_may() -> None:
    virtual = VirtualTime()
    begun = virtual.now
    floor(lambda prepared: None, None, POISSON, virtual.clock(), spin=20_000, longest_ns=SECOND // 2)
    assert virtual.now - begun < 0.6 * SECOND


def test_the_real_driver_is_late_by_microseconds_and_cheap_on_a_fast_schedule() -> None:
    due = offsets("poisson", "20000", 4_000, "7", 0, 0)
    columns = open_loop(lambda prepared: None, "a", ONE, due, int(due[-1]), Clock(time.perf_counter_ns()))
    _, lag, _, _ = parts(columns)
    assert int(np.median(lag)) < 100_000
    assert (columns.t_scheduled_ns - columns.window_start_ns == due).all()


def test_a_closed_loop_hides_the_wait_that_an_open_loop_shows() -> None:
    services = np.full(200, 100_000)
    services[50] = 50_000_000
    takes, virtual = iter(services.tolist()), VirtualTime()
    closed = closed_loop(lambda prepared: virtual.spend(next(takes)), "a", ONE, None, virtual.clock(), requests=200)
    opened = served(services, offsets("constant", "1000", 200, "7", 0, 0), VirtualTime())
    slow = [int((columns.t_last_ns - columns.t_scheduled_ns > 1_000_000).sum()) for columns in (closed, opened)]
    assert slow[0] == 1
    assert slow[1] > 40
