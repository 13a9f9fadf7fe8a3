"""Whether the schedule that was offered is the one that the methodology's seed gives: a re-anchored or thinned schedule is refused."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.evidence import Evidence
from runner.contract.problems import Problem
from runner.contract.schedules import mismatch, requests_in


def schedule_problems(evidence: Evidence) -> Iterator[Problem]:
    """`schedule-mismatch` for each trial whose scheduled times are not those of seed, rate and window, or of a slot that became free."""
    load = evidence.methodology.load
    if load.rate_per_s is None:
        yield from _closed(evidence)
        return
    for trial in evidence.run.trials:
        scheduled = evidence.samples.only(trial.index).t_scheduled_ns
        needed = requests_in(load.rate_per_s, trial.window_end_ns - trial.window_start_ns)
        if len(scheduled) != needed:
            path = f"samples.parquet:t_scheduled_ns (trial {trial.index})"
            yield Problem(path, f"{len(scheduled)} requests", f"{needed} requests", "send every request of the schedule", "schedule-mismatch")
        elif problem := mismatch(scheduled, trial.window_start_ns, load, trial.index, trial.schedule_sha256):
            yield problem


def _closed(evidence: Evidence) -> Iterator[Problem]:
    """A single stream schedules its first request at the window's start and every other one at the end of the one before."""
    if evidence.methodology.load.concurrency != 1:
        return
    for trial in evidence.run.trials:
        mine = evidence.samples.only(trial.index)
        if len(mine) and (mine.t_scheduled_ns[0] != trial.window_start_ns or (mine.t_scheduled_ns[1:] != mine.t_last_ns[:-1]).any()):
            path = f"samples.parquet:t_scheduled_ns (trial {trial.index})"
            expected = "the window's start, then the end of the request before"
            yield Problem(path, "other times", expected, "send the rows as the driver wrote them", "schedule-mismatch")
