"""Rows that a generator may have written, and the evidence of one trial around them; digests are those of the rows, whatever they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.samples import Samples
from runner.contract.schedule_check import schedule_problems
from runner.contract.schedules import digest, due_times
from tests.builders import SECOND, evidence, executor, methodology

START, LENGTH, RATE, SERVICE, LAG = 10 * SECOND, 5 * SECOND, "150", 2_000_000, 200
OPEN = {"load__loop": "open", "load__process": "poisson", "load__concurrency": None, "load__rate_per_s": RATE}


def table(scheduled: np.ndarray, sent: np.ndarray, last: np.ndarray, point: int = 0, **columns: np.ndarray) -> Samples:
    n = len(scheduled)
    return Samples(
        trial=np.zeros(n, np.int64), point=np.full(n, point, np.int64), request=np.arange(n, dtype=np.int64),
        t_scheduled_ns=np.asarray(scheduled, np.int64), t_sent_ns=np.asarray(sent, np.int64), t_last_ns=np.asarray(last, np.int64),
        **({"batch_size": np.ones(n, np.int32), "status": np.zeros(n, np.int8)} | columns),
    )  # fmt: skip


def served(due: np.ndarray, service_ns: int = SERVICE, workers: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(sent, last) of workers that take requests in due order, `LAG` after the later of due and free."""
    free = [0] * workers
    sent, last = np.empty_like(due), np.empty_like(due)
    for row, at in enumerate(due.tolist()):
        worker = free.index(min(free))
        sent[row] = max(at, free[worker]) + LAG
        last[row] = free[worker] = sent[row] + service_ns
    return sent, last


def serial(due: np.ndarray) -> Samples:
    return table(due, *served(due))


def opened(rows: Samples, trial: dict[str, Any] | None = None, trace: np.ndarray | None = None, what: Any = None, **load: Any) -> Evidence:
    """Evidence of one trial and one window; the digest of its schedule is that of the rows, whatever they are."""
    how, what = methodology(**{**OPEN, **load}), what or executor()
    found = evidence(how, what)
    offered = digest(rows.t_scheduled_ns - START) if how.load.loop == "open" else None
    changes = {"window_start_ns": START, "window_end_ns": START + LENGTH, "schedule_sha256": offered, **(trial or {})}
    trials = (found.run.trials[0].model_copy(update=changes),)
    return replace(found, run=found.run.model_copy(update={"trials": trials}), samples=rows, trace=trace)


def codes(found: Evidence) -> set[str]:
    return {problem.code for problem in schedule_problems(found)}


def due_of(load: Load, window_ns: int = LENGTH, **chosen: Any) -> np.ndarray:
    return START + due_times(load, window_ns, 0, 0, **chosen)


def loaded(**load: Any) -> Load:
    return methodology(**{**OPEN, **load}).load


def numbered(rows: Samples, kept: np.ndarray) -> Samples:
    return replace(rows.rows(kept), request=np.arange(int(kept.sum()), dtype=np.int64))


def at_sending(rows: Samples) -> Samples:
    return replace(rows, t_scheduled_ns=rows.t_sent_ns)
