"""The floor and the hand-off are those of the driver that load and serving shape ask for."""

from __future__ import annotations

import time

import numpy as np
import pytest

from runner.contract.loads import Load
from runner.load.batcher import BatchRule
from runner.load.clock import Clock
from runner.load.floor import REQUESTS, floor, handoff_ns
from runner.load.slots import concurrent_loop
from tests.runner.known_truth.systems import Spend, asleep, fixed, holding_the_lock
from tests.runner.virtual_time import VirtualTime

SECOND = 1_000_000_000
CLOSED = Load(loop="closed", process="single_stream", concurrency=1, seed="7")
SLOTS = Load(loop="closed", process="concurrent_streams", concurrency=3, seed="7")
POISSON = Load(loop="open", process="poisson", rate_per_s="5000", seed="7")
TRACE = Load(loop="open", process="trace", trace_sha256="0" * 64, trace_scale="1", seed="7")


def real() -> Clock:
    return Clock(time.perf_counter_ns())


@pytest.mark.parametrize(("load", "workers"), [(SLOTS, 1), (POISSON, 2)], ids=["slots", "pool"])
def test_the_floor_of_several_threads_is_served_by_several_threads(load: Load, workers: int) -> None:
    served: list[object] = []
    found = floor(served.append, "request", load, real(), spin=20_000, longest_ns=SECOND // 5, workers=workers)
    assert 0 < found.p50_ns <= found.p99_ns
    assert len(served) == min(REQUESTS, 1_000 if load is POISSON else REQUESTS)


def test_the_floor_of_batches_is_what_the_driver_adds_and_not_the_wait_for_a_batch() -> None:
    virtual = VirtualTime(cost_ns=100)
    found = floor(lambda places: None, None, POISSON, virtual.clock(), spin=20_000, rule=BatchRule(8, 50_000_000))
    assert found.p50_ns < 1_000


def test_a_recording_has_a_floor_too() -> None:
    virtual = VirtualTime(cost_ns=100)
    assert floor(lambda prepared: None, None, TRACE, virtual.clock(), spin=20_000).p50_ns < 1_000


def test_one_thread_hands_nothing_over() -> None:
    assert handoff_ns(CLOSED, real()) is None
    assert handoff_ns(POISSON, real()) is None


@pytest.mark.parametrize(("load", "workers"), [(SLOTS, 1), (POISSON, 2)], ids=["slots", "pool"])
def test_several_threads_cost_a_request_something(load: Load, workers: int) -> None:
    found = handoff_ns(load, real(), spin=20_000, longest_ns=SECOND // 5, workers=workers)
    assert found is not None
    assert found > 0


@pytest.mark.parametrize(("spend", "gain"), [(asleep, True), (holding_the_lock, False)], ids=["lets go of the lock", "holds the lock"])
def test_slots_overlap_only_what_lets_go_of_the_interpreters_lock(spend: Spend, gain: bool) -> None:
    def per_s(slots: int) -> float:
        columns = concurrent_loop(fixed(spend, 3_000_000), ["a"] * slots, np.zeros(1, np.int64), SECOND // 4, real())
        return len(columns) / (int(columns.t_last_ns.max()) - columns.window_start_ns)

    assert (per_s(4) > 2 * per_s(1)) == gain
