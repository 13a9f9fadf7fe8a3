"""The floor: what a request costs that does nothing, in the same driver, published beside the result and never subtracted."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from runner.contract.loads import Load
from runner.contract.schedules import offsets, rate_of
from runner.contract.statistics import rank
from runner.load.clock import SECOND_NS, Clock
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Serve
from runner.load.open import open_loop

REQUESTS = 2_000


@dataclass(frozen=True)
class Floor:
    """Order statistics of the latency from schedule of a backend that does nothing, in ns."""

    p50_ns: int
    p99_ns: int


def floor(run: Serve, prepared: object, load: Load, clock: Clock, *, spin: int | None = None, longest_ns: int = SECOND_NS) -> Floor:
    """The floor of the driver that `load` asks for: 2,000 requests to a do-nothing `run`, fewer where a rate would need more than `longest_ns`."""
    columns = _measured(run, prepared, load, clock, spin, longest_ns)
    latencies = np.sort(columns.t_last_ns - columns.t_scheduled_ns)
    return Floor(int(latencies[rank(len(latencies), 500) - 1]), int(latencies[rank(len(latencies), 990) - 1]))


def _measured(run: Serve, prepared: object, load: Load, clock: Clock, spin: int | None, longest_ns: int) -> Columns:
    nothing = np.zeros(1, np.int64)
    if load.rate_per_s is None:
        return closed_loop(run, [prepared], nothing, None, clock, requests=REQUESTS)
    requests = min(REQUESTS, max(1, int(rate_of(load.rate_per_s) * longest_ns / SECOND_NS)))
    window_ns = int(Fraction(requests * SECOND_NS) / rate_of(load.rate_per_s))
    due = offsets(load.process, load.rate_per_s, requests, load.seed, 0, 0)
    return open_loop(run, [prepared], nothing, due, window_ns, clock, spin=spin)
