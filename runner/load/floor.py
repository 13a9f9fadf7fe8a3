"""The floor: what a request costs that does nothing, in the same driver, published beside the result and never subtracted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from runner.contract.loads import Load
from runner.contract.schedules import offsets, rate_of
from runner.contract.statistics import rank
from runner.load.batcher import BatchRule
from runner.load.clock import SECOND_NS, Clock
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Integers, Serve
from runner.load.lead import give_way
from runner.load.open import open_loop
from runner.load.pool import batched_loop, pool_loop
from runner.load.slots import concurrent_loop

REQUESTS = 2_000
RATE_WITHOUT_ONE = "1000"
NOTHING = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Floor:
    """Order statistics of the latency from schedule of a backend that does nothing, in ns; with several workers or batches, without the wait."""

    p50_ns: int
    p99_ns: int


def floor(
    run: Serve, prepared: object, load: Load, clock: Clock, *, spin: int | None = None, longest_ns: int = SECOND_NS, workers: int = 1,
    rule: BatchRule | None = None,
) -> Floor:  # fmt: skip
    """The floor of the driver that load and serving shape ask for: 2,000 requests to a do-nothing `run`, or as many as fit into `longest_ns`.

    `prepared` is any request: it is handed to `run` by all workers or slots. `rule` asks for dynamic batches.
    """
    columns = _measured(run, prepared, load, clock, spin, longest_ns, workers, rule)
    shared = workers > 1 or rule is not None
    latencies = np.sort(_without_wait(columns) if shared else columns.t_last_ns - columns.t_scheduled_ns)
    return Floor(int(latencies[rank(len(latencies), 500) - 1]), int(latencies[rank(len(latencies), 990) - 1]))


def handoff_ns(
    load: Load, clock: Clock, *, spin: int | None = None, longest_ns: int = SECOND_NS, workers: int = 1, let_go: Callable[[], None] = give_way
) -> int | None:
    """What several threads cost a request: the median time from its slot to its answer if it does nothing but let go of the interpreter's lock.

    None for one slot or worker, which needs no thread.
    """
    if (load.concurrency or workers) == 1:
        return None
    found = np.sort(_without_wait(_measured(lambda prepared: let_go(), None, load, clock, spin, longest_ns, workers, None)))
    return int(found[rank(len(found), 500) - 1])


def _without_wait(columns: Columns) -> Integers:
    lag, _, service = columns.parts()
    return lag + service


def _measured(
    run: Serve, prepared: object, load: Load, clock: Clock, spin: int | None, longest_ns: int, workers: int, rule: BatchRule | None
) -> Columns:
    slots = load.concurrency or 1
    if load.loop == "closed" and slots == 1:
        return closed_loop(run, [prepared], NOTHING, None, clock, requests=REQUESTS)
    if load.loop == "closed":
        return concurrent_loop(run, [[prepared]] * slots, NOTHING, None, clock, requests=max(REQUESTS, slots))
    due, window_ns = _arrivals(load, longest_ns)
    if rule is not None:
        return batched_loop([run] * workers, NOTHING, due, window_ns, clock, most=rule.most, timeout_ns=rule.timeout_ns, spin=spin)
    if workers > 1:
        return pool_loop(run, [[prepared]] * workers, NOTHING, due, window_ns, clock, spin=spin)
    return open_loop(run, [prepared], NOTHING, due, window_ns, clock, spin=spin)


def _arrivals(load: Load, longest_ns: int) -> tuple[Integers, int]:
    """A short schedule at the load's rate: evenly spaced where the load is, Poisson else; a recording has no rate and gets one of its own."""
    rate = load.rate_to_per_s or load.rate_per_s or RATE_WITHOUT_ONE
    requests = min(REQUESTS, max(1, int(rate_of(rate) * longest_ns / SECOND_NS)))
    process = "constant" if load.process == "constant" else "poisson"
    return offsets(process, rate, requests, load.seed, 0, 0), int(Fraction(requests * SECOND_NS) / rate_of(rate))
