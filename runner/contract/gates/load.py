"""Gates on the load: what the generator did, whether requests piled up, and whether the window was stationary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from runner.contract.evidence import Evidence
from runner.contract.findings import Finding
from runner.contract.generator import repeated_gaps
from runner.contract.methodology import GROWN_SEMANTICS
from runner.contract.samples import lag_queue_service
from runner.contract.stationarity import drift, in_flight, over_saturated
from runner.contract.statistics import rank
from runner.contract.window_rows import WindowRows

Integers = npt.NDArray[np.int64]
MILLION = 1_000_000
ACHIEVED_SHARE_PPM = 980_000
RANDOM_GAPS = ("poisson", "gamma")


def windows_of(evidence: Evidence, purposes: Sequence[str] = ("measure",)) -> Iterator[tuple[str, WindowRows]]:
    """(path, rows) of every window of the trials with these purposes."""
    for trial in evidence.run.trials:
        if trial.purpose in purposes:
            for window in trial.points:
                place = f".windows[{window.point}]" if trial.windows else ""
                yield f"run.trials[{trial.index}]{place}", evidence.rows(trial, window)


def generator(evidence: Evidence) -> Iterator[Finding]:
    """G-09: the generator answers for its lag and, in open loop, for the rate it offered; a backlog is the system's."""
    for path, rows in windows_of(evidence):
        mine = evidence.samples.only(rows.trial, rows.window.point)
        if not len(mine):
            continue
        lag, queue, service = lag_queue_service(mine)
        yield from _lag(evidence, path, np.sort(lag), np.sort(service))
        if evidence.methodology.load.loop == "open":
            yield from _rate(evidence, path, mine.t_scheduled_ns, mine.t_sent_ns - queue)
            yield from _backlog(path, rows)


def _lag(evidence: Evidence, path: str, lag: Integers, service: Integers) -> Iterator[Finding]:
    limits = evidence.methodology.gates
    p99, p50 = int(lag[rank(len(lag), 990) - 1]), int(service[rank(len(service), 500) - 1])
    limit = max(limits.lag_floor_ns, p50 * limits.lag_share_ppm // MILLION)
    if p99 > limit:
        yield Finding("generator-limited", path, f"lag p99 {p99} ns, limit {limit} ns")


def _rate(evidence: Evidence, path: str, scheduled: Integers, offered: Integers) -> Iterator[Finding]:
    span, true = int(scheduled[-1] - scheduled[0]), int(offered[-1] - offered[0])
    if len(scheduled) < 2 or span <= 0:
        return
    error = abs(true - span) * MILLION // span
    if error > evidence.methodology.gates.max_rate_error_ppm:
        yield Finding("rate-not-offered", path, f"{error} ppm off, limit {evidence.methodology.gates.max_rate_error_ppm} ppm")


def _backlog(path: str, rows: WindowRows) -> Iterator[Finding]:
    scheduled, done = len(rows.latencies_ns) + rows.failed + rows.timed_out, rows.completed_inside + rows.failed  # what failed piles up nowhere
    if scheduled and done * MILLION // scheduled < ACHIEVED_SHARE_PPM:
        yield Finding("over-saturated", path, f"{rows.completed_inside} of {scheduled} completed inside the window")


def schedule(evidence: Evidence) -> Iterator[Finding]:
    """G-09: random gaps repeat no more often than chance lets them."""
    load = evidence.methodology.load
    if evidence.methodology.protocol.measurement_semantics < GROWN_SEMANTICS or load.process not in RANDOM_GAPS:
        return
    for path, rows in windows_of(evidence):
        if repeated_gaps(rows.due.t_scheduled_ns, load.gamma_shape):
            yield Finding("schedule-repeats", path, f"too few distinct gaps among {len(rows.due)} requests")


def stationary(evidence: Evidence) -> Iterator[Finding]:
    """The warm-up had settled, the window did not drift, and no backlog grew all through it."""
    if evidence.methodology.protocol.measurement_semantics < GROWN_SEMANTICS:
        return
    for trial in evidence.run.trials:
        if trial.purpose == "measure" and trial.settled is False:
            yield Finding("not-settled", f"run.trials[{trial.index}].settled", f"still drifting after {trial.settle_extensions} extensions")
    for path, rows in windows_of(evidence):
        found = drift(rows.due_latencies_ns, least_ppm=evidence.methodology.gates.max_drift_ppm)
        if evidence.methodology.load.loop == "open" and _growing(rows):
            yield Finding("over-saturated", path, "latency and requests in flight both grow all through the window")
        elif found.drifting:
            yield Finding("drifting", path, f"{found.slope_ppm} ppm of the mean over the window")


def _growing(rows: WindowRows) -> bool:
    flying = in_flight(rows.due.t_scheduled_ns, rows.due.t_last_ns)
    return over_saturated(rows.due_latencies_ns, flying, rows.window_ns)
