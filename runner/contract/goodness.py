"""Goodness of fit: distribution of gamma gaps, Kolmogorov's distance and its probability, and how many distinct values chance leaves."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
EULER = 0.5772156649015329
_TINY = 1e-300


def gamma_probability(x: Reals, shape: float) -> Reals:
    """P(gap ≤ x) for gaps of mean 1 and this gamma shape: the regularised incomplete gamma function P(k, k·x), 1 − e^−x for shape 1."""
    if shape == 1.0:
        return np.asarray(-np.expm1(-np.maximum(x, 0.0)))
    z = np.maximum(x, 0.0) * shape
    low = z < shape + 1.0
    answer = np.zeros_like(z)
    front = np.exp(shape * np.log(np.maximum(z, _TINY)) - z - math.lgamma(shape + 1.0))
    answer[low] = front[low] * _series(z[low], shape)
    answer[~low] = 1.0 - front[~low] * shape * _fraction(z[~low], shape)
    return np.where(z > 0.0, np.clip(answer, 0.0, 1.0), 0.0)


def _series(z: Reals, shape: float) -> Reals:
    """Σ zⁿ / ((k + 1) … (k + n)) (Abramowitz and Stegun 6.5.29)."""
    term, total, n = np.ones_like(z), np.ones_like(z), 0
    while len(z) and float(np.max(term / total)) > 1e-16:
        n += 1
        term = term * z / (shape + n)
        total = total + term
    return total


def _fraction(z: Reals, shape: float) -> Reals:
    """Γ(k, z) / (e^−z z^k) as a continued fraction by Lentz's method (Abramowitz and Stegun 6.5.31, even part)."""
    b = z + 1.0 - shape
    c, d = np.full_like(z, 1.0 / _TINY), 1.0 / b
    found = d
    for n in range(1, 10_000):
        factor = -n * (n - shape)
        b = b + 2.0
        d = 1.0 / _away(factor * d + b)
        c = _away(b + factor / c)
        found = found * d * c
        if not len(z) or float(np.max(np.abs(d * c - 1.0))) < 1e-15:
            break
    return found


def _away(x: Reals) -> Reals:
    return np.where(np.abs(x) < _TINY, _TINY, x)


def distance(below: Reals, up_to: Reals) -> float:
    """Kolmogorov's D of n values known within limits: `below` and `up_to` are the law's probabilities at the lower and upper limit of each.

    It is the smallest distance that values inside those limits can have; equal limits give the usual one.
    """
    n, ranks = len(below), np.arange(len(below))
    return max(float(np.max((ranks + 1) / n - np.sort(up_to))), float(np.max(np.sort(below) - ranks / n)), 0.0)


def kolmogorov_p(d: float, n: int) -> float:
    """P(D_n > d) of n independent values that follow the law: the limit distribution with Stephens' correction for finite n (1970)."""
    root = math.sqrt(n)
    t = (root + 0.12 + 0.11 / root) * d
    if t < 0.2:
        return 1.0
    tail: float = sum((1.0 if j % 2 else -1.0) * math.exp(-2.0 * j * j * t * t) for j in range(1, 101))
    return min(1.0, max(0.0, 2.0 * tail))


def ein(z: float) -> float:
    """Ein(z) = ∫₀^z (1 − e^−t)/t dt: a series below 20, γ + ln z + e^−z/z above, where what is left out is below 10⁻¹⁰."""
    if z >= 20.0:
        return EULER + math.log(z) + math.exp(-z) / z
    total, power = 0.0, -1.0
    for k in range(1, 100):
        power *= -z / k
        total += power / k
    return total


def distinct_expected(n: int, mean: float, shape: float = 1.0) -> float:
    """How many distinct values n gamma gaps, rounded to whole numbers, have on average.

    For exponential gaps of mean m it is m·Ein(n/m). For another shape it is Σ_v 1 − e^(−n·p_v) over whole values v with the probability p_v of each;
    far from 0 values are taken together where the probability changes by little.
    """
    if shape == 1.0:
        return mean * ein(n / mean)
    last = mean * (1.0 + 10.0 / math.sqrt(shape) + 40.0 / shape)
    far = np.geomspace(4096.0, max(last, 4097.0), 8192).round() + 0.5
    edges = np.unique(np.concatenate([[0.0], np.arange(4096) + 0.5, far]))
    width = np.diff(edges)
    width[0] = 1.0
    share = np.diff(gamma_probability(edges / mean, shape))
    return float(np.sum(width * -np.expm1(-n * share / width)))
