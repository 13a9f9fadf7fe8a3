"""Stationarity: lines of known slope, noise that must not alarm, queues that stand still and queues that grow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from runner.contract.stationarity import Drift, batch_means, drift, in_flight, over_saturated, settled

MINUTE_NS = 60_000_000_000
HOUR_NS = 60 * MINUTE_NS


def steady(seed: int = 1, n: int = 4_000) -> NDArray[np.int64]:
    """Latencies around 50 us that depend on nothing."""
    return np.random.default_rng(seed).normal(50_000, 2_000, n).astype(np.int64)


def queue(random: np.random.Generator, utilisation: float, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Due times and latencies in ns of a first-come queue with Poisson arrivals and exponential service of 1 ms, run in before the first row."""
    service, gaps = random.exponential(1.0, n + 5_000), random.exponential(1 / utilisation, n + 5_000)
    walk = np.concatenate(([0.0], np.cumsum(service[:-1] - gaps[1:])))
    skip = 0 if utilisation >= 1 else 5_000
    latencies = (walk - np.minimum.accumulate(walk) + service)[skip : skip + n]
    return (np.cumsum(gaps)[skip : skip + n] * 1e6).astype(np.int64), (latencies * 1e6).astype(np.int64)


def test_batches_are_equal_parts_in_the_order_of_requests() -> None:
    assert batch_means(np.arange(100), 4).tolist() == [12.0, 37.0, 62.0, 87.0]


@given(st.integers(20, 500))
def test_every_value_lies_in_exactly_one_batch(n: int) -> None:
    lengths = np.diff(np.arange(21) * n // 20)
    assert float(np.sum(batch_means(np.arange(n)) * lengths)) == pytest.approx(n * (n - 1) / 2)


def test_fewer_values_than_batches_are_an_error() -> None:
    with pytest.raises(ValueError, match="20 batches of 19 values"):
        batch_means(np.arange(19))


def test_a_straight_line_drifts_by_its_rise_over_the_window() -> None:
    """From 100 to 110 around a mean of 105: 95,238 ppm, and twice as much an hour where the window took half of one."""
    found = drift(np.linspace(1_000_000, 1_100_000, 100_000).astype(np.int64), HOUR_NS // 2)
    assert found == Drift(slope_ppm=pytest.approx(95_238, abs=2), significant=True, drifting=True, ppm_per_hour=pytest.approx(190_476, abs=4))


def test_slope_and_significance_are_those_of_an_independent_library() -> None:
    values = steady() + np.arange(4_000) // 2
    means = batch_means(values)
    expected = stats.linregress(np.arange(20), means)
    found = drift(values)
    assert found.slope_ppm == pytest.approx(expected.slope * 20 / means.mean() * 1e6, abs=1)
    assert found.significant == (abs(expected.slope) > stats.t.ppf(0.995, 18) * expected.stderr)


def test_a_drift_under_the_limit_is_significant_and_does_not_matter() -> None:
    small = np.linspace(1_000_000, 1_010_000, 10_000).astype(np.int64)
    assert (drift(small).significant, drift(small).drifting, drift(small, least_ppm=5_000).drifting) == (True, False, True)


def test_falling_latencies_drift_too() -> None:
    found = drift(np.linspace(2_000_000, 1_000_000, 10_000).astype(np.int64))
    assert found.drifting and found.slope_ppm is not None and found.slope_ppm < 0


@pytest.mark.parametrize("values", [np.arange(39), np.zeros(100, np.int64), np.array([], np.int64)])
def test_where_nothing_can_be_said_there_is_no_slope(values: NDArray[np.int64]) -> None:
    assert drift(values) == Drift(None, False, False, None)


def test_equal_latencies_stand_still() -> None:
    assert drift(np.full(1_000, 50_000)) == Drift(0, False, False)


@pytest.mark.parametrize("place", [0, 1, 1_000, 2_000, 3_998, 3_999])
def test_one_stall_of_the_host_is_no_drift_wherever_it_falls(place: int) -> None:
    latencies = steady()
    latencies[place] += 300_000_000
    assert not drift(latencies).drifting
    assert settled(latencies)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("independent", lambda random, n: random.normal(50_000, 2_000, n)),
        ("heavy tail", lambda random, n: 50_000 * (1 + random.pareto(1.5, n))),
        ("stalls of 3 ms", lambda random, n: random.normal(50_000, 2_000, n) + 3_000_000 * (random.random(n) < 0.0005)),
        ("queue at 0.9", lambda random, n: queue(random, 0.9, n)[1]),
    ],
)
def test_what_stands_still_alarms_rarely(name: str, draw: object) -> None:
    """The nominal rate is 1 %; 12 of 300 would be seen once in ten thousand such tests at that rate."""
    random = np.random.default_rng(8)
    alarms = sum(drift(draw(random, 10_000).astype(np.int64)).drifting for _ in range(300))  # type: ignore[operator]
    assert alarms < 12, name


def test_requests_in_flight_count_each_one_due_and_not_complete() -> None:
    scheduled, last = np.array([0, 10, 20, 30]), np.array([25, 15, 40, 31])
    assert in_flight(scheduled, last).tolist() == [1, 2, 2, 2]


def test_a_slot_that_frees_at_the_due_time_is_not_in_flight() -> None:
    assert in_flight(np.array([0, 10, 20]), np.array([10, 20, 30])).tolist() == [1, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=30))
def test_requests_in_flight_agree_with_counting_in_any_order_of_rows(rows: list[tuple[int, int]]) -> None:
    scheduled, last = np.array([due for due, _ in rows], np.int64), np.array([due + took for due, took in rows], np.int64)
    expected = [sum(due <= at for due, _ in rows) - sum(due + took <= at for due, took in rows) for at, _ in rows]
    assert in_flight(scheduled, last).tolist() == expected


def test_a_queue_offered_a_tenth_too_much_is_over_saturated() -> None:
    found = [queue(np.random.default_rng(seed), 1.1, 10_000) for seed in range(20)]
    assert all(over_saturated(latencies, in_flight(due, due + latencies), MINUTE_NS) for due, latencies in found)


def test_a_busy_queue_that_stands_still_is_not_over_saturated() -> None:
    found = [queue(np.random.default_rng(seed), 0.8, 10_000) for seed in range(100)]
    assert sum(over_saturated(latencies, in_flight(due, due + latencies), MINUTE_NS) for due, latencies in found) <= 3


def test_a_short_window_is_never_over_saturated() -> None:
    due, latencies = queue(np.random.default_rng(1), 1.5, 10_000)
    flying = in_flight(due, due + latencies)
    assert over_saturated(latencies, flying, 30_000_000_000) and not over_saturated(latencies, flying, 29_999_999_999)


def test_slower_requests_without_a_backlog_are_no_over_saturation() -> None:
    assert not over_saturated(np.linspace(1_000, 2_000, 1_000).astype(np.int64), np.ones(1_000, np.int64), MINUTE_NS)


def test_a_warm_up_settles_once_it_stops_getting_faster() -> None:
    warming = steady() + (200_000 * np.exp(-np.arange(4_000) / 1_000)).astype(np.int64)
    assert not settled(warming)
    assert settled(steady(2))


def test_fewer_than_forty_requests_have_not_settled() -> None:
    assert not settled(np.full(39, 50_000))
    assert settled(np.full(40, 50_000))
