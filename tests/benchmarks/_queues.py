"""Serving systems whose true answer is known, as arithmetic on whole arrays: minutes of load in milliseconds.

Each serves an open loop on the runner's own Poisson schedules and a closed loop of any concurrency, and gives the windows that a driver would.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from runner.contract.samples import STATUS
from runner.contract.schedules import offsets, requests_in
from runner.load.driver import Columns

SECOND_NS = 1_000_000_000
Integers = npt.NDArray[np.int64]
Times = tuple[Integers, Integers]
# (due times, rate per second, generator of random numbers) -> when each request was sent and when it was done, both in ns.
Served = Callable[[Integers, Fraction, np.random.Generator], Times]


@dataclass(frozen=True)
class Queue:
    """A system: how it serves due times, how many a second it completes at a concurrency, and the seed of everything random in it."""

    served: Served
    closed_per_s: Callable[[int], float]
    seed: int
    poisson_closed: bool = True

    def serve(self, rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        """One open-loop window, which begins with an empty system; step and chunk choose the arrivals."""
        due = offsets("poisson", rate_per_s, requests_in(rate_per_s, length_ns), str(self.seed), step, chunk)
        sent, last = self.served(due, Fraction(rate_per_s), np.random.default_rng((self.seed, step, chunk)))
        return _columns(due, sent, last, length_ns)

    def serve_closed(self, concurrency: int, length_ns: int) -> Columns:
        """One closed-loop window: completions at the pace of the concurrency, exponentially spaced where the service is."""
        pace, random = self.closed_per_s(concurrency), np.random.default_rng((self.seed, 10**6, concurrency))
        n = math.ceil(pace * length_ns / SECOND_NS * 1.2) + 100
        gaps = random.exponential(SECOND_NS / pace, n) if self.poisson_closed else np.full(n, SECOND_NS / pace)
        last = np.rint(np.cumsum(gaps)).astype(np.int64)
        last = last[: int(np.searchsorted(last, length_ns)) + 1]
        begun = np.concatenate([np.zeros(concurrency, np.int64), last])[: len(last)]
        return _columns(begun, begun, last, length_ns)


def _columns(due: Integers, sent: Integers, last: Integers, length_ns: int) -> Columns:
    return Columns(due, sent, last, np.full(len(due), STATUS["ok"], np.int8), 0, length_ns)


def fifo(due: Integers, services_ns: npt.NDArray[np.float64]) -> Times:
    """One server, first come first served (Lindley's recursion, unrolled): request i begins at the latest of its due time and the end before."""
    services = np.maximum(np.rint(services_ns).astype(np.int64), 1)
    ends = np.cumsum(services)
    last = np.maximum.accumulate(due - (ends - services)) + ends
    return last - services, last


def mm1(mu_per_s: int, seed: int) -> Queue:
    """Exponential service, one server."""
    return Queue(lambda due, _, random: fifo(due, random.exponential(SECOND_NS / mu_per_s, len(due))), lambda _: mu_per_s, seed)


def md1(mu_per_s: int, seed: int) -> Queue:
    """Constant service, one server."""
    return Queue(lambda due, _, __: fifo(due, np.full(len(due), SECOND_NS / mu_per_s)), lambda _: mu_per_s, seed, poisson_closed=False)


def cliff(mu_per_s: int, edge_per_s: int, slower: int, seed: int) -> Queue:
    """M/M/1 up to a rate; above it every service takes `slower` times as long."""

    def served(due: Integers, rate: Fraction, random: np.random.Generator) -> Times:
        return fifo(due, random.exponential(SECOND_NS / mu_per_s, len(due)) * (slower if rate > edge_per_s else 1))

    return Queue(served, lambda _: mu_per_s, seed)


def stalling(mu_per_s: int, edge_per_s: int, stall_ns: int, seed: int) -> Queue:
    """M/M/1 up to a rate; above it every third request takes `stall_ns` longer, without holding up the others."""

    def served(due: Integers, rate: Fraction, random: np.random.Generator) -> Times:
        sent, last = fifo(due, random.exponential(SECOND_NS / mu_per_s, len(due)))
        return sent, last + np.where(random.random(len(due)) < 1 / 3, stall_ns, 0) * (rate > edge_per_s)

    return Queue(served, lambda _: mu_per_s, seed)


def batching(most: int, base_ns: int, each_ns: int, seed: int) -> Queue:
    """One server that takes everything that waits, up to `most`, whenever it is free; a batch of b takes base + b · each."""

    def served(due: Integers, _: Fraction, __: np.random.Generator) -> Times:
        waiting, sent, last, first, free = due.tolist(), np.empty_like(due), np.empty_like(due), 0, 0
        while first < len(waiting):
            begun = max(free, waiting[first])
            end = min(bisect_right(waiting, begun, first, min(first + most, len(waiting))), first + most)
            free = begun + base_ns + (end - first) * each_ns
            sent[first:end], last[first:end] = begun, free
            first = end
        return sent, last

    def pace(concurrency: int) -> float:
        batch = min(concurrency, most)
        return batch * SECOND_NS / (base_ns + batch * each_ns)

    return Queue(served, pace, seed, poisson_closed=False)


def mm1_truth(mu_per_s: int, permille: int, limit_ns: int) -> float:
    """The rate at which the quantile of the time in system, ln(1/(1 - p)) / (mu - lambda), is the limit."""
    return mu_per_s - math.log(1000 / (1000 - permille)) * SECOND_NS / limit_ns


def md1_truth(mu_per_s: int, permille: int, limit_ns: int) -> float:
    """The same for constant service, from Erlang's series for the wait; by bisection."""
    wait = Decimal(limit_ns) * mu_per_s / SECOND_NS - 1
    low, high = Decimal(1) / 100, Decimal(1)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 1000 * _within(middle, wait) >= permille else (low, middle)
    return float(low) * mu_per_s


def _within(rho: Decimal, wait: Decimal) -> Decimal:
    """P(W <= wait) of M/D/1 in units of the service: (1 - rho) sum over k <= wait of (rho (k - wait))^k / k! · exp(-rho (k - wait)); its terms
    alternate and cancel, hence the digits."""
    with localcontext() as context:
        context.prec = 80
        terms = ((rho * (k - wait), k) for k in range(int(wait) + 1))
        return (1 - rho) * sum(((x**k if k else Decimal(1)) / math.factorial(k) * (-x).exp() for x, k in terms), Decimal(0))


def long_run_truth(queue: Queue, permille: int, limit_ns: int, low_per_s: float, high_per_s: float, length_ns: int) -> float:
    """The highest rate whose share within the limit, over a long window, is at least p; by bisection to 0.1 %."""
    while high_per_s - low_per_s > high_per_s / 1000:
        middle = (low_per_s + high_per_s) / 2
        columns = queue.serve(f"{middle:.1f}".removesuffix(".0"), length_ns, 10**6, 0)
        within = float((columns.t_last_ns - columns.t_scheduled_ns <= limit_ns).mean())
        low_per_s, high_per_s = (middle, high_per_s) if within * 1000 >= permille else (low_per_s, middle)
    return (low_per_s + high_per_s) / 2
