"""From raw samples to stated numbers: the runner states with this code, the site recomputes with it, and every number must agree.

Effective requests pass through a floating-point transform, so they may differ by one between machines: a stated E within one of ours is taken,
and everything that follows from it is computed from the stated one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from runner.contract.loads import Load
from runner.contract.methodology import GROWN_SEMANTICS, Methodology
from runner.contract.metrics import DEFINITIONS, MetricDefinition
from runner.contract.point_energy import energy_of_trials, energy_values
from runner.contract.point_facts import effective_of, facts_of
from runner.contract.problems import Problem
from runner.contract.run import MetricValue, OperatingPoint, Run, Trial, Withheld
from runner.contract.samples import Samples
from runner.contract.statistics import log_interval, median, rank, requests_needed, text
from runner.contract.telemetry import TelemetryRow
from runner.contract.window_rows import WindowRows, rows_of

POINT = "p0"
PLACES = {"integer half-even": 0, "three decimals half-even": 3, "six decimals half-even": 6}


@dataclass(frozen=True)
class Around:
    """What is known beside the rows: telemetry, how many devices the executor has, and whether a row is one sample of a batch.

    `hidden` are statuses of readings that this executor cannot have, by name.
    """

    telemetry: Sequence[TelemetryRow] = ()
    devices: int = 0
    batched: bool = False
    hidden: Mapping[str, str] = field(default_factory=dict)


def operating_points(
    samples: Samples,
    trials: Sequence[Trial],
    methodology: Methodology,
    batch: int,
    around: Around | None = None,
    stated: Sequence[OperatingPoint] = (),
) -> tuple[OperatingPoint, ...]:
    """The operating points that the samples of the measuring trials give, in order of their number; `stated` are another's, for their E."""
    around = around or Around()
    measuring = [trial for trial in trials if trial.purpose == "measure"]
    numbers = sorted({window.point for trial in measuring for window in trial.points})
    by_name = {point.name: point for point in stated}
    return tuple(_point(number, samples, measuring, methodology, batch, around, by_name.get(f"p{number}")) for number in numbers)


def _point(
    number: int, samples: Samples, trials: Sequence[Trial], methodology: Methodology, batch: int, around: Around, stated: OperatingPoint | None
) -> OperatingPoint:
    places = [(trial, window) for trial in trials for window in trial.points if window.point == number]
    rows = [rows_of(samples, trial, window, batched=around.batched) for trial, window in places]
    window = rows[0].window
    load = _load(methodology.load, window.rate_per_s, window.concurrency)
    grown = methodology.protocol.measurement_semantics >= GROWN_SEMANTICS
    energy = energy_of_trials([trial for trial, _ in places], rows, methodology, around.telemetry, around.devices, around.hidden) if grown else ()
    values, withheld = _metrics(rows, methodology, {**energy_values(energy)}, stated, grown)
    point = OperatingPoint(
        name=f"p{number}",
        loop=load.loop,
        process=load.process,
        concurrency=load.concurrency,
        rate_per_s=load.rate_per_s,
        batch=batch,
        completed=sum(trial.completed_inside for trial in rows),
        failed=sum(trial.failed for trial in rows),
        timed_out=sum(trial.timed_out for trial in rows),
        window_ns=sum(trial.window_ns for trial in rows),
        metrics=tuple(values),
        withheld=tuple(withheld),
    )
    if not grown:
        return point
    return point.model_copy(update={**facts_of(rows, methodology, load, around.telemetry, around.devices, stated), "energy": energy})


def _load(load: Load, rate_per_s: str | None, concurrency: int | None) -> Load:
    if rate_per_s is not None:
        return load.at_rate(rate_per_s)
    return load if concurrency is None else load.at_concurrency(concurrency)


