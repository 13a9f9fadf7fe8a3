"""A pool of workers and dynamic batches: the schedule stays, waiting is queue, lateness is lag, and batches close when their rule says."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract.batch_check import batch_problems
from runner.contract.generator import in_flight_at_most
from runner.contract.samples import STATUS, decode, encode
from runner.contract.schedules import departure, digest, offsets
from runner.contract.slot_check import queue_problems
from runner.load.batcher import BatchRule
from runner.load.clock import Clock
from runner.load.driver import Columns, Integers, Keep, Serve
from runner.load.lead import Lead
from runner.load.pool import batched_loop, pool_loop
from runner.load.timetable import planned
from runner.load.warming import WarmSchedule
from tests.runner.known_truth.systems import asleep, batching, exploding, fixed
from tests.runner.known_truth.truths import batch_starts, starts
from tests.runner.virtual_time import VirtualTime

MS = 1_000_000
SECOND = 1_000_000_000
ONE = np.zeros(1, np.int64)


def pooled(workers: int, run: Serve, due: Integers, clock: Clock | None = None, **options: object) -> Columns:
    requests = [[f"{worker}{sample}" for sample in "abc"] for worker in range(workers)]
    clock = clock or Clock(time.perf_counter_ns())
    return pool_loop(run, requests, np.arange(3), due, int(due[-1]) + 1, clock, **{"spin": 50_000, **options})  # type: ignore[arg-type]


def batched(serve: Sequence[object], due: Integers, most: int, timeout_ns: int, clock: Clock | None = None, **options: object) -> Columns:
    clock = clock or Clock(time.perf_counter_ns())
    options = {"spin": 50_000, **options}
    return batched_loop(serve, np.arange(3), due, int(due[-1]) + 1, clock, most=most, timeout_ns=timeout_ns, **options)  # type: ignore[arg-type]


def poisson(rate: int, requests: int) -> Integers:
    return offsets("poisson", str(rate), requests, "5", 0, 0)


def complaints(columns: Columns, workers: int, rule: BatchRule | None = None) -> list[str]:
    rows = columns.samples(0, 0, 1)
    if rule is None:
        return [str(problem) for problem in queue_problems(rows, workers, "here")]
    found = batch_problems(rows, rule.most, rule.timeout_ns, workers, "here", owed=0)
    return [str(problem) for problem in found]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_schedule_is_kept_and_no_more_are_in_flight_than_there_are_workers(workers: int) -> None:
    due = poisson(1_500, 150)
    columns = pooled(workers, fixed(asleep, MS), due)
    assert departure(columns.t_scheduled_ns - columns.window_start_ns, due, digest(due), "here") is None
    assert in_flight_at_most(columns.samples(0, 0, 1)) <= workers
    assert complaints(columns, 0) == []


def test_a_second_worker_serves_what_the_first_has_no_time_for() -> None:
    due = offsets("constant", "1000", 100, "5", 0, 0)
    waits = [int(np.median(pooled(workers, fixed(asleep, 3 * MS // 2), due).parts()[1])) for workers in (1, 3)]
    assert waits[0] > 10 * MS
    assert waits[1] < waits[0] // 10


def test_one_worker_needs_no_thread_and_is_the_open_loop() -> None:
    threads: set[int] = set()
    virtual, due, services = VirtualTime(cost_ns=0), poisson(1_000, 2_000), np.random.default_rng(3).integers(1, 1_900_000, 2_000).tolist()
    takes = iter(services)
    columns = pooled(1, lambda prepared: (threads.add(threading.get_ident()), virtual.spend(next(takes))), due, virtual.clock(), spin=0)
    assert (columns.t_sent_ns - columns.window_start_ns).tolist() == starts(due.tolist(), services)
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("servers", [1, 2, 5])
@pytest.mark.parametrize(("most", "timeout_ns"), [(1, 0), (8, 0), (8, 2 * MS), (3, 30 * MS)])
def test_the_lead_hands_out_the_batches_of_the_simulation(servers: int, most: int, timeout_ns: int) -> None:
    virtual, due = VirtualTime(cost_ns=0), poisson(3_000, 3_000)
    lead = Lead(planned(due, SECOND, ONE, None, 10**6 * SECOND).at(virtual.now), BatchRule(most, timeout_ns), servers, virtual.clock(), 0)
    origin, found = virtual.now, []
    while (batch := lead.take(lambda first, stop: None)) is not None:
        _, first, stop, closed = batch
        found += [(closed - origin, stop - first)] * (stop - first)
        lead.freed(closed + 700_000 + 100_000 * (stop - first))
    assert found == batch_starts(due.tolist(), 700_000, 100_000, most, timeout_ns, servers)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("timeout_ns", [0, 3 * MS])
def test_batches_on_the_real_clock_are_batches(workers: int, timeout_ns: int) -> None:
    due = poisson(3_000, 300)
    columns = batched([batching(asleep, MS, 100_000)] * workers, due, 8, timeout_ns)
    lag, queue, service = columns.parts()
    assert complaints(columns, workers, BatchRule(8, timeout_ns)) == []
    assert columns.batch_size is not None
    assert 1 < int(columns.batch_size.max()) <= 8
    assert (lag + queue + service == columns.t_last_ns - columns.t_scheduled_ns).all()
    assert int(lag.min()) >= 0
    assert (columns.t_scheduled_ns - columns.window_start_ns == due).all()
    decode(encode(columns.samples(0, 0, 1)))


def test_a_late_driver_makes_no_larger_batches() -> None:
    due = offsets("constant", "1000", 50, "5", 0, 0)
    virtual = VirtualTime(cost_ns=10, oversleep_ns=300_000)
    columns = batched([batching(virtual.spend, 50_000, 0)], due, 8, 0, virtual.clock(), spin=20_000)
    lag, queue, _ = columns.parts()
    assert columns.batch_size is not None
    assert set(columns.batch_size.tolist()) == {1}
    assert int(np.median(lag)) == pytest.approx(280_000, abs=100)
    assert set(queue.tolist()) == {0}


def test_a_full_batch_leaves_before_its_timeout_and_a_lonely_request_after_it() -> None:
    virtual = VirtualTime(cost_ns=0)
    due = np.array([0, MS, 2 * MS, 3 * MS, 100 * MS])
    columns = batched([batching(virtual.spend, 1_000, 0)], due, 4, 10 * MS, virtual.clock(), spin=0)
    assert columns.batch_size is not None
    assert columns.batch_size.tolist() == [4, 4, 4, 4, 1]
    assert (columns.t_sent_ns - columns.window_start_ns).tolist() == [3 * MS] * 4 + [110 * MS]
    assert columns.parts()[1].tolist() == [3 * MS, 2 * MS, MS, 0, 10 * MS]


def test_a_batch_is_asked_for_by_the_places_of_its_samples() -> None:
    virtual, asked = VirtualTime(cost_ns=0), []
    batched([lambda places: asked.append(list(places))], np.zeros(5, np.int64), 2, 0, virtual.clock(), spin=0)
    assert asked == [[0, 1], [2, 0], [1]]


def test_a_batch_that_raises_is_as_many_rows_and_the_worker_goes_on() -> None:
    virtual = VirtualTime(cost_ns=0)
    columns = batched([exploding(virtual.spend, 1_000, {1})], np.zeros(9, np.int64), 3, 0, virtual.clock(), spin=0)
    assert columns.status.tolist() == [STATUS["ok"]] * 3 + [STATUS["error"]] * 3 + [STATUS["ok"]] * 3
    assert set(columns.parts()[2].tolist()) == {1_000}
    assert complaints(columns, 1, BatchRule(3, 0)) == []


def test_a_batch_shares_its_device_time_and_each_member_its_own_output() -> None:
    virtual = VirtualTime(cost_ns=0)
    keep = Keep([1, 3], lambda answer, place: answer[place])
    columns = batched(
        [lambda places: [f"answer {place}" for place in places]], np.zeros(5, np.int64), 2, 0, virtual.clock(), spin=0, keep=keep, device_ns=len
    )
    assert columns.kept == {1: "answer 1", 3: "answer 0"}
    assert columns.device_ns is not None
    assert columns.device_ns.tolist() == [2, 2, 2, 2, 1]


@pytest.mark.parametrize("workers", [1, 3])
def test_requests_that_nobody_can_send_are_timeouts_and_none_is_missing(workers: int) -> None:
    due = offsets("constant", "2000", 200, "5", 0, 0)
    columns = pooled(workers, fixed(asleep, 5 * MS), due, grace_ns=1)
    lost = columns.status == STATUS["timeout"]
    assert len(columns) == 200
    assert 0 < int(lost.sum()) < 200
    assert int(columns.parts()[0].min()) >= 0
    assert complaints(columns, 0) == []


def test_a_timeout_longer_than_the_grace_loses_no_request() -> None:
    virtual = VirtualTime(cost_ns=0)
    columns = batched([batching(virtual.spend, 1_000, 0)], np.array([0, MS]), 4, 5 * SECOND, virtual.clock(), spin=0, grace_ns=SECOND)
    assert set(columns.status.tolist()) == {STATUS["ok"]}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_window_opens_behind_its_warm_up_on_one_schedule(workers: int) -> None:
    due, before = poisson(1_000, 60), WarmSchedule(offsets("constant", "1000", 30, "5", 0, 0), 30 * MS)
    columns = pooled(workers, fixed(asleep, 2 * MS), due, warm=before)
    assert (columns.warmup_requests, columns.warmup_ns, len(columns)) == (30, 30 * MS, 60)
    assert (columns.t_scheduled_ns - columns.window_start_ns == due).all()
    assert complaints(columns, workers) == []


def test_an_error_that_is_no_failed_request_ends_the_pool_and_is_raised() -> None:
    def run(prepared: object) -> None:
        raise SystemExit("the process is to end")

    before = threading.active_count()
    with pytest.raises(SystemExit, match="is to end"):
        pooled(3, run, np.array([0, 3_600 * SECOND]))
    assert threading.active_count() == before
    assert gc.isenabled()


@pytest.mark.parametrize("wrong", [BatchRule, pooled])
def test_a_pool_without_workers_and_a_batch_of_none_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="at least"):
        BatchRule(0) if wrong is BatchRule else pooled(0, print, np.zeros(1, np.int64))


@settings(max_examples=25, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 400_000), min_size=1, max_size=40), workers=st.integers(1, 4), most=st.integers(1, 5),
    timeout_ns=st.sampled_from([0, 200_000, 2_000_000]), service_ns=st.integers(0, 500_000), bad=st.sets(st.integers(0, 20), max_size=3),
)  # fmt: skip
def test_whatever_the_pool_rows_are_complete_add_up_and_have_founded_waits(
    gaps: list[int], workers: int, most: int, timeout_ns: int, service_ns: int, bad: set[int]
) -> None:
    due = np.cumsum(gaps)
    columns = batched([exploding(asleep, service_ns, bad)] * workers, due, most, timeout_ns)
    lag, queue, service = columns.parts()
    assert (columns.t_scheduled_ns - columns.window_start_ns == due).all()
    assert (lag + queue + service == columns.t_last_ns - columns.t_scheduled_ns).all()
    assert min(int(lag.min()), int(queue.min()), int(service.min())) >= 0
    assert complaints(columns, workers, BatchRule(most, timeout_ns)) == []
    sent = np.unique(columns.t_sent_ns, return_index=True)[1]
    assert in_flight_at_most(columns.samples(0, 0, 1).rows(np.isin(np.arange(len(columns)), sent))) <= workers
