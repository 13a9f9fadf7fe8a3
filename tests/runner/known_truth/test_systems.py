"""Driver and system together give the known answer: on a clock without friction to the nanosecond, else within what chance allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from runner.contract.samples import STATUS
from runner.contract.schedules import offsets
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Integers, Keep, Serve
from runner.load.open import open_loop
from runner.load.pool import batched_loop
from tests.runner.known_truth.systems import (
    batch_sizes,
    batching,
    cliff,
    content_cache,
    drawn,
    exploding,
    exponential_ns,
    fixed,
    leak,
    slow_start,
    sometimes_wrong,
    step_throttle,
)  # fmt: skip
from tests.runner.known_truth.truths import batch_starts, md1_mean_wait_ns, mm1_sojourn_ns, quantile, starts
from tests.runner.virtual_time import VirtualTime

SECOND = 1_000_000_000
ONE = np.zeros(1, np.int64)


def frictionless() -> VirtualTime:
    return VirtualTime(cost_ns=0)


def poisson(rate: int, requests: int, seed: int = 11) -> Integers:
    return offsets("poisson", str(rate), requests, str(seed), 0, 0)


def opened(run: Serve, due: Integers, virtual: VirtualTime, **options: object) -> Columns:
    return open_loop(run, "a", ONE, due, int(due[-1]) + 1, virtual.clock(), spin=0, grace_ns=10**6 * SECOND, **options)


def latencies(columns: Columns) -> Integers:
    return columns.t_last_ns - columns.t_scheduled_ns


def test_a_fixed_delay_is_the_latency_of_every_request_of_an_idle_system() -> None:
    virtual = frictionless()
    columns = opened(fixed(virtual.spend, 300_000), offsets("constant", "1000", 200, "7", 0, 0), virtual)
    assert set(latencies(columns).tolist()) == {300_000}


def test_every_request_of_a_busy_server_begins_when_the_simulation_says() -> None:
    virtual, due, services = frictionless(), poisson(1_000, 5_000), exponential_ns(800_000, 5_000, seed=1)
    columns = opened(drawn(virtual.spend, services), due, virtual)
    lag, queue, service = columns.parts()
    assert (columns.t_sent_ns - columns.window_start_ns).tolist() == starts(due.tolist(), services)
    assert set(lag.tolist()) == {0}
    assert service.tolist() == services
    assert int(queue.max()) > 0


def test_mm1_has_the_sojourn_quantiles_of_the_formula() -> None:
    found = []
    for seed in range(16):
        virtual, requests = frictionless(), 40_000
        columns = opened(drawn(virtual.spend, exponential_ns(1_000_000, requests, seed)), poisson(500, requests, seed), virtual)
        found.append([quantile(latencies(columns), permille) for permille in (500, 900, 990)])
    for mean, permille in zip(np.mean(found, axis=0).tolist(), (500, 900, 990), strict=True):
        assert mean == pytest.approx(mm1_sojourn_ns(permille, 500, 1_000), rel=0.03)


@pytest.mark.parametrize("rate", [3_000, 5_000, 8_000])
def test_md1_has_the_mean_wait_of_the_formula(rate: int) -> None:
    virtual = frictionless()
    columns = opened(fixed(virtual.spend, 100_000), poisson(rate, 60_000), virtual)
    assert float(columns.parts()[1].mean()) == pytest.approx(md1_mean_wait_ns(rate / 10_000, 100_000), rel=0.06)


@pytest.mark.parametrize(("most", "timeout_ns", "rate"), [(8, 0, 900), (8, 2_000_000, 900), (8, 2_000_000, 5_000), (4, 50_000_000, 300), (1, 0, 900)])
def test_a_batching_server_serves_the_batches_of_the_simulation(most: int, timeout_ns: int, rate: int) -> None:
    virtual, due = frictionless(), poisson(rate, 4_000)
    columns = batched_loop(
        [batching(virtual.spend, 700_000, 100_000)], ONE, due, int(due[-1]) + 1, virtual.clock(), most=most, timeout_ns=timeout_ns, spin=0
    )
    assert columns.batch_size is not None
    found = list(zip((columns.t_sent_ns - columns.window_start_ns).tolist(), columns.batch_size.tolist(), strict=True))
    assert found == batch_starts(due.tolist(), 700_000, 100_000, most, timeout_ns)
    assert set(columns.parts()[0].tolist()) == {0}


def test_a_throttled_system_doubles_its_service_time_at_its_moment() -> None:
    virtual = frictionless()
    at = virtual.now + 2 * SECOND
    columns = closed_loop(step_throttle(virtual.spend, virtual.read, 1_000_000, at), "a", ONE, 4 * SECOND, virtual.clock())
    service = columns.parts()[2]
    assert set(service[:2_000].tolist()) == {1_000_000}
    assert set(service[2_000:].tolist()) == {2_000_000}
    assert len(columns) == 3_000


def test_a_cliff_is_a_cliff_on_one_side_only() -> None:
    medians = []
    for rate in (900, 1_100):
        virtual = frictionless()
        run = cliff(virtual.spend, virtual.read, 100_000, 1_000, 5)
        medians.append(int(np.median(opened(run, offsets("constant", str(rate), 2_000, "7", 0, 0), virtual).parts()[2])))
    assert medians == [100_000, 500_000]


def test_a_slow_start_ends_with_the_warm_up() -> None:
    virtual = frictionless()
    service = closed_loop(slow_start(virtual.spend, 1_000, 40, 10), "a", ONE, None, virtual.clock(), requests=100).parts()[2]
    assert set(service[:40].tolist()) == {10_000}
    assert set(service[40:].tolist()) == {1_000}


def test_a_leak_grows_from_request_to_request() -> None:
    virtual = frictionless()
    service = closed_loop(leak(virtual.spend, 1_000, 7), "a", ONE, None, virtual.clock(), requests=100).parts()[2]
    assert set(np.diff(service).tolist()) == {7}


def test_a_cache_by_content_is_faster_on_one_sample_than_on_many() -> None:
    def mean_service(samples: str) -> float:
        virtual = frictionless()
        run = content_cache(virtual.spend, 1_000_000, 10_000)
        return float(closed_loop(run, samples, np.arange(len(samples)), None, virtual.clock(), requests=26).parts()[2].mean())

    assert mean_service("abcdefghijklmnopqrstuvwxyz") == 1_000_000
    assert mean_service("a") < 60_000


def test_one_wrong_answer_in_ten_thousand_is_among_the_kept_outputs() -> None:
    virtual = frictionless()
    run = sometimes_wrong(virtual.spend, 1_000, lambda prepared: int(str(prepared)))
    keep = Keep(range(20_000), lambda answer, place: answer)
    kept = closed_loop(run, "01234", np.arange(5), None, virtual.clock(), requests=20_000, keep=keep).kept
    assert [number for number, answer in kept.items() if answer != number % 5] == [9_999, 19_999]


@pytest.mark.parametrize("serve", ["closed", "open"])
def test_a_backend_that_always_explodes_leaves_rows_and_no_completed_request(serve: str) -> None:
    virtual = frictionless()
    run = exploding(virtual.spend, 50_000)
    if serve == "closed":
        columns = closed_loop(run, "a", ONE, 10_000_000, virtual.clock())
    else:
        columns = opened(run, offsets("constant", "1000", 200, "7", 0, 0), virtual)
    assert len(columns) == 200
    assert set(columns.status.tolist()) == {STATUS["error"]}
    assert set(columns.parts()[2].tolist()) == {50_000}


def test_a_backend_slower_than_the_rate_builds_a_queue_and_no_lag() -> None:
    virtual = frictionless()
    due = offsets("constant", "1000", 1_000, "7", 0, 0)
    lag, queue, _ = opened(fixed(virtual.spend, 1_250_000), due, virtual).parts()
    assert set(lag.tolist()) == {0}
    assert (queue == np.arange(1_000) * 250_000).all()


def test_batches_keep_up_where_single_requests_cannot() -> None:
    sizes: list[int] = []

    def median(most: int) -> int:
        virtual, due = frictionless(), poisson(2_000, 4_000)
        run: Callable[[Sequence[int]], object] = batch_sizes(batching(virtual.spend, 900_000, 10_000), sizes)
        columns = batched_loop([run], ONE, due, int(due[-1]) + 1, virtual.clock(), most=most, timeout_ns=0, spin=0, grace_ns=100 * SECOND)
        return int(np.median(latencies(columns)))

    assert median(8) < 3_000_000
    assert median(1) > 500_000_000
    assert max(sizes) <= 8
