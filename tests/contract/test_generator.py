"""Facts about the generator: lag, rate, requests in flight, repeated gaps and the law of the gaps, each from rows whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import special, stats

from runner.contract import generator, goodness
from runner.contract.samples import Samples
from runner.contract.schedules import offsets

SECOND = 10**9
MEAN = SECOND // 1000


def rows(due: np.ndarray, sent: np.ndarray, last: np.ndarray, queue: np.ndarray | None = None) -> Samples:
    n = len(due)
    return Samples(
        trial=np.zeros(n, np.int64), point=np.zeros(n, np.int64), request=np.arange(n, dtype=np.int64), t_scheduled_ns=np.asarray(due, np.int64),
        t_sent_ns=np.asarray(sent, np.int64), t_last_ns=np.asarray(last, np.int64), batch_size=np.ones(n, np.int32), status=np.zeros(n, np.int8),
        queue_ns=None if queue is None else np.asarray(queue, np.int64),
    )  # fmt: skip


def prompt(due: np.ndarray, lag_ns: int = 200, service_ns: int = 5_000) -> Samples:
    """Every request is sent `lag_ns` late and answered at once."""
    return rows(due, due + lag_ns, due + lag_ns + service_ns)


def poisson(requests: int = 2000, root: str = "7") -> np.ndarray:
    return offsets("poisson", "1000", requests, root, 0, 0)


def test_lag_is_stated_by_its_order_statistics_beside_service_and_latency() -> None:
    due = np.arange(100) * MEAN
    found = generator.lag_facts(rows(due, due + np.arange(100), due + np.arange(100) + 7_000))
    assert found == generator.LagFacts(p50_ns=49, p99_ns=98, max_ns=99, service_p50_ns=7_000, latency_p50_ns=7_049)
    assert generator.lag_facts(prompt(due[:0])) is None


def test_the_limit_of_the_lag_is_a_floor_or_a_share_of_service_or_latency() -> None:
    found = generator.LagFacts(p50_ns=1, p99_ns=2, max_ns=3, service_p50_ns=4_000_000, latency_p50_ns=400_000_000)
    assert found.limit_ns(100_000, 50_000) == 200_000
    assert found.limit_ns(1_000_000, 10_000) == 1_000_000
    assert found.limit_ns(1_000_000, 10_000, of_latency=True) == 4_000_000


def test_waiting_for_a_busy_system_is_neither_lag_nor_a_rate_that_was_not_offered() -> None:
    due = np.arange(1000) * MEAN
    last = np.cumsum(np.full(1000, 2 * MEAN))
    sent = np.maximum(due, np.concatenate([[0], last[:-1]]))
    found = rows(due, sent, last)
    facts = generator.lag_facts(found)
    assert facts is not None and facts.max_ns == 0
    assert generator.achieved_ppm(found) == 1_000_000


def test_a_pacer_that_is_three_percent_slow_achieved_less_than_it_offered() -> None:
    due = poisson()
    slow = rows(due, due * 103 // 100, due * 103 // 100 + 10)
    assert generator.achieved_ppm(slow, serial=False) == pytest.approx(970_874, abs=1)


def test_a_slow_pacer_in_the_thread_that_serves_is_named_by_its_lag_while_nothing_is_being_served() -> None:
    due = poisson()
    found = generator.lag_facts(rows(due, due * 103 // 100, due * 103 // 100 + 10))
    assert found is not None and found.p99_ns > found.limit_ns(100_000, 50_000)


def test_the_achieved_rate_needs_two_requests_and_some_time() -> None:
    assert generator.achieved_ppm(prompt(poisson(1))) is None
    assert generator.achieved_ppm(prompt(np.zeros(5, np.int64))) is None


@settings(max_examples=60, deadline=None)
@given(some.lists(some.tuples(some.integers(0, 40), some.integers(0, 12)), min_size=1, max_size=40))
def test_the_largest_number_in_flight_is_that_of_counting_at_every_moment(spans: list[tuple[int, int]]) -> None:
    sent = np.array(sorted(start for start, _ in spans))
    last = sent + np.array([length for _, length in spans])
    counted = max(int(((sent <= at) & (at < last)).sum()) for at in range(60))
    assert generator.in_flight_at_most(rows(sent, sent, last)) == counted


def test_requests_that_follow_each_other_without_a_gap_are_one_in_flight() -> None:
    edges = np.arange(101) * 10
    assert generator.in_flight_at_most(rows(edges[:-1], edges[:-1], edges[1:])) == 1
    assert generator.in_flight_at_most(prompt(poisson(0 + 1)[:0])) == 0


def test_a_million_exponential_gaps_hold_as_many_distinct_values_as_chance_leaves() -> None:
    found = generator.gap_repeats(offsets("poisson", "1000", 1_000_000, "7", 0, 0))
    assert found.expected == pytest.approx(796_600, rel=1e-5)
    assert found.distinct == pytest.approx(found.expected, rel=2e-3)
    assert not found.beyond_chance


@pytest.mark.parametrize("shape", ["0.1", "0.5", "3", "400"])
def test_gamma_gaps_are_held_against_their_own_law(shape: str) -> None:
    due = offsets("gamma", "1000", 300_000, "7", 0, 0, gamma_shape=shape)
    found = generator.gap_repeats(due, shape)
    assert found.distinct == pytest.approx(found.expected, rel=5e-3)
    assert not generator.repeated_gaps(due, shape)


def test_the_expected_number_of_distinct_gaps_agrees_for_both_formulas() -> None:
    assert goodness.distinct_expected(50_000, 20_000.0, 1.0 + 1e-9) == pytest.approx(goodness.distinct_expected(50_000, 20_000.0), rel=1e-4)


@pytest.mark.parametrize("requests", [3, 100, 1000, 20_000])
@pytest.mark.parametrize("rate", ["10", "1000", "1000000"])
def test_honest_schedules_of_any_length_and_rate_raise_no_alarm(requests: int, rate: str) -> None:
    alarms = [generator.repeated_gaps(offsets("poisson", rate, requests, str(root), 0, 0)) for root in range(20)]
    assert not any(alarms)


def test_workers_that_seed_alike_repeat_each_others_gaps() -> None:
    one = np.cumsum(np.diff(poisson(20), prepend=0))
    alike = np.concatenate([np.repeat(one, 10) + at * int(one[-1]) for at in range(2)])
    found = generator.gap_repeats(alike)
    assert found.distinct < 25 and found.beyond_chance and generator.repeated_gaps(alike)


def test_requests_all_at_one_moment_are_repeats_and_a_handful_is_not_judged() -> None:
    assert generator.repeated_gaps(np.zeros(500, np.int64))
    assert not generator.repeated_gaps(np.zeros(5, np.int64))
    assert not generator.repeated_gaps(np.zeros(0, np.int64))


@pytest.mark.parametrize("root", ["1", "2", "3", "4", "5", "6", "7", "8"])
@pytest.mark.parametrize(("process", "shape"), [("poisson", None), ("gamma", "0.001"), ("gamma", "0.25"), ("gamma", "2"), ("gamma", "50")])
def test_gaps_follow_the_law_that_was_declared(process: str, shape: str | None, root: str) -> None:
    due = offsets(process, "1000", 5_000, root, 0, 0, gamma_shape=shape)
    found = generator.gap_fit(due, process, "1000", shape)
    assert found is not None and found.gaps == 4_999
    assert found.p > 0.01


@pytest.mark.parametrize("root", ["1", "2", "3"])
@pytest.mark.parametrize("shape", ["0.25", "1", "4"])
def test_the_distance_agrees_with_another_implementation(shape: str, root: str) -> None:
    due = offsets("gamma", "10", 2_000, root, 0, 0, gamma_shape=shape)
    found = generator.gap_fit(due, "gamma", "10", shape)
    theirs = stats.kstest(np.diff(due) / (SECOND / 10), stats.gamma(float(shape), scale=1 / float(shape)).cdf)
    assert found is not None
    assert found.distance == pytest.approx(theirs.statistic, abs=0.005 if shape == "0.25" else 1e-6)
    assert found.p == pytest.approx(theirs.pvalue, abs=0.1 if shape == "0.25" else 0.01)


@pytest.mark.parametrize(
    ("process", "rate"), [("constant", "1000"), ("gamma", "1000"), ("poisson", "1200")], ids=["evenly spaced", "burstier", "another rate"]
)
def test_gaps_of_another_law_or_rate_do_not_fit(process: str, rate: str) -> None:
    due = offsets(process, rate, 5_000, "7", 0, 0, gamma_shape="0.5")
    found = generator.gap_fit(due, "poisson", "1000")
    assert found is not None and found.p < 0.001


def test_processes_without_independent_gaps_and_single_requests_are_not_fitted() -> None:
    assert generator.gap_fit(poisson(), "constant", "1000") is None
    assert generator.gap_fit(poisson(1), "poisson", "1000") is None


@pytest.mark.parametrize("n", [40, 300, 5_000])
@pytest.mark.parametrize("t", [0.5, 0.9, 1.36, 1.95])
def test_the_probability_of_a_distance_is_near_the_exact_one(n: int, t: float) -> None:
    assert goodness.kolmogorov_p(t / math.sqrt(n), n) == pytest.approx(stats.kstwo.sf(t / math.sqrt(n), n), rel=0.05, abs=2e-4)


def test_distances_at_both_ends_have_probabilities_one_and_nearly_zero() -> None:
    assert goodness.kolmogorov_p(0.0, 100) == 1.0
    assert 0.0 <= goodness.kolmogorov_p(1.0, 100) < 1e-60


@pytest.mark.parametrize("shape", [0.001, 0.3, 1.0, 2.5, 50.0, 1000.0])
def test_gamma_probabilities_agree_with_another_implementation(shape: float) -> None:
    x = np.concatenate([[-1.0, 0.0], np.geomspace(1e-9, 50.0, 2_000)])
    truth = np.where(x > 0, special.gammainc(shape, shape * np.maximum(x, 0.0)), 0.0)
    assert float(np.max(np.abs(goodness.gamma_probability(x, shape) - truth))) < 1e-11


@pytest.mark.parametrize("z", [1e-6, 0.3, 1.0, 7.0, 19.999, 20.0, 1e6])
def test_ein_agrees_with_the_exponential_integral(z: float) -> None:
    assert goodness.ein(z) == pytest.approx(goodness.EULER + math.log(z) + float(special.exp1(z)), rel=1e-9, abs=1e-15)
