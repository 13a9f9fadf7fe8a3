"""`python -m tests.benchmarks.certificates`: how often a service level is certified that is only just not met, beside the rule of independence.

Two kinds of system of known truth: an M/M/1 queue (Poisson arrivals, exponential service of mean 1 ms, first come first served; the time in it is
exponential with mean 1 / (1 - rho) ms), and a server that takes up to 8 waiting requests at a time, at 90 % of its capacity, whose percentiles come
from one long run. The limit is the true percentile itself, so that every certificate is false; at 1.5 times the limit a certificate is right. Both
rules see the same rows. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import NDArray

from runner.contract.certificates import certify, certify_independent
from runner.contract.effective import ess
from runner.contract.statistics import wilson
from tests.benchmarks.report import finish, progress

BOUND = 0.02
PERMILLES = (900, 990)
UTILISATIONS = (0.0, 0.5, 0.7, 0.8, 0.9)
# Many short runs for each long one: as many requests in both.
SIZES = {10_000: 4, 100_000: 1}
LARGEST_BATCH, BASE_MS, EACH_MS, UTILISATION = 8, 4.0, 0.5, 0.9
WARM_UP, REFERENCE_REQUESTS = 3_000, 20_000_000
NS_PER_MS = 1_000_000

Latencies = NDArray[np.int64]
System = Callable[[np.random.Generator, int], Latencies]


def queue(utilisation: float) -> System:
    """Latencies in ns of successive requests of a stationary M/M/1 queue; independent ones at utilisation 0.

    Lindley's recursion as a running minimum, from a waiting time drawn from the queue's own law.
    """

    def serve(random: np.random.Generator, n: int) -> Latencies:
        service = random.exponential(1.0, n)
        if not utilisation:
            return (service * NS_PER_MS).astype(np.int64)
        first_wait = random.exponential(1 / (1 - utilisation)) if random.random() < utilisation else 0.0
        walk = np.concatenate(([0.0], np.cumsum(service[:-1] - random.exponential(1 / utilisation, n - 1))))
        lowest = np.minimum(np.minimum.accumulate(walk), -first_wait)
        lowest[0] = -first_wait
        return ((walk - lowest + service) * NS_PER_MS).astype(np.int64)

    return serve


def batches(random: np.random.Generator, n: int) -> Latencies:
    """Latencies in ns of a server that takes all who wait, 8 at most, whenever it is free; a batch of k takes 4 + k / 2 ms."""
    full_per_ms = LARGEST_BATCH / (BASE_MS + EACH_MS * LARGEST_BATCH)
    due_ms = np.cumsum(random.exponential(1 / (UTILISATION * full_per_ms), n + WARM_UP))
    due, ends, sizes, free, at = due_ms.tolist(), [], [], 0.0, 0
    while at < len(due):
        start = max(free, due[at])
        upto = bisect_right(due, start, at + 1, min(at + LARGEST_BATCH, len(due)))
        free = start + BASE_MS + EACH_MS * (upto - at)
        ends.append(free)
        sizes.append(upto - at)
        at = upto
    return ((np.repeat(ends, sizes) - due_ms)[WARM_UP:] * NS_PER_MS).astype(np.int64)


def queue_limit(utilisation: float, permille: int) -> float:
    """The true percentile in ns of the time in an M/M/1 queue."""
    return math.log(1000 / (1000 - permille)) / (1 - utilisation) * NS_PER_MS


def batch_limits(parts: int = 20) -> dict[int, float]:
    """The percentiles in ns of the batching server from one long run, made in parts."""
    random = np.random.default_rng(7)
    long = np.concatenate([batches(random, REFERENCE_REQUESTS // parts) for _ in range(parts)])
    return {permille: float(np.quantile(long, permille / 1000)) for permille in PERMILLES}


@dataclass
class Cell:
    """What the runs of one system, length and percentile said."""

    ours: int = 0
    independent: int = 0
    right: int = 0
    runs: int = 0
    effective: list[int] = field(default_factory=list)

    def add(self, latencies: Latencies, size: float, limit_ns: float, permille: int) -> None:
        """Judge one run by both rules at the true percentile, and by ours at 1.5 times it. `size` is the effective size of the latencies."""
        n, over = len(latencies), latencies > limit_ns
        effective = math.floor(min(size, ess(over)))
        self.runs += 1
        self.effective.append(effective)
        self.ours += certify(n, int(over.sum()), effective, permille).answer == "certified"
        self.independent += certify_independent(n, int(over.sum()), permille, 990).answer == "certified"
        over = latencies > 1.5 * limit_ns
        self.right += certify(n, int(over.sum()), math.floor(min(size, ess(over))), permille).answer == "certified"

    def figures(self) -> dict[str, object]:
        """Shares of the runs with their 95 % Wilson intervals, and the median of the effective numbers."""
        return {
            "false_certified": share(self.ours, self.runs),
            "false_certified_if_independent": share(self.independent, self.runs),
            "certified_at_1_5_times_the_limit": share(self.right, self.runs),
            "median_effective": int(median(self.effective)),
            "runs": self.runs,
        }


def share(count: int, runs: int) -> dict[str, float]:
    """A share and the ends of its interval."""
    low, high = wilson(count, runs)
    return {"share": round(count / runs, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def judged(serve: System, limits_ns: dict[int, float], n: int, runs: int, seed: tuple[int, ...]) -> dict[int, Cell]:
    """`runs` runs of n requests, each judged at every percentile."""
    random, cells = np.random.default_rng(seed), {permille: Cell() for permille in limits_ns}
    for _ in range(runs):
        latencies = serve(random, n)
        size = ess(latencies)
        for permille, cell in cells.items():
            cell.add(latencies, size, limits_ns[permille], permille)
    return cells


def main() -> None:
    """Run every cell and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300, help="runs of 100,000 requests in a cell, and four times as many of 10,000 (default 300)")
    asked = parser.parse_args()
    systems: list[tuple[str, System, dict[int, float]]] = [
        (f"queue at {rho}", queue(rho), {permille: queue_limit(rho, permille) for permille in PERMILLES}) for rho in UTILISATIONS
    ]
    systems.append((f"batches at {UTILISATION}", batches, batch_limits()))
    cells: dict[str, dict[str, object]] = {}
    independent: list[float] = []
    goals: dict[str, dict[str, object]] = {}
    for place, (name, serve, limits) in enumerate(systems):
        for n, times in SIZES.items():
            for permille, cell in judged(serve, limits, n, asked.repeats * times, (2026, place, n)).items():
                label = f"{name}, n = {n}, p{permille // 10}"
                cells[label] = cell.figures()
                found = share(cell.ours, cell.runs)
                met = found["share"] <= BOUND
                goals[label] = {"at_most": BOUND, **found, "met": met, "says": "met" if met else "missed"}
                if place:
                    independent.append(cell.independent / cell.runs)
                progress(f"certificates: {label}: {cell.figures()}")
    wrong = {"least": round(min(independent), 4), "most": round(max(independent), 4)}
    finish("certificates", {"cells": cells, "independent_rule_wrong_from_half_load_on": wrong}, goals)


if __name__ == "__main__":
    main()
