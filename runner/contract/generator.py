"""How the load generator offered its schedule: its lag, the rate it reached, how many requests were in flight, and whether gaps look drawn.

Facts alone; which of them invalidates a run is for the gates to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from runner.contract.goodness import distance, distinct_expected, gamma_probability, kolmogorov_p
from runner.contract.samples import Samples, lag_queue_service
from runner.contract.statistics import rank

MILLION = 1_000_000
LEAST_GAPS = 100
REPEATS_SHARE = 0.99
SECOND_NS = 1_000_000_000
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LagFacts:
    """Order statistics of the lag in ns, and of what it is held against: the service time and the latency from schedule."""

    p50_ns: int
    p99_ns: int
    max_ns: int
    service_p50_ns: int
    latency_p50_ns: int

    def limit_ns(self, floor_ns: int, share_ppm: int, *, of_latency: bool = False) -> int:
        """The larger of `floor_ns` and a share of the median service time, or of the median latency from schedule."""
        return max(floor_ns, (self.latency_p50_ns if of_latency else self.service_p50_ns) * share_ppm // MILLION)


@dataclass(frozen=True)
class GapFit:
    """How gaps fit the law that was declared: Kolmogorov's distance and the probability of a larger one by chance."""

    gaps: int
    distance: float
    p: float


@dataclass(frozen=True)
class Repeats:
    """How many distinct gaps there are, and how many chance would leave of as many gaps with the same mean."""

    gaps: int
    distinct: int
    expected: float

    @property
    def beyond_chance(self) -> bool:
        """Fewer than 99 % of the expected, and by more than four standard deviations, so that a few requests at a high rate raise no alarm."""
        spread = 4.0 * math.sqrt(max(self.gaps - self.expected, 0.0))
        return self.gaps >= LEAST_GAPS and self.distinct < REPEATS_SHARE * self.expected - spread


def lag_facts(rows: Samples, *, serial: bool = True) -> LagFacts | None:
    """The lag of the rows of one window; None without rows."""
    if not len(rows):
        return None
    lag, queue, service = lag_queue_service(rows, serial=serial)
    lag = np.sort(lag)
    middle, high = rank(len(rows), 500) - 1, rank(len(rows), 990) - 1
    latency = rows.t_last_ns - rows.t_scheduled_ns
    return LagFacts(int(lag[middle]), int(lag[high]), int(lag[-1]), int(np.sort(service)[middle]), int(np.sort(latency)[middle]))


def achieved_ppm(rows: Samples, *, serial: bool = True) -> int | None:
    """Achieved over offered rate: (sched_n − sched_1) / (free_n − free_1), free = sent − queue, in ppm; None where rows span no time.

    The generator answers for its lag alone, so the time that a request waited for a busy system is taken off. A million is exact; below it, late.
    """
    if len(rows) < 2:
        return None
    _, queue, _ = lag_queue_service(rows, serial=serial)
    offered = int(rows.t_scheduled_ns[-1] - rows.t_scheduled_ns[0])
    free = rows.t_sent_ns - queue
    return round(Fraction(offered * MILLION, max(1, int(free[-1] - free[0])))) if offered > 0 else None


def in_flight_at_most(rows: Samples) -> int:
    """The largest number of requests in flight at one moment, from sent up to but not including last."""
    return most_at_once(rows.t_sent_ns, rows.t_last_ns)


def most_at_once(sent_ns: Integers, last_ns: Integers) -> int:
    """The most of these stretches that hold one moment, from sent up to but not including last; 0 for none."""
    if not len(sent_ns):
        return 0
    sent, last = np.sort(sent_ns), np.sort(last_ns)
    return int(np.max(np.arange(1, len(sent) + 1) - np.searchsorted(last, sent, side="right")))


def gap_repeats(due_ns: Integers, gamma_shape: str | None = None) -> Repeats:
    """Distinct gaps of a schedule of exponential gaps, or of gamma gaps with this shape, against chance; times in whole ns."""
    gaps = np.diff(due_ns)
    mean = float(due_ns[-1] - due_ns[0]) / len(gaps) if len(gaps) else 0.0
    expected = distinct_expected(len(gaps), mean, float(Fraction(gamma_shape or "1"))) if mean > 0.0 else 0.0
    return Repeats(len(gaps), len(np.unique(gaps)), expected)


def repeated_gaps(due_ns: Integers, gamma_shape: str | None = None) -> bool:
    """Whether gaps repeat more often than chance lets exponential gaps, or gamma gaps with this shape; all at one moment is a repeat too."""
    found = gap_repeats(due_ns, gamma_shape)
    return found.beyond_chance or (found.gaps >= LEAST_GAPS and found.distinct == 1)


def gap_fit(due_ns: Integers, process: str, rate_per_s: str, gamma_shape: str | None = None) -> GapFit | None:
    """Kolmogorov–Smirnov of the gaps against the declared process at the declared rate; None for a process without independent gaps.

    For schedules whose seed nobody knows. Gaps are known to half a nanosecond, which counts where a small shape puts many of them near 0.
    """
    if process not in ("poisson", "gamma") or len(due_ns) < 2:
        return None
    gaps, per_ns = np.diff(due_ns).astype(np.float64), float(Fraction(rate_per_s) / SECOND_NS)
    shape = float(Fraction(gamma_shape or "1")) if process == "gamma" else 1.0
    found = distance(gamma_probability((gaps - 0.5) * per_ns, shape), gamma_probability((gaps + 0.5) * per_ns, shape))
    return GapFit(len(gaps), found, kolmogorov_p(found, len(gaps)))
