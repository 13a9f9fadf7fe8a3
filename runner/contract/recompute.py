"""From raw samples to stated numbers: the runner states with this code, the site recomputes with it, and every number must agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from runner.contract.methodology import Methodology
from runner.contract.metrics import DEFINITIONS, MetricDefinition
from runner.contract.problems import Problem
from runner.contract.run import MetricValue, OperatingPoint, Run, Trial, Withheld
from runner.contract.samples import STATUS, Samples
from runner.contract.statistics import log_interval, median, rank, requests_needed, text

POINT = "p0"


@dataclass(frozen=True)
class TrialRows:
    """The rows of one trial: latencies in ns of completed requests scheduled inside the window, sorted, and its counts."""

    latencies_ns: npt.NDArray[np.int64]
    from_issue_ns: npt.NDArray[np.int64]
    completed_inside: int
    failed: int
    timed_out: int
    window_ns: int


def rows_of(samples: Samples, trial: Trial) -> TrialRows:
    """The rows of `trial` under the window rule: completions count where they complete, latencies where they were scheduled."""
    mine = samples.only(trial.index)
    scheduled, sent, last, status = mine.t_scheduled_ns, mine.t_sent_ns, mine.t_last_ns, mine.status
    inside = (scheduled >= trial.window_start_ns) & (scheduled < trial.window_end_ns)
    ok = status == STATUS["ok"]
    done = ok & (last >= trial.window_start_ns) & (last <= trial.window_end_ns)
    return TrialRows(
        np.sort((last - scheduled)[ok & inside]),
        np.sort((last - sent)[ok & inside]),
        int(done.sum()),
        int((inside & ((status == STATUS["error"]) | (status == STATUS["cancelled"]))).sum()),
        int((inside & (status == STATUS["timeout"])).sum()),
        trial.window_end_ns - trial.window_start_ns,
    )


def operating_points(samples: Samples, trials: Sequence[Trial], methodology: Methodology, batch: int) -> tuple[OperatingPoint, ...]:
    """The operating points that the samples give; shapes `sweep` and later ones would yield several, `point` yields one."""
    rows = [rows_of(samples, trial) for trial in trials]
    stated, withheld = _metrics(rows, methodology)
    load = methodology.load
    return (
        OperatingPoint(
            name=POINT,
            loop=load.loop,
            process=load.process,
            concurrency=load.concurrency,
            rate_per_s=load.rate_per_s,
            batch=batch,
            completed=sum(trial.completed_inside for trial in rows),
            failed=sum(trial.failed for trial in rows),
            timed_out=sum(trial.timed_out for trial in rows),
            window_ns=sum(trial.window_ns for trial in rows),
            metrics=tuple(stated),
            withheld=tuple(withheld),
        ),
    )


def _metrics(rows: Sequence[TrialRows], methodology: Methodology) -> tuple[list[MetricValue], list[Withheld]]:
    stated: list[MetricValue] = []
    withheld: list[Withheld] = []
    for name in methodology.metrics.definitions:
        definition = DEFINITIONS[name]
        if definition.aggregation == "rate":
            stated.append(_value(definition, [Decimal(trial.completed_inside) * 10**9 / trial.window_ns for trial in rows], rows))
            continue
        assert definition.permille is not None
        needed, fewest = requests_needed(definition.permille), min(len(trial.latencies_ns) for trial in rows)
        if fewest < needed:
            withheld.append(Withheld(definition=name, reason="too-few-requests", requests_needed=needed, requests_fewest=fewest))
            continue
        stated.append(_value(definition, [_order_statistic(trial, definition) for trial in rows], rows))
    return stated, withheld


def _order_statistic(trial: TrialRows, definition: MetricDefinition) -> Decimal:
    assert definition.permille is not None
    column = trial.latencies_ns if definition.origin == "scheduled" else trial.from_issue_ns
    return Decimal(int(column[rank(len(column), definition.permille) - 1]))


def _value(definition: MetricDefinition, values: Sequence[Decimal], rows: Sequence[TrialRows]) -> MetricValue:
    places = 0 if definition.rounding == "integer half-even" else 3
    stated = [Decimal(text(value, places)) for value in values]
    interval = log_interval(stated)
    low, high = (text(interval[0], places), text(interval[1], places)) if interval else (None, None)
    return MetricValue(
        definition=definition.id,
        unit=definition.unit,
        value=text(median(stated), places),
        n_trials=len(rows),
        n_requests=sum(trial.completed_inside if definition.aggregation == "rate" else len(trial.latencies_ns) for trial in rows),
        ci_low=low,
        ci_high=high,
        ci_method="t_on_logarithms_of_trials" if interval else "none",
        trial_values=tuple(text(value, places) for value in stated),
    )


def disagreements(run: Run, recomputed: Sequence[OperatingPoint]) -> Iterator[Problem]:
    """Every stated number that the samples do not give (gate G-17)."""
    stated = [point.model_dump(mode="json") for point in run.operating_points]
    true = [point.model_dump(mode="json") for point in recomputed]
    for path, found, expected in _differences(stated, true, "run.operating_points"):
        yield Problem(path, str(found)[:80], str(expected)[:80], "state the numbers that the samples give", "numbers-differ")


def _differences(found: object, expected: object, path: str) -> Iterator[tuple[str, object, object]]:
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            yield from _differences(found.get(key), expected.get(key), f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from _differences(one, other, f"{path}[{place}]")
    elif found != expected:
        yield path, found, expected
