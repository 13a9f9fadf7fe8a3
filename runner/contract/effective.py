"""Effective requests: how many independent requests carry the information of the correlated ones of a trial."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEAR, LONG, AT_ONCE = 4_096, 32_768, 8


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
    values -= values.mean()
    pairs, ended = _pairs(_near(values)) if n >= LONG else (values, False)
    if not ended:
        pairs, _ = _pairs(_whole(values))
    return min(float(n), n / (1 + 2 * float(pairs.sum())))


def _pairs(covariance: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Gamma_1, Gamma_2 … before the first at or under 0, and whether these lags hold that one."""
    n = len(covariance)
    pairs = covariance[1 : n - (n - 1) % 2].reshape(-1, 2).sum(axis=1) / covariance[0]
    ended = np.flatnonzero(pairs <= 0)
    return (pairs[: ended[0]], True) if len(ended) else (pairs, False)


def _whole(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocovariances (times n) of all lags, by one Fourier transform padded to twice the length."""
    n = len(centred)
    length = _smooth(2 * n)
    spectrum = np.fft.rfft(centred, length)
    return np.fft.irfft(spectrum.real**2 + spectrum.imag**2, length)[:n]


def _near(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same up to lag `NEAR`, from short transforms that fit a processor's cache: each part of the series with itself and with the next one.

    The sum ends there for all but the longest correlations, and a long series takes an eighth of the time.
    """
    parts = -(-len(centred) // NEAR)
    padded = np.zeros((parts + 1, NEAR))
    padded.reshape(-1)[: len(centred)] = centred
    own, next_one = np.zeros(NEAR + 1), np.zeros(NEAR + 1, np.complex128)
    for first in range(0, parts, AT_ONCE):
        spectra = np.fft.rfft(padded[first : min(first + AT_ONCE, parts) + 1], 2 * NEAR, axis=1)
        here = spectra[:-1]
        own += (here.real**2 + here.imag**2).sum(axis=0)
        next_one += (here.conj() * spectra[1:]).sum(axis=0)
    shifted = np.where(np.arange(NEAR + 1) % 2, -1.0, 1.0)  # the next part begins NEAR later: half a turn of every odd frequency
    return np.fft.irfft(own + shifted * next_one, 2 * NEAR)[: NEAR + 1]


def effective_requests(latencies_ns: NDArray[np.int64], over: NDArray[np.bool_], of_latencies: float | None = None) -> int:
    """E of one trial's rows in due order: the smaller of the effective sizes of its latencies and of its flags "over the limit", rounded down.

    The flags alone miss that a trial without a burst says little about bursts; the latencies alone that long latencies come in runs. Never above
    the number of rows, 0 for none. Trials are independent of each other: their E add up. `of_latencies` is `ess(latencies_ns)` where it is known.
    """
    return math.floor(min(ess(latencies_ns) if of_latencies is None else of_latencies, ess(over)))


def _smooth(least: int) -> int:
    """Least length from `least` on that is 1, 3, 5, 9 or 15 times a power of two, for which a Fourier transform is fast."""
    return min(odd << max(0, (-(-least // odd) - 1).bit_length()) for odd in (1, 3, 5, 9, 15))
