"""The binomial distribution: against an independent library, up to ten million trials."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runner.contract.binomial import cdf, first

SIZES = (1, 2, 31, 32, 33, 1_000, 100_000, 1_000_000, 10_000_000)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("q", [0.001, 0.01, 0.1, 0.5, 0.99])
def test_probabilities_agree_with_an_independent_library_from_the_middle_to_far_out(n: int, q: float) -> None:
    for deviations in (-8, -3, -2.33, -1, 0, 1, 2.33, 3, 8):
        j = round(n * q + deviations * math.sqrt(n * q * (1 - q)))
        expected = stats.binom.cdf(j, n, q)
        assert cdf(j, n, q) == pytest.approx(expected, rel=1e-11, abs=0), (j, n, q)


def test_nothing_lies_below_no_event_and_everything_up_to_all_of_them() -> None:
    assert (cdf(-1, 10, 0.3), cdf(10, 10, 0.3), cdf(11, 10, 0.3), cdf(0, 0, 0.3)) == (0, 1, 1, 1)


def test_events_that_never_or_always_happen_are_certain() -> None:
    assert (cdf(0, 10, 0.0), cdf(9, 10, 1.0), cdf(10, 10, 1.0)) == (1, 0, 1)


@given(st.integers(1, 5_000), st.data())
def test_probabilities_grow_with_the_count_and_fall_with_the_number_of_trials(n: int, data: st.DataObject) -> None:
    j, q = data.draw(st.integers(0, n)), data.draw(st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.5]))
    assert cdf(j - 1, n, q) <= cdf(j, n, q) <= 1
    assert cdf(j, n + 1, q) <= cdf(j, n, q)


@given(st.integers(-5, 5), st.integers(-5, 300), st.integers(0, 300))
def test_the_first_number_is_the_least_at_which_the_condition_holds(low: int, turn: int, limit: int) -> None:
    least = max(low, turn)
    assert first(lambda number: number >= turn, low, low + limit) == (least if least <= low + limit else None)
