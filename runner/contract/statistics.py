"""Order statistics, trials as the unit of replication, and intervals on ratios; pure, and the same on node and site."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache, lru_cache

from runner.contract.binomial import cdf, first

# Logarithms and exponentials to 28 digits, sums of them exact in 50: equal trials then have a variance of exactly 0 everywhere.
_TRANSCENDENTAL = Context(prec=28)
_CONTEXT = Context(prec=50)


def rank(n: int, permille: int) -> int:
    """1-based rank k = ceil(n * permille / 1000) of the order statistic that states a percentile; no interpolation."""
    return (n * permille + 999) // 1000


@lru_cache(4096)
def requests_needed(permille: int, over: int = 1, confidence_permille: int = 990) -> int:
    """Fewest independent requests that carry a percentile with `over` of them beyond it; by default the fewest under which one may be shown.

    The smallest n with P(Bin(n, 1 - p) <= over) < 1 - confidence (MLPerf early stopping: h_min(over) + over). Raises ValueError outside 1 to 999.
    """
    if not (0 < permille < 1000 and 0 < confidence_permille < 1000 and over >= 0):
        raise ValueError(f"requests needed: permille {permille}, confidence {confidence_permille}, {over} over; 1 to 999 and 0 or more")
    q, doubt = (1000 - permille) / 1000, (1000 - confidence_permille) / 1000
    found = first(lambda n: cdf(over, n, q) < doubt, over + 1, sys.maxsize)
    assert found is not None  # the probability falls to 0 as n grows
    return found


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle value, or the mean of the two middle ones."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def text(value: Decimal, places: int) -> str:
    """A decimal string rounded half-even to at most `places` decimals: no exponent, no trailing zeros, never -0."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN, context=_CONTEXT)
    plain = f"{rounded:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


def log_interval(values: Sequence[Decimal]) -> tuple[Decimal, Decimal] | None:
    """95 % interval of the geometric centre of trials: t on logarithms; None below two trials or with a value at or below 0."""
    if len(values) < 2 or min(values) <= 0:
        return None
    with localcontext(_CONTEXT):
        mean, error = _centre(values)
        half = _quantile(len(values) - 1) * error.sqrt()
        return _TRANSCENDENTAL.exp(mean - half), _TRANSCENDENTAL.exp(mean + half)


def ratio_interval(a: Sequence[Decimal], b: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal] | None:
    """Ratio b / a of geometric centres with its 95 % interval: Welch's t on logarithms of trial values; None below two trials a side.

    Degrees of freedom by Welch-Satterthwaite. Equal values on both sides give an interval of width 0.
    """
    if min(len(a), len(b)) < 2 or min(*a, *b) <= 0:
        return None
    with localcontext(_CONTEXT):
        (mean_a, error_a), (mean_b, error_b) = _centre(a), _centre(b)
        centre, total = mean_b - mean_a, error_a + error_b
        half = Decimal(0)
        if total:
            freedom = total**2 / (error_a**2 / (len(a) - 1) + error_b**2 / (len(b) - 1))
            half = _quantile(float(freedom)) * total.sqrt()
        low, middle, high = (_TRANSCENDENTAL.exp(exponent) for exponent in (centre - half, centre, centre + half))
        return middle, low, high


def _centre(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Mean of the logarithms and the squared standard error of that mean."""
    logs = [_TRANSCENDENTAL.ln(value) for value in values]
    mean = sum(logs, Decimal(0)) / len(logs)
    return mean, _variance(logs, mean) / len(logs)


def variation_ppm(values: Sequence[Decimal]) -> int | None:
    """Coefficient of variation (sample standard deviation over mean) in ppm; None below two values or at mean 0."""
    if len(values) < 2 or not (mean := sum(values, Decimal(0)) / len(values)):
        return None
    return int(_CONTEXT.sqrt(_variance(values, mean)) / mean * 1_000_000)


def wilson(successes: int, n: int) -> tuple[Decimal, Decimal]:
    """95 % Wilson score interval of a proportion (Wilson 1927); n above 0."""
    z, share = Decimal("1.959963984540054"), Decimal(successes) / n
    centre, scale = share + z * z / (2 * n), 1 + z * z / n
    half = z * _CONTEXT.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(Decimal(0), (centre - half) / scale), min(Decimal(1), (centre + half) / scale)


def _variance(values: Sequence[Decimal], mean: Decimal) -> Decimal:
    return sum(((value - mean) ** 2 for value in values), Decimal(0)) / (len(values) - 1)


def _quantile(freedom: float) -> Decimal:
    return Decimal(f"{t_quantile(0.975, freedom):.9f}")


@cache
def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t for `probability` above one half, by bisection on the incomplete beta function."""
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if t_probability(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def t_probability(t: float, freedom: float) -> float:
    """P(T <= t) of Student's t with `freedom` degrees of freedom, t at or above 0."""
    return 1 - 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta I_x(a, b) by Lentz's continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d, fraction = 1.0, 1 / (1 - (a + b) * x / (a + 1)), 1 / (1 - (a + b) * x / (a + 1))
    for m in range(1, 500):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + numerator * d)
            c = 1 + numerator / c
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction
