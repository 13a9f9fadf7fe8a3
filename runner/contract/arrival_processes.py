"""Arrival processes: how the gaps between requests are spread before they are scaled to a rate, with the same bits on every machine.

`constant` needs no random word. `poisson` and `gamma` give weights of mean 1 or proportional to it; scaled to n requests in T = n / r they are the
process conditioned on n arrivals in T, because the proportions of gamma gaps do not depend on their sum. The ramps invert the integral of a rate
that rises or falls linearly. A trace is what somebody recorded, stretched.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from runner.contract.elementary import Reals, Words, negative_exponential, negative_logarithm, uniform
from runner.contract.problems import Problem, Problems

SECOND_NS = 1_000_000_000
GRID = 2**52
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def constant(requests: int, rate: Fraction) -> Integers:
    """offset_i = i / rate in ns, rounded half up; integers only."""
    step, twice = 2 * SECOND_NS * rate.denominator, 2 * rate.numerator
    return np.array([(i * step + rate.numerator) // twice for i in range(requests)], dtype=np.int64)


def poisson_weights(requests: int, source: np.random.PCG64) -> Reals:
    """Exponential gaps of mean 1: −ln u, one word each."""
    return negative_logarithm(uniform(source.random_raw(requests)))


def gamma_weights(requests: int, shape: Fraction, source: np.random.PCG64) -> Reals:
    """Gaps in proportion to Gamma(shape) variates, coefficient of variation 1/√shape: Marsaglia and Tsang 2000, tries in order of their words.

    Try i reads the words [w·i, w·(i + 1)): two for a normal variate (Marsaglia's polar method, the second one left unused), one to accept, and below
    shape 1 a fourth, u, for Gamma(shape) = Gamma(shape + 1)·u^(1/shape); so w is 3 or 4 and how many are drawn at a time changes nothing.
    The powers are taken relative to the largest of them, so that a small shape does not vanish in the range of a double.
    """
    boosted = shape < 1
    d = float((shape + 1 if boosted else shape) - Fraction(1, 3))
    found: list[Reals] = []
    powers: list[Reals] = []
    left = requests
    while left > 0:
        words = source.random_raw((left * 3 // 2 + 64) * (3 + boosted)).reshape(-1, 3 + boosted)
        variates, accepted = _tries(words, d)
        found.append(variates[accepted][:left])
        if boosted:
            powers.append(negative_logarithm(uniform(words[accepted, 3][:left])) / float(shape))
        left -= len(found[-1])
    weights = np.concatenate(found)
    if not boosted:
        return weights
    power = np.concatenate(powers)
    return weights * negative_exponential(power - power.min())


def _tries(words: Words, d: float) -> tuple[Reals, Flags]:
    """(d·v, whether it is accepted) of each try: v = (1 + c·z)³ with c = 1/√(9d), accepted if ln u < z²/2 + d − d·v + d·ln v."""
    a, b = uniform(words[:, 0]) * 2.0 - 1.0, uniform(words[:, 1]) * 2.0 - 1.0
    s = a * a + b * b
    inside = (s > 0.0) & (s < 1.0)
    s = np.where(inside, s, 0.5)
    z = a * np.sqrt(2.0 * negative_logarithm(s) / s)
    root = 1.0 + (1.0 / math.sqrt(9.0 * d)) * z
    inside &= root > 0.0
    v = np.where(inside, root * root * root, 1.0)
    bound = d * v + d * negative_logarithm(v) - z * z * 0.5 - d
    return d * v, inside & (negative_logarithm(uniform(words[:, 2])) > bound)


def scaled_gaps(weights: Reals, total: int) -> Integers:
    """Whole gaps proportional to `weights`, each rounded half-even, whose sum is exactly `total`: the longest gap takes what rounding left."""
    scale = math.fsum(weights.tolist())
    if scale <= 0.0:
        return _even_gaps(len(weights), total)
    gaps = np.rint(weights * float(total) / scale).astype(np.int64)
    longest = int(np.argmax(gaps))
    gaps[longest] += total - int(gaps.sum())
    if gaps[longest] < 0:
        raise Problems([Problem("schedule", f"{len(weights)} requests in {total} ns", "gaps that nanoseconds can carry", "lower the rate")])
    return gaps


def _even_gaps(requests: int, total: int) -> Integers:
    """All weights zero (one word in 2⁵³ does that to a single request): equal gaps, the last one closes the total."""
    gaps = np.full(requests, total // requests, np.int64)
    gaps[-1] += total - int(gaps.sum())
    return gaps


def ramp_requests(start: Fraction, end: Fraction, window_ns: int) -> int:
    """How many requests a rate that goes linearly from `start` to `end` makes in the window: ⌈(start + end)·T/2⌉, at least 1."""
    return max(1, math.ceil((start + end) * window_ns / (2 * SECOND_NS)))


def even_shares(start: Fraction, end: Fraction, window_ns: int) -> Reals:
    """i / Λ for i = 0 … n − 1: request i is due when i of the Λ = (start + end)·T/2 requests of the ramp are over."""
    whole = float((start + end) * window_ns / (2 * SECOND_NS))
    return np.minimum(np.arange(ramp_requests(start, end, window_ns), dtype=np.float64) / whole, 1.0)


def poisson_shares(requests: int, source: np.random.PCG64) -> Reals:
    """Σ −ln u as shares of the whole: n arrivals of a Poisson process conditioned on n of them, cut by n + 1 gaps, in (0, 1) and in order."""
    return np.cumsum(scaled_gaps(poisson_weights(requests + 1, source), GRID), dtype=np.int64)[:-1].astype(np.float64) * 2.0**-52


def ramp(shares: Reals, start: Fraction, end: Fraction, window_ns: int) -> Integers:
    """When the integral of the ramp has reached each share x of its whole: T·x·(a + b)/(a + √(a² + (b² − a²)·x)), rounded down, inside the window.

    It is (√(a² + 2(b − a)S/T) − a)·T/(b − a) for S = x·(a + b)·T/2, written so that nothing cancels and equal rates need no case of their own.
    """
    a, b = float(start), float(end)
    root = np.sqrt(a * a + (b * b - a * a) * shares)
    at = np.floor(float(window_ns) * (shares * (a + b) / (a + root))).astype(np.int64)
    return np.maximum.accumulate(np.minimum(at, window_ns - 1))  # the last place of a double may step back by one ns where two shares are alike


def replayed_requests(recorded_ns: Integers, scale: Fraction, window_ns: int) -> int:
    """How many recorded offsets, in order, lie inside the window once they are scaled."""
    return bisect_left(recorded_ns, window_ns, key=lambda offset: _scaled(int(offset), scale))


def replayed(recorded_ns: Integers, scale: Fraction, window_ns: int) -> Integers:
    """Recorded offsets times `scale`, each rounded half-even, as far as they lie inside the window."""
    inside = recorded_ns[: replayed_requests(recorded_ns, scale, window_ns)]
    return np.array([_scaled(offset, scale) for offset in inside.tolist()], dtype=np.int64)


def _scaled(offset: int, scale: Fraction) -> int:
    whole, rest = divmod(offset * scale.numerator, scale.denominator)
    return whole + (2 * rest > scale.denominator or (2 * rest == scale.denominator and whole % 2 == 1))
