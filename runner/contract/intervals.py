"""The interval of a percentile without an assumption on the distribution: two order statistics, their ranks from effective requests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from runner.contract.binomial import cdf, first
from runner.contract.statistics import rank


def percentile_interval(ordered_ns: NDArray[np.int64], permille: int, effective: int, level_permille: int = 950) -> tuple[int | None, int | None]:
    """Ends in ns of the interval at `level_permille` around the percentile of ascending latencies worth `effective` independent ones.

    l = max{j: P(Bin(E, p) < j) <= a/2} and u = min{j: P(Bin(E, p) < j) >= 1 - a/2}, scaled from E to n outwards; None on a side on which E is too
    small to give one. The percentile itself always lies inside, also where so few effective requests would put l beyond it.
    """
    n, p, tail = len(ordered_ns), permille / 1000, (1000 - level_permille) / 2000
    if not n or not effective:
        return None, None
    beyond = first(lambda j: cdf(j - 1, effective, p) > tail, 1, effective + 1)
    upper = first(lambda j: cdf(j - 1, effective, p) >= 1 - tail, 1, effective)
    lower = (beyond or 1) - 1
    stated = rank(n, permille)
    low = None if lower < 1 else int(ordered_ns[min(stated, max(1, lower * n // effective)) - 1])
    high = None if upper is None else int(ordered_ns[max(stated, min(n, -(-upper * n // effective))) - 1])
    return low, high
