"""Uniform numbers, logarithm and exponential with the same bits on every machine.

Everything here is made of operations that IEEE 754 rounds exactly (+ − × ÷, comparisons, powers of two) in a fixed order, array by array, so that
no compiler joins two of them. The functions of a C library are not: their last digits may change from one release or processor to the next.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Reals = npt.NDArray[np.float64]

_LN2 = 0.6931471805599453
_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")  # high · n is exact for n below 2^20
_LOGARITHM_TERMS = 12  # atanh(s) for |s| <= 0.1716: the next term is below 2^-60 of the first
_EXPONENTIAL_TERMS = 14  # e^r for |r| <= 0.3466: the next term is below 2^-57
_FAR = 700.0  # e^-700 is 10^-304: above it nothing is left to add, below it every result is a normal number


def uniform(words: Words) -> Reals:
    """u = ((w >> 11) + 1) · 2⁻⁵³ in (0, 1] for each raw word."""
    return ((words >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53


def negative_logarithm(x: Reals) -> Reals:
    """−ln x for x > 0 within a few units of the last place: x = m·2^e, ln m = 2·atanh((m − 1)/(m + 1)) as a series."""
    m, e = np.frexp(x)
    low = m < 0.7071067811865476
    m, e = np.where(low, m * 2.0, m), e - low
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    tail = np.zeros_like(s)
    for k in range(2 * _LOGARITHM_TERMS - 1, 0, -2):
        tail = tail * square + 1.0 / k
    return -(e.astype(np.float64) * _LN2 + 2.0 * (s * tail)) + 0.0


def negative_exponential(y: Reals) -> Reals:
    """e^−y for y ≥ 0 within a few units of the last place, and exactly 0 above 700: −y = r − n·ln 2, e^r as a series, then 2⁻ⁿ."""
    near = np.minimum(y, _FAR)
    n = np.rint(near / _LN2)
    r = (n * _LN2_HIGH - near) + n * _LN2_LOW
    found = np.zeros_like(r)
    for k in range(_EXPONENTIAL_TERMS - 1, -1, -1):
        found = found * r + 1.0 / math.factorial(k)
    return np.where(y > _FAR, 0.0, np.ldexp(found, -n.astype(np.int32)))
