"""Latency distributions reduced for drawing: a few exact order statistics of each trial, computed once for each set of stored bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lynxweb.registry import storage
from runner.contract.run import OperatingPoint, Run
from runner.contract.samples import decode
from runner.contract.statistics import rank
from runner.contract.window_rows import rows_of

MOST_POINTS: Final = 2_000  # of one trial
MOST_POINTS_OF_RUN: Final = 6_000  # of all trials together: bounds the page and what a process remembers
MOST_REMEMBERED: Final = 64  # runs; with 16 bytes a point about 6 MB
SHOWN_PERMILLES: Final = (500, 900, 950, 990, 999)


@dataclass(frozen=True, eq=False)
class Curve:
    """Order statistics of one trial: `latencies_ns[i]` is the `ranks[i]`-th smallest of `n`; ranks count from 1 and rise."""

    n: int
    ranks: npt.NDArray[np.int64]
    latencies_ns: npt.NDArray[np.int64]

    def thinned(self, most: int) -> Curve:
        """At most `most` of these points, with the ends and every stated percentile among them."""
        if len(self.ranks) <= most:
            return self
        kept = np.searchsorted(self.ranks, chosen_ranks(self.n, most))
        kept = np.unique(np.minimum(kept, len(self.ranks) - 1))
        return Curve(self.n, self.ranks[kept], self.latencies_ns[kept])


def curve_of(ordered_ns: npt.NDArray[np.int64], most: int = MOST_POINTS) -> Curve:
    """At most `most` exact order statistics of sorted latencies in ns."""
    ranks = np.array(chosen_ranks(len(ordered_ns), most), np.int64)
    return Curve(len(ordered_ns), ranks, ordered_ns[ranks - 1])


# The key is a digest of the samples and the exact run document, which holds the windows: both are write-once, so nothing can go stale.
@lru_cache(maxsize=MOST_REMEMBERED)
def curves_of(samples_sha256: str, run_document: bytes) -> tuple[Curve, ...]:
    """A curve a trial of stored samples at the first operating point; whoever asks has checked that the actor may see the run.

    Audit and search trials have none: they enter no headline.
    """
    run, samples = Run.model_validate_json(run_document), decode(storage.fetch(samples_sha256))
    number = number_of(run.operating_points[0])
    places = [(trial, window) for trial in run.trials if trial.purpose == "measure" for window in trial.points if window.point == number]
    most = min(MOST_POINTS, MOST_POINTS_OF_RUN // max(len(places), 1))
    return tuple(curve_of(rows_of(samples, trial, window).latencies_ns, most) for trial, window in places)


def number_of(point: OperatingPoint) -> int:
    """The number of an operating point among the windows of each trial: 3 of `p3`."""
    return int(point.name.removeprefix("p"))


def chosen_ranks(n: int, most: int) -> list[int]:
    """At most `most` 1-based ranks of n order statistics: the ends, every stated percentile exactly, the rest spaced evenly."""
    if n <= most:
        return list(range(1, n + 1))
    exact = {1, n, *(rank(n, permille) for permille in SHOWN_PERMILLES)}
    spread = np.linspace(1, n, most - len(exact)).round().astype(int).tolist()
    return sorted(exact | set(spread))
