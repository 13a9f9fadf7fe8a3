"""Whether a stretch of requests stands still: slopes over batch means, of latency and of the requests in flight.

Batches hold equal numbers of requests, in the order given (due order). That is equal time too where the rate is constant; where it is not, a slope
is one over requests, and the window only turns it into a slope per hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from runner.contract.statistics import t_quantile

BATCHES = 20
LEAST_REQUESTS = 2 * BATCHES
NS_PER_HOUR = 3_600_000_000_000


@dataclass(frozen=True)
class Drift:
    """A straight line through the batch means: its rise over the window in ppm of their mean, whether it is more than noise, and whether it matters.

    `slope_ppm` is None where there are too few values to say (under two a batch) or their mean is 0; nothing is significant then.
    """

    slope_ppm: int | None
    significant: bool
    drifting: bool
    ppm_per_hour: int | None = None


NO_DRIFT = Drift(None, False, False)


def batch_means(values: ArrayLike, batches: int = BATCHES) -> NDArray[np.float64]:
    """Means of `batches` consecutive parts of the values, which differ by one in length at most. Raises ValueError with fewer values than batches.

    Sums of whole numbers are exact, so that the means are the same on every machine.
    """
    given = np.asarray(values)
    if len(given) < batches:
        raise ValueError(f"batch means: {batches} batches of {len(given)} values")
    exact = given.astype(np.int64) if given.dtype.kind in "biu" else given.astype(np.float64)
    edges = np.arange(batches + 1) * len(given) // batches
    return np.asarray(np.add.reduceat(exact, edges[:-1]) / np.diff(edges), np.float64)


def drift(values: ArrayLike, window_ns: int | None = None, *, batches: int = BATCHES, least_ppm: int = 20_000) -> Drift:
    """The line of least squares b through the batch means: significant where |b| > t(0.995) * s_b, drifting where it also rises by `least_ppm`.

    One wild value cannot raise an alarm: alone in its batch, at either end, it widens s_b more than it tilts the line (t = 1.73 at 20 batches, 2.88
    needed).
    """
    given = np.asarray(values)
    if len(given) < 2 * batches:
        return NO_DRIFT
    means = [float(mean) for mean in batch_means(given, batches)]
    centre = math.fsum(means) / batches
    if not centre:
        return NO_DRIFT
    slope, error = _line(means, centre)
    significant = abs(slope) > _quantile(batches - 2) * error
    rise_ppm = slope * batches / abs(centre) * 1_000_000
    hourly = round(rise_ppm * NS_PER_HOUR / window_ns) if window_ns else None
    return Drift(round(rise_ppm), significant, significant and abs(rise_ppm) > least_ppm, hourly)


def _line(means: list[float], centre: float) -> tuple[float, float]:
    """Slope of least squares per batch and its standard error."""
    places = [place - (len(means) - 1) / 2 for place in range(len(means))]
    spread = math.fsum(place * place for place in places)
    slope = math.fsum(place * mean for place, mean in zip(places, means, strict=True)) / spread
    left = math.fsum((mean - centre - slope * place) ** 2 for place, mean in zip(places, means, strict=True))
    return slope, math.sqrt(left / (len(means) - 2) / spread)


def _quantile(freedom: int) -> float:
    # Nine decimals: the last digits depend on the machine's logarithm, the answer may not.
    return round(t_quantile(0.995, freedom), 9)


def in_flight(scheduled_ns: NDArray[np.int64], last_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Requests in flight at each request's due time: those due by then, itself included, less those complete by then. Any order of rows."""
    due = np.searchsorted(np.sort(scheduled_ns), scheduled_ns, side="right")
    return np.asarray(due - np.searchsorted(np.sort(last_ns), scheduled_ns, side="right"), np.int64)


def over_saturated(latencies_ns: NDArray[np.int64], flying: NDArray[np.int64], window_ns: int, least_window_ns: int = 30_000_000_000) -> bool:
    """Whether the backlog grows: latencies and requests in flight both rise significantly, over a window of at least `least_window_ns`.

    The latencies then describe the length of the window, not the system. Rows in due order; `flying` as `in_flight` gives it.
    """
    return window_ns >= least_window_ns and all(
        found.significant and found.slope_ppm is not None and found.slope_ppm > 0 for found in (drift(latencies_ns), drift(flying))
    )


def settled(latencies_ns: NDArray[np.int64]) -> bool:
    """Whether a stretch of warm-up has reached its level: at least 40 requests, and no drift up or down beyond the limit."""
    return len(latencies_ns) >= LEAST_REQUESTS and not drift(latencies_ns).drifting
