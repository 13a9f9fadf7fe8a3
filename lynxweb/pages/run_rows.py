"""One run as rows of a page: its headline, metrics, trials, quality matrix and the percentiles of its figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from lynxweb.pages import figures
from lynxweb.pages.fact_rows import Facts, facts_of
from lynxweb.pages.trial_rows import TrialRow, measured_at, trial_row
from lynxweb.registry.cards import RunView
from lynxweb.registry.curves import Curve
from lynxweb.registry.describing import point_text
from lynxweb.words import formatting
from lynxweb.words.executor_rows import text as words_of
from lynxweb.words.wording import LEVELS, Chip, chip
from runner.contract.findings import HEADLINE, Finding, Rule, latency_withheld
from runner.contract.metrics import DEFINITIONS
from runner.contract.quality import QualityEvaluation, QualityResult
from runner.contract.run import OperatingPoint, Run, Withheld

METRIC_WORDS: Final = {
    "accuracy": "Accuracy", "reference_accuracy": "Accuracy of the reference", "agreement": "Agreement with the reference",
    "largest_logit_difference": "Largest difference of a logit", "non_finite_outputs": "Outputs that are not finite",
}  # fmt: skip
MOST_FIGURES: Final = 32  # remembered by a process; at most 6 000 points each, about half a MB
WITHHELD: Final = {
    "nothing-completed": "no request completed inside a window",
    "too-few-requests": "too few requests for this percentile",
    "too-few-effective-requests": "too few effective requests for this percentile",
    "no-valid-energy": "not every trial has a valid reading of energy; the reasons stand under energy",
}


@dataclass(frozen=True)
class FindingRow:
    """The findings of one code: its rule, the chip of its level, and each place with what was seen there."""

    code: str
    level: Chip
    rule: Rule
    places: tuple[Finding, ...]


@dataclass(frozen=True)
class Cell:
    """One result of the quality matrix: its number, what it rests on and its interval."""

    text: str
    counts: str
    interval: str


@dataclass(frozen=True)
class QualityRow:
    """One metric of quality over every slice, `all` first."""

    task: str
    metric: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class PointRows:
    """One operating point: its load in words, its stated and withheld metrics, counts and trials, and what it states beside them."""

    name: str
    at: str
    metrics: tuple[formatting.Stated, ...]
    withheld: tuple[tuple[str, str], ...]
    completed: str
    failed: str
    trial_heads: tuple[str, ...]
    trials: tuple[TrialRow, ...]
    facts: Facts

    @property
    def has_effective(self) -> bool:
        """Whether the trials say what their requests are worth."""
        return any(trial.effective for trial in self.trials)


def point_rows(view: RunView) -> tuple[PointRows, ...]:
    """Every operating point of the run, without latency metrics where a finding withholds them."""
    return tuple(_point(view, point, latency_hidden(view, point.name)) for point in view.run.operating_points)


def _point(view: RunView, point: OperatingPoint, hidden: bool) -> PointRows:
    at = point_text(point)
    shown = [value for value in point.metrics if not (hidden and is_latency(value.definition))]
    withheld = [(formatting.metric_name(one.definition), _why_withheld(one)) for one in point.withheld]
    if hidden:
        withheld += [
            (formatting.metric_name(value.definition), "a finding withholds latencies") for value in point.metrics if is_latency(value.definition)
        ]
    stated = tuple(formatting.stated(value, at) for value in shown)
    measured = measured_at(view.run, point)
    rows = tuple(trial_row(trial, place, shown) for place, trial in enumerate(measured))
    facts = facts_of(point, measured, view.methodology.gates, view.methodology.slo, hidden)
    return PointRows(
        point.name, at, stated, tuple(withheld), formatting.whole(point.completed), formatting.whole(point.failed + point.timed_out),
        tuple(f"{one.name}, {one.unit}" for one in stated), rows, facts,
    )  # fmt: skip


def _why_withheld(one: Withheld) -> str:
    """Why a metric is not shown, and how many requests more would show it."""
    words, more = WITHHELD.get(one.reason, one.reason), one.requests_needed - one.requests_fewest
    if more <= 0:
        return words
    where = "effective requests over all trials" if one.reason == "too-few-effective-requests" else "a trial"
    return f"{words}: {one.requests_fewest} of {one.requests_needed} {where}, {formatting.whole(more)} more needed"


def latency_hidden(view: RunView, point: str = HEADLINE) -> bool:
    """Whether a finding takes the latencies of one operating point of this run off every page."""
    return latency_withheld(view.findings, point)


def is_latency(definition_id: str) -> bool:
    """Whether a metric is a latency percentile."""
    return DEFINITIONS[definition_id].aggregation == "order_statistic"


def is_rate(definition_id: str) -> bool:
    """Whether a metric is a throughput, which is never shown without its operating point."""
    return DEFINITIONS[definition_id].aggregation == "rate"


def findings_rows(findings: Sequence[Finding]) -> tuple[FindingRow, ...]:
    """One row a code with every place it was found in, the gravest first."""
    order = list(LEVELS)
    grouped: dict[str, list[Finding]] = {}
    for found in sorted(findings, key=lambda found: order.index(found.rule.level)):
        grouped.setdefault(found.code, []).append(found)
    return tuple(FindingRow(code, chip(LEVELS, alike[0].rule.level), alike[0].rule, tuple(alike)) for code, alike in grouped.items())


def energy_text(run: Run) -> str:
    """What is known of energy, with the reason where nothing was measured."""
    reasons = dict.fromkeys(words_of(trial.energy_mj) for trial in run.trials if not trial.energy_mj.known)
    return f"not measured ({', '.join(reasons)})" if reasons else "measured, trial by trial"


def slices(quality: QualityEvaluation) -> tuple[str, ...]:
    """The slices of an evaluation in order, `all` first."""
    return tuple(dict.fromkeys(result.slice for result in quality.results))


def quality_rows(quality: QualityEvaluation) -> tuple[QualityRow, ...]:
    """The matrix of task and metric over slices; a cell that was not evaluated is None."""
    found = {(result.task, result.metric, result.slice): result for result in quality.results}
    heads = dict.fromkeys((result.task, result.metric) for result in quality.results)
    parts = slices(quality)
    return tuple(QualityRow(task, METRIC_WORDS[metric], tuple(_cell(found.get((task, metric, part))) for part in parts)) for task, metric in heads)


def _cell(result: QualityResult | None) -> Cell | None:
    return quality_cell(result) if result else None


def quality_cell(result: QualityResult) -> Cell:
    """A result as text: a share with count and interval, or a plain number."""
    if result.ci_low is None or result.ci_high is None or result.count is None:
        return Cell(result.value, f"n = {formatting.whole(result.n)}", "")
    interval = f"[{formatting.share(result.ci_low)}, {formatting.share(result.ci_high)}]"
    return Cell(formatting.share(result.value), f"{result.count} of {result.n}", interval)


def percentiles(run: Run) -> Iterator[figures.Percentile]:
    """The percentiles that the first operating point states, counted from the scheduled time, in ns."""
    for value in run.operating_points[0].metrics:
        definition = DEFINITIONS[value.definition]
        if definition.permille is not None and definition.origin == "scheduled":
            ends = [int(end) if end is not None else None for end in (value.ci_low, value.ci_high)]
            yield figures.Percentile(definition.permille, int(value.value), *ends)


def rate(run: Run, label: str) -> figures.Rate | None:
    """The stated throughput with its operating point; None where there is none."""
    point = run.operating_points[0]
    value = next((value for value in point.metrics if DEFINITIONS[value.definition].aggregation == "rate"), None)
    if value is None:
        return None
    low, high = (Decimal(end) if end is not None else None for end in (value.ci_low, value.ci_high))
    return figures.Rate(label, point_text(point), Decimal(value.value), low, high, tuple(Decimal(one) for one in value.trial_values))


def ecdf(views: Sequence[RunView], curves: Sequence[tuple[Curve, ...]], names: Sequence[str]) -> dict[str, object]:
    """The figure of the latency distributions of one run or of two, as JSON values; not to be changed, for it is remembered."""
    sides = tuple((name, trials, tuple(percentiles(view.run))) for name, trials, view in zip(names, curves, views, strict=True))
    points = dict.fromkeys(point_text(view.run.operating_points[0]) for view in views)
    return _drawn(sides, " | ".join(points))


# A figure follows from its arguments alone. Curves are told apart by identity: the registry remembers them, so a run keeps its own.
@lru_cache(maxsize=MOST_FIGURES)
def _drawn(sides: tuple[tuple[str, tuple[Curve, ...], tuple[figures.Percentile, ...]], ...], at: str) -> dict[str, object]:
    curves = {name: trials for name, trials, _ in sides}
    return figures.as_json(figures.latency_ecdf(curves, {name: marks for name, _, marks in sides}, at))
