"""Percentiles, intervals and ratios: against published tables, an independent library and simulation."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from runner.contract.statistics import log_interval, median, rank, ratio_interval, requests_needed, t_quantile, text, variation_ppm, wilson


@pytest.mark.parametrize(("permille", "needed"), [(900, 64), (950, 130), (970, 219), (990, 662), (999, 6636)])
def test_requests_needed_are_those_of_early_stopping_with_one_sample_over(permille: int, needed: int) -> None:
    assert requests_needed(permille) == needed


@pytest.mark.parametrize(("over", "confidence_permille"), [(0, 950), (1, 950), (7, 990), (100, 995)])
@pytest.mark.parametrize("permille", [1, 500, 900, 999])
def test_requests_needed_are_the_least_that_an_independent_library_accepts(permille: int, over: int, confidence_permille: int) -> None:
    needed, doubt = requests_needed(permille, over, confidence_permille), (1000 - confidence_permille) / 1000
    assert stats.binom.cdf(over, needed, (1000 - permille) / 1000) < doubt
    assert needed == over + 1 or stats.binom.cdf(over, needed - 1, (1000 - permille) / 1000) >= doubt


@pytest.mark.parametrize(("permille", "over", "confidence_permille"), [(0, 1, 990), (1000, 1, 990), (990, -1, 990), (990, 1, 1000)])
def test_no_number_of_requests_carries_what_is_certain_or_impossible(permille: int, over: int, confidence_permille: int) -> None:
    with pytest.raises(ValueError, match="requests needed"):
        requests_needed(permille, over, confidence_permille)


@pytest.mark.parametrize(("n", "permille", "expected"), [(1, 500, 1), (2, 500, 1), (100, 990, 99), (101, 990, 100), (1000, 999, 999), (3, 900, 3)])
def test_a_percentile_is_the_order_statistic_of_this_rank(n: int, permille: int, expected: int) -> None:
    assert rank(n, permille) == expected


@pytest.mark.parametrize("freedom", [1, 2, 4, 7.31, 30, 400.5])
def test_quantiles_of_t_agree_with_an_independent_library(freedom: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


@pytest.mark.parametrize(
    ("value", "places", "expected"), [("1.23450", 3, "1.234"), ("1200", 0, "1200"), ("-0.0001", 3, "0"), ("2.5", 0, "2"), ("10.100", 3, "10.1")]
)
def test_numbers_become_decimal_strings_rounded_half_even(value: str, places: int, expected: str) -> None:
    assert text(Decimal(value), places) == expected


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert median([Decimal(1), Decimal(9), Decimal(3), Decimal(4)]) == Decimal("3.5")


def test_there_is_no_interval_from_one_trial_or_from_a_zero() -> None:
    assert log_interval([Decimal(5)]) is None
    assert log_interval([Decimal(0), Decimal(5)]) is None
    assert ratio_interval([Decimal(5)], [Decimal(5), Decimal(6)]) is None


def test_equal_trials_give_an_interval_of_no_width() -> None:
    assert ratio_interval([Decimal(5)] * 5, [Decimal(5)] * 5) == (Decimal(1), Decimal(1), Decimal(1))


def test_swapping_the_sides_inverts_the_ratio() -> None:
    one, other = [Decimal(n) for n in (100, 104, 99, 101, 103)], [Decimal(n) for n in (120, 131, 118, 125, 122)]
    there, back = ratio_interval(one, other), ratio_interval(other, one)
    assert there is not None and back is not None
    assert there[0] * back[0] == pytest.approx(Decimal(1))
    assert there[1] * back[2] == pytest.approx(Decimal(1))


@pytest.mark.parametrize("trials", [3, 5])
def test_the_ratio_interval_covers_the_truth_as_often_as_it_says(trials: int) -> None:
    """Log-normal trials with unequal spreads; 500 repeats put the simulation's own error near 1 %."""
    random, hits, repeats = np.random.default_rng(20261123), 0, 500
    for one, other in zip(random.normal(0, 0.02, (repeats, trials)), random.normal(0.1, 0.05, (repeats, trials)), strict=True):
        found = ratio_interval([Decimal(float(x)) for x in np.exp(one)], [Decimal(float(x)) for x in np.exp(other)])
        assert found is not None
        hits += found[1] <= Decimal(float(np.exp(0.1))) <= found[2]
    assert 0.92 <= hits / repeats <= 0.985


def test_variation_is_the_sample_deviation_over_the_mean() -> None:
    assert variation_ppm([Decimal(90), Decimal(100), Decimal(110)]) == 100_000
    assert variation_ppm([Decimal(90)]) is None


def test_wilson_agrees_with_an_independent_library() -> None:
    low, high = wilson(448, 450)
    expected = stats.binomtest(448, 450).proportion_ci(0.95, "wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert wilson(450, 450)[1] == 1
