"""A comparison as text: for an allowed pair verdict, numbers with intervals and what differs; for a refused one every reason and no number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.contract.comparability import Comparison
from runner.contract.effects import MetricComparison
from runner.contract.reasons import Reason, Side
from runner.contract.refusals import REFUSALS
from runner.report.quantities import interval, metric_name, point_text, quantity, short
from runner.report.runs import QUICK, ROOM, executor_label
from runner.report.tables import columns, wrapped

VERDICTS = {
    "comparable": "Comparable",
    "comparable_with_declared_differences": "Comparable, with declared differences",
    "not_comparable": "Not comparable",
    "insufficient_evidence": "Insufficient evidence",
}
OFFLINE = "standing not checked: offline nothing is known of reviews, withdrawals and rulings"
LONGEST_VALUE = 44


def comparison_lines(comparison: Comparison) -> list[str]:
    """The whole comparison."""
    policy = comparison.policy
    head = f"{VERDICTS[comparison.verdict]} under {policy.title.lower()} ({policy.id}): {policy.question}"
    sides = [_side("A", comparison.a), _side("B", comparison.b)]
    body = _allowed(comparison) if comparison.allowed else _refused(comparison)
    return [head, *columns(sides, indent="  "), *body, f"  {OFFLINE}"]


def _side(letter: str, side: Side) -> tuple[str, str, str, str]:
    return letter, executor_label(side.executor), f"run {short(side.digest)}", f"{side.methodology.name} v{side.methodology.version}"


def _allowed(comparison: Comparison) -> Iterator[str]:
    if comparison.a.methodology.kind == "quick":
        yield f"  {QUICK}"
    yield f"  at {point_text(comparison.a.run.operating_points[0])}; median over trials, 95 % interval between trials"
    yield from columns([("", "A", "", "B", "", "B against A"), *map(_metric_row, comparison.metrics)], indent="  ", right=(1, 3))
    if comparison.dropped:
        yield "  Not compared:"
        yield from _reasons(comparison.dropped)
    yield from _differences("What is studied", comparison.subject)
    yield from _differences("Declared differences", comparison.declared)
    yield from _differences("Unknown on both sides", comparison.unknown)


def _metric_row(metric: MetricComparison) -> tuple[str, ...]:
    a, b = metric.a, metric.b
    ratio = f"ratio {metric.ratio}, " if metric.ratio else "ratio between "
    change = f"{metric.sentence} ({ratio}{metric.ratio_low} – {metric.ratio_high})"
    return metric_name(metric.definition), quantity(a.value, a.unit), interval(a), quantity(b.value, b.unit), interval(b), change


def _refused(comparison: Comparison) -> Iterator[str]:
    yield from _reasons(comparison.reasons)
    yield from _differences("Would be declared", comparison.declared)
    yield "  No number of this pair is shown."


def _reasons(reasons: Iterable[Reason]) -> Iterator[str]:
    for reason in reasons:
        yield f"  {reason.code} {REFUSALS[reason.code].name}: {reason.path}: A {_cut(reason.a)}, B {_cut(reason.b)}"
        yield from wrapped(f"{reason.rule} Remedy: {reason.remedy}.", ROOM, "        ")


def _differences(title: str, reasons: tuple[Reason, ...]) -> Iterator[str]:
    if reasons:
        yield f"  {title} ({len(reasons)}):"
        yield from columns(((reason.layer, reason.path, f"A {_cut(reason.a)}", f"B {_cut(reason.b)}") for reason in reasons), indent="    ")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
