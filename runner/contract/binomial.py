"""The binomial distribution without SciPy: the same bits on every machine, so that node and site decide alike.

A tail is its largest term times a sum. The term is taken in decimal arithmetic, whose logarithm and exponential are correctly rounded everywhere;
the sum needs only + * /, which IEEE 754 rounds exactly, and has positive terms alone: nothing cancels, as it does in the continued fraction of the
incomplete beta function, whose relative error reaches 2e-11 at n = 10^7.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from functools import lru_cache

# ln n! reaches 1.5e8 at n = 1e7: of 40 digits some 30 are left after the terms have cancelled.
_CONTEXT = Context(prec=40)
_HALF_LN_TWO_PI = Decimal("0.9189385332046727417803297364056176398614")
_EXACT_BELOW = 32
_STIRLING = (12, -360, 1260, -1680, 1188)


def cdf(j: int, n: int, q: float) -> float:
    """P(X <= j) = I_{1-q}(n - j, j + 1) for X binomial with n trials of probability q; 0 below j = 0, 1 from j = n on.

    The smaller tail has a relative error under 1e-12 up to n = 10^7; a call takes some ten standard deviations of X in steps.
    """
    if j < 0 or j >= n:
        return float(j >= 0)
    if q <= 0 or q >= 1:
        return float(q <= 0)
    with localcontext(_CONTEXT):
        hit = Decimal(q)
        miss = 1 - hit
        return _lower_tail(j, n, hit, miss) if j < (n + 1) * q else 1 - _lower_tail(n - j - 1, n, miss, hit)


def first(holds: Callable[[int], bool], low: int, limit: int) -> int | None:
    """Least whole number from `low` to `limit` at which `holds` is true, for one that stays true once it is; None if it never is."""
    below, width = low - 1, 1
    while not holds(at := min(below + width, limit)):
        if at >= limit:
            return None
        below, width = at, width * 2
    while at - below > 1:
        middle = (at + below) // 2
        below, at = (below, middle) if holds(middle) else (middle, at)
    return at


def _lower_tail(j: int, n: int, hit: Decimal, miss: Decimal) -> float:
    """P(X <= j) for j below the mean, from the term at j downwards: P(X = k - 1) = P(X = k) * k / (n - k + 1) * miss / hit."""
    odds, term, total = float(miss / hit), 1.0, 1.0
    for k in range(j, 0, -1):
        term *= k / (n - k + 1) * odds
        total += term
        if term < total * 1e-17:
            break
    ways = _ln_factorial(n) - _ln_factorial(j) - _ln_factorial(n - j)
    return float((ways + j * _ln(hit) + (n - j) * _ln(miss)).exp()) * total


@lru_cache(64)
def _ln(chance: Decimal) -> Decimal:
    return chance.ln(_CONTEXT)


@lru_cache(4096)
def _ln_factorial(n: int) -> Decimal:
    """ln n! by Stirling's series, whose error is under 1e-18 where it is used; from the exact product below."""
    with localcontext(_CONTEXT):
        if n < _EXACT_BELOW:
            return Decimal(math.factorial(n)).ln()
        whole = Decimal(n)
        tail = sum((1 / (divisor * whole ** (2 * place + 1)) for place, divisor in enumerate(_STIRLING)), Decimal(0))
        return (whole + Decimal("0.5")) * whole.ln() - whole + _HALF_LN_TWO_PI + tail
