"""Which runs another organisation has repeated: asked when a run is shown and never stored, because either run may still be withdrawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from lynxweb.registry.models import Run
from lynxweb.registry.rulings import excluded
from runner.contract.findings import HEADLINE
from runner.contract.reproduction import Result, reproduces

VALIDATED, REPRODUCED = "validated", "reproduced"


def reproductions_of(runs: Iterable[Run]) -> frozenset[str]:
    """Digests of those among `runs` that a published, public, standing and valid run of another organisation repeats; three queries at most.

    A run that is withdrawn, invalid or excluded by a ruling is neither repeated nor repeats another.
    """
    asked = {run.digest: run for run in runs if run.state == "standing" and run.validity != "invalid"}
    if not asked:
        return frozenset()
    others = list(Run.objects.standing().disclosed().like(asked.values()).select_related("executor").prefetch_related("metrics").order_by("position"))
    out = excluded([*asked, *(other.digest for other in others)])
    by_configuration: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for other in others:
        if other.digest not in out:
            by_configuration[other.methodology_id, other.executor.fingerprint].append(_result(other))
    return frozenset(
        digest
        for digest, run in asked.items()
        if digest not in out and any(reproduces(_result(run), one) for one in by_configuration[run.methodology_id, run.executor.fingerprint])
    )


def shown_grades(runs: Iterable[Run]) -> dict[str, str]:
    """The grade of each run as a reader sees it: `reproduced` where the stored grade is `validated` and a reproduction stands."""
    listed = list(runs)
    repeated = reproductions_of(run for run in listed if run.grade == VALIDATED)
    return {run.digest: REPRODUCED if run.digest in repeated else run.grade for run in listed}


def _result(run: Run) -> Result:
    withheld = run.latency_withheld and run.primary_metric.startswith("latency")
    stated = (row.value for row in run.metrics.all() if row.definition == run.primary_metric and row.point == HEADLINE)
    value = None if withheld else next(stated, None)
    return Result(run.organisation_id, run.instance, run.methodology_id, run.executor.fingerprint, value)
