"""Whether the schedule that was offered is the one that the methodology's seed gives: a re-anchored or thinned schedule is refused."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.evidence import Evidence
from runner.contract.problems import Problem
from runner.contract.schedules import mismatch, requests_in


def schedule_problems(evidence: Evidence) -> Iterator[Problem]:
    """`schedule-mismatch` for each trial whose scheduled times are not those of seed, rate and window; only open loop has a schedule."""
    load = evidence.methodology.load
    if load.rate_per_s is None:
        return
    for trial in evidence.run.trials:
        scheduled = evidence.samples.only(trial.index).t_scheduled_ns
        needed = requests_in(load.rate_per_s, trial.window_end_ns - trial.window_start_ns)
        if len(scheduled) != needed:
            path = f"samples.parquet:t_scheduled_ns (trial {trial.index})"
            yield Problem(path, f"{len(scheduled)} requests", f"{needed} requests", "send every request of the schedule", "schedule-mismatch")
        elif problem := mismatch(scheduled, trial.window_start_ns, load, trial.index, trial.schedule_sha256):
            yield problem
