"""Effective requests: fixed series, a process whose effective size is known, and the bounds that always hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.signal import correlate, lfilter

from runner.contract.effective import LONG, NEAR, effective_requests, ess

VECTORS = json.loads((Path(__file__).parent / "vectors" / "statistics.json").read_text(encoding="utf-8"))

LATENCIES = arrays.arrays(np.int64, st.integers(0, 300), elements=st.integers(0, 10**12))


def by_hand(series: list[int]) -> float:
    """The same definition, summed term by term instead of by Fourier transform."""
    n, mean = len(series), sum(series) / len(series)
    centred = [value - mean for value in series]
    rho = [sum(centred[i] * centred[i + k] for i in range(n - k)) / sum(value * value for value in centred) for k in range(n)]
    total, m = 0.0, 1
    while 2 * m < n and (pair := rho[2 * m - 1] + rho[2 * m]) > 0:
        total, m = total + pair, m + 1
    return min(n, n / (1 + 2 * total))


@pytest.mark.parametrize("vector", VECTORS["effective_size"], ids=lambda vector: vector["name"])
def test_fixed_series_keep_their_effective_size(vector: dict[str, object]) -> None:
    assert ess(vector["series"]) == pytest.approx(float(str(vector["ess"])), rel=1e-9)


@pytest.mark.parametrize("vector", VECTORS["effective_size"], ids=lambda vector: vector["name"])
def test_the_fourier_transform_gives_what_the_definition_gives_term_by_term(vector: dict[str, list[int]]) -> None:
    if len(set(vector["series"])) > 1:
        assert ess(vector["series"]) == pytest.approx(by_hand(vector["series"]), rel=1e-9)


@pytest.mark.parametrize("memory", [0.5, 0.9])
def test_an_autoregressive_series_is_worth_what_theory_says(memory: float) -> None:
    """x_i = a x_{i-1} + noise is worth n (1 - a) / (1 + a); the estimate scatters by a few per cent at this length."""
    noise, series = np.random.default_rng(5).normal(size=200_000), np.empty(200_000)
    value = 0.0
    for place, step in enumerate(noise):
        series[place] = value = memory * value + step
    assert ess(series) == pytest.approx(200_000 * (1 - memory) / (1 + memory), rel=0.1)


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.9999])
@pytest.mark.parametrize("n", [LONG - 1, LONG, 10 * NEAR, 10 * NEAR + 1, 100_000])
def test_a_long_series_is_summed_from_near_lags_to_what_all_lags_give(memory: float, n: int) -> None:
    """With the longest memory the sum goes on beyond the near lags."""
    series = np.round(lfilter([1], [1, -memory], np.random.default_rng(n).normal(size=n)) * 1e6).astype(np.int64)
    for values in (series, series > np.quantile(series, 0.99)):
        centred = values - values.mean()
        covariance = correlate(centred, centred, method="fft")[n - 1 :]
        pairs = covariance[1 : n - (n - 1) % 2].reshape(-1, 2).sum(axis=1) / covariance[0]
        positive = pairs[: int(np.argmax(pairs <= 0))]
        assert ess(values) == pytest.approx(min(n, n / (1 + 2 * positive.sum())), rel=1e-9)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 1_000])
def test_a_series_that_never_changes_is_worth_its_length(n: int) -> None:
    assert ess(np.full(n, 50_000)) == n


def test_a_series_that_alternates_is_worth_no_more_than_its_length() -> None:
    assert ess(np.arange(1_000) % 2) == 1_000


def test_a_common_offset_of_hours_changes_nothing() -> None:
    latencies = np.random.default_rng(3).integers(10_000, 90_000, 5_000)
    assert ess(latencies + 10**15) == pytest.approx(ess(latencies), rel=1e-9)


def test_members_of_one_batch_count_about_once() -> None:
    """Eight requests share each latency: the effective number is near an eighth."""
    batches = np.repeat(np.random.default_rng(4).integers(10_000, 90_000, 2_000), 8)
    found = effective_requests(batches, batches > 80_000)
    assert 1_500 < found < 2_500


def test_long_latencies_that_come_in_runs_count_for_less_than_the_latencies_alone() -> None:
    random = np.random.default_rng(6)
    latencies = random.integers(10_000, 90_000, 20_000)
    bursts = np.repeat(random.random(200) < 0.2, 100)
    assert effective_requests(latencies, bursts) < ess(latencies) / 10


def test_without_rows_there_is_nothing_effective() -> None:
    assert effective_requests(np.array([], np.int64), np.array([], np.bool_)) == 0


@given(LATENCIES, st.integers(0, 10**12))
def test_effective_requests_never_exceed_requests(latencies: np.ndarray, limit: int) -> None:
    found = effective_requests(latencies, latencies > limit)
    assert min(1, len(latencies)) <= found <= len(latencies)