def _metrics(
    rows: Sequence[WindowRows], methodology: Methodology, energies: Mapping[str, Sequence[Decimal]], stated: OperatingPoint | None, grown: bool
) -> tuple[list[MetricValue], list[Withheld]]:
    found: list[MetricValue] = []
    withheld: list[Withheld] = []
    theirs = {one.definition: one.effective_by_trial for one in stated.withheld} if stated else {}
    theirs |= {one.definition: one.effective_by_trial for one in stated.metrics} if stated else {}
    for name in methodology.metrics.definitions:
        definition = DEFINITIONS[name]
        if grown and definition.aggregation == "rate" and not any(one.completed_inside for one in rows):
            withheld.append(Withheld(definition=name, reason="nothing-completed", requests_needed=1, requests_fewest=0))
        elif definition.aggregation == "rate":
            found.append(_value(definition, [_rate(trial, name) for trial in rows], rows))
        elif definition.aggregation == "mean":
            if name in energies:
                found.append(_value(definition, energies[name], rows))
            else:
                withheld.append(Withheld(definition=name, reason="no-valid-energy", requests_needed=0, requests_fewest=0))
        else:
            value = _percentile(definition, rows, theirs.get(name, ()), grown)
            (found if isinstance(value, MetricValue) else withheld).append(value)  # type: ignore[arg-type]
    return found, withheld


def _rate(rows: WindowRows, name: str) -> Decimal:
    answered = rows.inferences_inside if name == "inference_rate@1" else rows.completed_inside
    return Decimal(answered) * 10**9 / rows.window_ns


def _percentile(definition: MetricDefinition, rows: Sequence[WindowRows], theirs: Sequence[int], grown: bool) -> MetricValue | Withheld:
    """The stated percentile, or what it lacks: enough requests in every trial, and from semantics 2 on enough effective ones over all."""
    assert definition.permille is not None
    needed, fewest = requests_needed(definition.permille), min(len(trial.latencies_ns) for trial in rows)
    if fewest < needed:
        return Withheld(definition=definition.id, reason="too-few-requests", requests_needed=needed, requests_fewest=fewest)
    values = [_order_statistic(trial, definition) for trial in rows]
    if not grown:
        return _value(definition, values, rows)
    effective = effective_of(rows, [int(value) for value in values], theirs, from_issue=definition.origin == "sent")
    if sum(effective) < needed:
        return Withheld(
            definition=definition.id, reason="too-few-effective-requests", requests_needed=needed, requests_fewest=sum(effective),
            effective_by_trial=tuple(effective),
        )  # fmt: skip
    return _value(definition, values, rows, effective)


def _order_statistic(rows: WindowRows, definition: MetricDefinition) -> Decimal:
    assert definition.permille is not None
    column = rows.latencies_ns if definition.origin == "scheduled" else rows.from_issue_ns
    return Decimal(int(column[rank(len(column), definition.permille) - 1]))


def _value(definition: MetricDefinition, values: Sequence[Decimal], rows: Sequence[WindowRows], effective: Sequence[int] = ()) -> MetricValue:
    places = PLACES[definition.rounding]
    stated = [Decimal(text(value, places)) for value in values]
    interval = log_interval(stated)
    low, high = (text(interval[0], places), text(interval[1], places)) if interval else (None, None)
    return MetricValue(
        definition=definition.id,
        unit=definition.unit,
        value=text(median(stated), places),
        n_trials=len(rows),
        n_requests=sum(len(trial.latencies_ns) if definition.aggregation == "order_statistic" else trial.completed_inside for trial in rows),
        ci_low=low,
        ci_high=high,
        ci_method="t_on_logarithms_of_trials" if interval else "none",
        trial_values=tuple(text(value, places) for value in stated),
        effective_by_trial=tuple(effective),
    )


def disagreements(run: Run, recomputed: Sequence[OperatingPoint]) -> Iterator[Problem]:
    """Every stated number that the samples do not give (gate G-17)."""
    stated = [point.model_dump(mode="json") for point in run.operating_points]
    true = [point.model_dump(mode="json") for point in recomputed]
    for path, found, expected in differences(stated, true, "run.operating_points"):
        yield Problem(path, str(found)[:80], str(expected)[:80], "state the numbers that the samples give", "numbers-differ")


def differences(found: object, expected: object, path: str) -> Iterator[tuple[str, object, object]]:
    """(path, found, expected) of every leaf in which two plain trees differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            yield from differences(found.get(key), expected.get(key), f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{path}[{place}]")
    elif found != expected:
        yield path, found, expected
