"""The interval of a percentile: ranks against an independent library, containment, and coverage of a known truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runner.contract.intervals import percentile_interval
from runner.contract.statistics import rank

VECTORS = json.loads((Path(__file__).parent / "vectors" / "statistics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["percentile_interval_ranks"], ids=str)
def test_fixed_counts_keep_the_ranks_of_their_interval(vector: dict[str, int]) -> None:
    found = percentile_interval(np.arange(1, vector["n"] + 1), vector["permille"], vector["effective"])
    assert found == (vector["low"], vector["high"])


@pytest.mark.parametrize("permille", [500, 900, 990])
@pytest.mark.parametrize("n", [200, 5_000])
def test_the_ranks_are_binomial_quantiles(permille: int, n: int) -> None:
    """With every request independent: P(Bin < l) <= 2.5 % < P(Bin < l + 1), and u the first rank with P(Bin < u) >= 97.5 %."""
    low, high = percentile_interval(np.arange(1, n + 1), permille, n)
    law = stats.binom(n, permille / 1000)
    assert low == law.ppf(0.025)
    assert high == (law.ppf(0.975) + 1 if law.ppf(0.975) < n else None)


@given(st.integers(1, 3_000), st.integers(1, 999), st.data())
def test_an_interval_contains_its_percentile(n: int, permille: int, data: st.DataObject) -> None:
    ordered = np.arange(1, n + 1)
    low, high = percentile_interval(ordered, permille, data.draw(st.integers(1, n)))
    assert (low or 0) <= ordered[rank(n, permille) - 1] <= (high or n)


@given(st.integers(100, 5_000), st.sampled_from([500, 900, 990]))
def test_fewer_effective_requests_never_narrow_an_interval_by_more_than_rounding(n: int, permille: int) -> None:
    ordered = np.arange(1, n + 1)
    (low, high), (wider_low, wider_high) = percentile_interval(ordered, permille, n), percentile_interval(ordered, permille, n // 4)
    assert wider_low is None or low is None or wider_low <= low + 4
    assert wider_high is None or high is None or wider_high >= high - 4


def test_too_few_requests_give_no_upper_end() -> None:
    """P(all of 300 lie under the p99) = 4.9 % is more than 2.5 %: no latency seen is an upper end."""
    assert percentile_interval(np.arange(300), 990, 300)[1] is None
    assert percentile_interval(np.arange(400), 990, 400)[1] is not None


def test_no_rows_or_no_effective_ones_give_no_interval() -> None:
    assert percentile_interval(np.array([], np.int64), 990, 0) == (None, None)
    assert percentile_interval(np.arange(10), 500, 0) == (None, None)


def test_intervals_of_independent_latencies_cover_the_truth_as_often_as_they_say() -> None:
    random, truth, repeats = np.random.default_rng(20261123), np.log(10) * 1e6, 1_000
    hits = 0
    for latencies in np.sort(random.exponential(1e6, (repeats, 1_000)).astype(np.int64), axis=1):
        low, high = percentile_interval(latencies, 900, 1_000)
        assert low is not None and high is not None
        hits += low <= truth <= high
    assert 0.93 <= hits / repeats <= 0.98
