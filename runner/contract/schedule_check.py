"""Whether the schedule that was offered is the one that the methodology's seed gives: a re-anchored or thinned schedule is refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from runner.contract.evidence import Evidence
from runner.contract.problems import Problem
from runner.contract.schedules import offsets_ns, schedule_digest


def schedule_problems(evidence: Evidence) -> Iterator[Problem]:
    """`schedule-mismatch` for each trial whose scheduled times are not those of seed and parameters; only open loop has a schedule."""
    load = evidence.methodology.load
    if load.loop == "closed":
        return
    assert load.rate_per_s is not None
    for trial in evidence.run.trials:
        scheduled = evidence.samples.only(trial.index).t_scheduled_ns
        window_ns = trial.window_end_ns - trial.window_start_ns
        derived = offsets_ns(load.process, load.rate_per_s, window_ns, seed=load.seed, point="p0", trial=trial.index)
        found, expected = schedule_digest(scheduled - trial.window_start_ns), schedule_digest(derived)
        if not (found == expected == trial.schedule_sha256) or not bool(np.all(np.diff(scheduled) >= 0)):
            path = f"samples.parquet:t_scheduled_ns (trial {trial.index})"
            yield Problem(path, found, expected, "offer the schedule of the methodology's seed", "schedule-mismatch")
