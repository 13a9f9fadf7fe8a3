"""Effective requests: how many independent requests carry the information of the correlated ones of a trial."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ess(series: ArrayLike) -> float:
    """Effective size of a series in time order, above 0 and at most its length n; n for a constant one, 0 for an empty one.

    n / (1 + 2 * sum of Gamma_m), Gamma_m = rho_{2m-1} + rho_{2m} with rho the biased autocorrelation, up to the first Gamma_m at or under 0
    (Geyer 1992, initial positive sequence). Whole numbers and flags lose nothing to a large common offset.
    """
    values = np.asarray(series)
    n = len(values)
    if n < 3 or values.min() == values.max():
        return float(n)
    values = (values.astype(np.int8) if values.dtype == np.bool_ else values - values.min()).astype(np.float64)
    length = _smooth(2 * n)
    spectrum = np.fft.rfft(values - values.mean(), length)
    covariance = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, length)[:n]
    pairs = covariance[1 : n - (n - 1) % 2].reshape(-1, 2).sum(axis=1) / covariance[0]
    ended = np.flatnonzero(pairs <= 0)
    positive = pairs[: ended[0]] if len(ended) else pairs
    return min(float(n), n / (1 + 2 * float(positive.sum())))


def effective_requests(latencies_ns: NDArray[np.int64], over: NDArray[np.bool_]) -> int:
    """E of one trial's rows in due order: the smaller of the effective sizes of its latencies and of its flags "over the limit", rounded down.

    The flags alone miss that a trial without a burst says little about bursts; the latencies alone that long latencies come in runs. Never above
    the number of rows, 0 for none. Trials are independent of each other: their E add up.
    """
    return math.floor(min(ess(latencies_ns), ess(over)))


def _smooth(least: int) -> int:
    """Least length from `least` on that is 1, 3, 5, 9 or 15 times a power of two, for which a Fourier transform is fast."""
    return min(odd << max(0, (-(-least // odd) - 1).bit_length()) for odd in (1, 3, 5, 9, 15))
