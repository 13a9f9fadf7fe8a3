"""A judged pair as rows of a page: sides, differences by owner, metrics and quality side by side; for a refused pair without a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lynxweb.pages import figures, run_rows
from lynxweb.registry.cards import Judged, RunCard, RunView
from lynxweb.registry.describing import point_text
from lynxweb.words import formatting
from lynxweb.words.executor_rows import tuple_of
from lynxweb.words.wording import OUTCOMES, VERDICTS, Chip, agreement, chip
from runner.contract.comparability import Comparison
from runner.contract.effects import MetricComparison
from runner.contract.executor import OWNERS
from runner.contract.findings import Finding
from runner.contract.metrics import DEFINITIONS
from runner.contract.policies import POLICIES
from runner.contract.reasons import Reason, Side
from runner.contract.refusals import REFUSALS

NO_OWNER = "both sides"


@dataclass(frozen=True)
class Owned:
    """The differences that one owner answers for."""

    owner: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Coded:
    """The reasons under one code, which share its rule and remedy."""

    code: str
    name: str
    rule: str
    remedy: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class MetricRow:
    """One metric on both sides, with the change of B against A; negative is always worse."""

    name: str
    a: formatting.Stated
    b: formatting.Stated
    change: str
    interval: str
    has_estimate: bool
    outcome: Chip
    sentence: str


@dataclass(frozen=True)
class QualityPair:
    """One measure of quality on both sides over all items."""

    metric: str
    a: run_rows.Cell | None
    b: run_rows.Cell | None


@dataclass(frozen=True)
class FigureRow:
    """One line of the table twin of a figure."""

    name: str
    side: str
    shown: str
    trials: str


@dataclass(frozen=True)
class Nearest:
    """A pair beside the refused one that may be compared: which side it starts from, both cards and the verdict."""

    side: str
    a: RunCard
    b: RunCard
    verdict: str
    declared: int


def tuples(judged: Judged) -> tuple[tuple[str, str, str, bool], ...]:
    """(line, A, B, whether they agree) of both executors, line by line."""
    pairs = zip(tuple_of(judged.comparison.a.executor), tuple_of(judged.comparison.b.executor), strict=True)
    return tuple((name, one, other, one == other) for (name, one), (_, other) in pairs)


def by_owner(reasons: Iterable[Reason]) -> tuple[Owned, ...]:
    """Reasons grouped by who owns the layer they lie in, in the order they came."""
    grouped: dict[str, list[Reason]] = {}
    for found in reasons:
        grouped.setdefault(OWNERS.get(found.layer, NO_OWNER), []).append(found)
    return tuple(Owned(owner, tuple(found)) for owner, found in grouped.items())


def by_code(reasons: Iterable[Reason]) -> tuple[Coded, ...]:
    """Reasons grouped by code, in the order they came."""
    grouped: dict[tuple[str, str, str], list[Reason]] = {}
    for found in reasons:
        grouped.setdefault((found.code, found.rule, found.remedy), []).append(found)
    return tuple(Coded(code, REFUSALS[code].name, rule, remedy, tuple(found)) for (code, rule, remedy), found in grouped.items())


def metric_rows(comparison: Comparison) -> tuple[MetricRow, ...]:
    """Every compared metric, the primary one first."""
    points = [point_text(side.run.operating_points[0]) for side in (comparison.a, comparison.b)]
    return tuple(_metric(metric, *points) for metric in comparison.metrics)


def _metric(metric: MetricComparison, at_a: str, at_b: str) -> MetricRow:
    return MetricRow(
        name=formatting.metric_name(metric.definition),
        a=formatting.stated(metric.a, at_a),
        b=formatting.stated(metric.b, at_b),
        change="between" if metric.change_percent is None else f"{formatting.signed(metric.change_percent)}{formatting.GAP}%",
        interval=f"[{formatting.signed(metric.change_low_percent)}, {formatting.signed(metric.change_high_percent)}]",
        has_estimate=metric.change_percent is not None,
        outcome=chip(OUTCOMES, metric.outcome),
        sentence=metric.sentence,
    )


def quality_pairs(comparison: Comparison) -> tuple[QualityPair, ...]:
    """Accuracy, agreement and the other measures over all items, side by side."""
    pairs = []
    for metric, words in run_rows.METRIC_WORDS.items():
        cells = [_cell(side, metric) for side in (comparison.a, comparison.b)]
        if any(cells):
            pairs.append(QualityPair(words, *cells))
    return tuple(pairs)


def _cell(side: Side, metric: str) -> run_rows.Cell | None:
    result = side.quality.cell(metric) if side.quality else None
    return run_rows.quality_cell(result) if result else None


def worst_slices(comparison: Comparison) -> tuple[tuple[str, str, run_rows.Cell], ...]:
    """(side, slice, agreement) of the slice where each side agrees least with the reference: an average hides it."""
    found = []
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        shares = [one for one in side.quality.results if one.metric == "agreement" and one.slice != "all"] if side.quality else []
        if shares:
            worst = min(shares, key=lambda one: (one.count or 0) / one.n)
            found.append((name, worst.slice, run_rows.quality_cell(worst)))
    return tuple(found)


def labels(a: RunCard, b: RunCard) -> tuple[str, str]:
    """How the figures and tables name the sides, told apart even where runtime and precision are one."""
    return f"A: {a.runtime} · {a.precision_label}", f"B: {b.runtime} · {b.precision_label}"


def throughput(views: Sequence[RunView], names: Sequence[str]) -> dict[str, object] | None:
    """The figure of both throughputs at their operating points, as JSON values; None where a side states none."""
    rates = [run_rows.rate(view.run, name) for view, name in zip(views, names, strict=True)]
    known = [rate for rate in rates if rate is not None]
    return figures.as_json(figures.throughput_bars(known)) if len(known) == len(rates) else None


def nearest_rows(judged: Judged) -> tuple[Nearest, ...]:
    """The nearest pairs that may be compared, the fewest declared differences first."""
    return tuple(
        Nearest(
            "A" if pair.a.digest == judged.a.digest else "B",
            judged.cards[pair.a.digest],
            judged.cards[pair.b.digest],
            pair.verdict,
            len(pair.declared),
        )
        for pair in judged.nearest
        if pair.a.digest in judged.cards and pair.b.digest in judged.cards
    )


def acknowledgeable(comparison: Comparison) -> tuple[str, ...]:
    """The codes that a person may acknowledge, if they alone stand in the way; empty otherwise."""
    codes = {found.code for found in comparison.reasons}
    return ("R-12",) if codes == {"R-12"} else ()


def figure_table(comparison: Comparison, rates: bool) -> tuple[FigureRow, ...]:
    """The numbers behind a figure: rates or percentiles counted from the scheduled time, stated and by trial, side by side."""
    rows = []
    for metric in comparison.metrics:
        definition = DEFINITIONS[metric.definition]
        if definition.aggregation == ("rate" if rates else "order_statistic") and definition.origin != "sent":
            for side, found, how in (("A", metric.a, comparison.a), ("B", metric.b, comparison.b)):
                text = formatting.stated(found, point_text(how.run.operating_points[0]))
                scale = formatting.scale_of(found)
                trials = ", ".join(scale.number(Decimal(trial)) for trial in found.trial_values)
                shown = f"{text.number}{formatting.GAP}{text.unit} {text.interval} @ {text.at}"
                rows.append(FigureRow(text.name, side, shown, f"{trials}{formatting.GAP}{text.unit}"))
    return tuple(rows)


def caveats(judged: Judged, sides: Sequence[RunView]) -> tuple[str, ...]:
    """What a careful reader must know before repeating the outcome."""
    lines = []
    for name, view in zip("AB", sides, strict=True):
        if view.card.undeclared:
            lines.append(f"{name} was not declared before it was measured.")
        lines += [f"{name}: {line}" for line in _told_once(view.findings)]
        lines += [f"{name}, limitation stated by its uploader: {line}" for line in view.run.limitations]
        lines.append(f"{name}: energy {run_rows.energy_text(view.run)}.")
    machines = "this machine as it was" if len({view.run.instance for view in sides}) == 1 else "these two machines as they were"
    lines.append(f"Intervals speak of further trials on {machines}, not of other machines of the same product.")
    return tuple(lines)


def _told_once(findings: Sequence[Finding]) -> Iterator[str]:
    """One line a code, however many trials it was found in; `undeclared` has its own."""
    for code in dict.fromkeys(found.code for found in findings if found.code != "undeclared"):
        alike = [found for found in findings if found.code == code]
        times = f", found {len(alike)} times, first" if len(alike) > 1 else ":"
        yield f"{alike[0].rule.text} ({code}{times} {alike[0].seen[:160]})"


def told(judged: Judged) -> dict[str, object]:
    """What the page of an allowed comparison shows beside its figures."""
    found = judged.comparison
    rows = metric_rows(found)
    return {
        "verdict": chip(VERDICTS, found.verdict), "agreement": agreement(len(found.unknown), len(found.declared)),
        "policy": found.policy, "tuples": tuples(judged), "metrics": rows,
        "headline": rows[0] if rows else None,
        "declared": by_owner(found.declared), "subject": by_owner(found.subject), "unknown": found.unknown, "dropped": found.dropped,
        "quality": quality_pairs(found), "worst": worst_slices(found), "names": labels(judged.a, judged.b),
        "ecdf_table": figure_table(found, rates=False), "throughput_table": figure_table(found, rates=True),
        "at": point_text(found.a.run.operating_points[0]),
    }  # fmt: skip


def refused(judged: Judged) -> dict[str, object]:
    """What a refusal shows: words, codes and configuration of both sides; metrics are not even asked for."""
    found = judged.comparison
    return {
        "judged": judged, "verdict": chip(VERDICTS, found.verdict), "policy": found.policy, "tuples": tuples(judged),
        "reasons": by_code(found.reasons),
        "codes": tuple(dict.fromkeys(one.code for one in found.reasons)), "declared": by_owner(found.declared), "unknown": found.unknown,
        "nearest": nearest_rows(judged), "acknowledgeable": acknowledgeable(found), "names": labels(judged.a, judged.b),
        "other_policy": next((policy.id for policy in POLICIES.values() if policy.id != found.policy.id), found.policy.id),
    }  # fmt: skip
