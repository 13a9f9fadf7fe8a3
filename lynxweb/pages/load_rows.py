"""A run with several loads: its load curve as rows and as a step figure, and a saturation search as a bracket with its steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import plotly.graph_objects as go

from lynxweb.pages.fact_rows import rate
from lynxweb.pages.figures import as_json, empty, logarithmic, rounded, safe, time_unit
from lynxweb.registry.describing import point_text
from lynxweb.words import formatting
from lynxweb.words.measured_words import ANSWERS, answer_chip
from lynxweb.words.wording import Chip, chip
from runner.contract.run import MetricValue, OperatingPoint, Run, SearchOutcome

CURVES: Final = (("latency_p50@1", "p50"), ("latency_p99@1", "p99"))
LOG_FROM_RATIO: Final = 8
ABOVE: Final = {"refuted": "refuted", "undetermined": "undetermined", "generator-limited": "the generator could not offer it",
                "capacity": "the throughput in closed loop"}  # fmt: skip
STEP_PURPOSES: Final = {"step": "search", "confirm": "confirmation"}


@dataclass(frozen=True)
class LoadRow:
    """One load: what was offered, what completed, its percentiles and the certificate; withheld ones in words."""

    at: str
    offered: str
    completed: str
    pace: str
    p50: str
    p99: str
    answer: Chip | None
    attained: str


@dataclass(frozen=True)
class StepRow:
    """One step of a saturation search."""

    number: int
    offered: str
    purpose: str
    answer: Chip
    n: str
    over: str
    effective: str


@dataclass(frozen=True)
class SearchTold:
    """What a search found: its bracket in words, what was confirmed, and its steps."""

    bracket: str
    confirmed: str
    capacity: str
    cliff: str
    steps: tuple[StepRow, ...]


def load_rows(run: Run, hidden: Collection[str]) -> tuple[LoadRow, ...]:
    """Every load of a sweep in rising order, without the latencies of the points in `hidden`; nothing for a run with one."""
    if len(run.operating_points) < 2:
        return ()
    return tuple(_row(point, point.name in hidden) for point in ordered(run))


def ordered(run: Run) -> list[OperatingPoint]:
    """The operating points by load, the lowest first."""
    return sorted(run.operating_points, key=load_of)


def load_of(point: OperatingPoint) -> Decimal:
    """What a load curve has on its axis: the offered rate in 1/s, or in closed loop the concurrency."""
    return Decimal(point.rate_per_s if point.rate_per_s is not None else point.concurrency or 0)


def _row(point: OperatingPoint, hidden: bool) -> LoadRow:
    pace = _metric(point, "throughput@1")
    certificate = None if hidden else point.certificate
    more = max(certificate.needed - certificate.n, 0) if certificate and certificate.needed is not None else None
    return LoadRow(
        at=point_text(point),
        offered=f"{point.rate_per_s}{formatting.GAP}req/s" if point.rate_per_s is not None else f"{point.concurrency} in flight",
        completed=formatting.whole(point.completed),
        pace=_shown(pace) if pace else formatting.DASH,
        p50=_percentile(point, "latency_p50@1", hidden),
        p99=_percentile(point, "latency_p99@1", hidden),
        answer=answer_chip(certificate.answer, more) if certificate else None,
        attained=formatting.DASH if hidden or point.goodput is None else formatting.share(point.goodput.share),
    )


def _metric(point: OperatingPoint, definition: str) -> MetricValue | None:
    return next((value for value in point.metrics if value.definition == definition), None)


def _percentile(point: OperatingPoint, definition: str, hidden: bool) -> str:
    found = _metric(point, definition)
    if found is not None and not hidden:
        return _shown(found)
    held = hidden or any(one.definition == definition for one in point.withheld)
    return "withheld" if held else formatting.DASH


def _shown(value: MetricValue) -> str:
    scale = formatting.scale_of(value)
    interval = formatting.bracketed(scale, value.ci_low, value.ci_high)
    return f"{scale.number(Decimal(value.value))}{formatting.GAP}{scale.unit} {interval}".strip()


def load_curve(run: Run, hidden: Collection[str]) -> dict[str, object] | None:
    """The figure of p50 and p99 over load, as JSON values; None where fewer than two loads state one.

    Between two measured loads the value of the lower one is drawn, as it is read for a plan; nothing is drawn below the first or above the last.
    """
    points = [point for point in ordered(run) if point.name not in hidden]
    drawn = [(name, words, [(point, value) for point in points if (value := _metric(point, name))]) for name, words in CURVES]
    if len(points) < 2 or not any(len(pairs) > 1 for _, _, pairs in drawn):
        return None
    shown = [int(value.value) for _, _, pairs in drawn for _, value in pairs]
    unit, divisor = time_unit(shown)
    figure = empty()
    for side, (_, words, pairs) in enumerate(drawn):
        if pairs:
            figure.add_trace(_steps(words, side, pairs, (unit, divisor)))
    loads = [float(load_of(point)) for point in points]
    x = "offered rate, req/s" if points[0].rate_per_s is not None else "concurrency, requests in flight"
    ticks = {"tickvals": loads, "ticktext": [f"{load:g}" for load in loads]}  # the measured loads and no others
    figure.update_layout(
        xaxis={"title": {"text": f"{x}<br>@ {safe(_common(points[0]))}"}, **_scale(min(loads), max(loads)), **ticks},
        yaxis={"title": {"text": f"latency, {unit}"}, **_scale(min(shown) / divisor, max(shown) / divisor)},
    )
    return as_json(figure)


def _common(point: OperatingPoint) -> str:
    return f"{point.loop} loop{f', {point.process} arrivals' if point.loop == 'open' else ''}, batch {point.batch}"


def _scale(low: float, high: float) -> dict[str, object]:
    return logarithmic(low, high) if 0 < low * LOG_FROM_RATIO < high else {"type": "linear", "rangemode": "tozero"}


def _steps(words: str, side: int, pairs: list[tuple[OperatingPoint, MetricValue]], form: tuple[str, int]) -> go.Scatter:
    unit, divisor = form
    y = [rounded(int(value.value) / divisor) for _, value in pairs]
    ends = [(_end(value.ci_low, value), _end(value.ci_high, value)) for _, value in pairs]
    return go.Scatter(
        x=[float(load_of(point)) for point, _ in pairs],
        y=y,
        error_y={
            "type": "data", "symmetric": False, "thickness": 1.5, "width": 5,
            "array": [rounded((high - int(value.value)) / divisor) for (_, high), (_, value) in zip(ends, pairs, strict=True)],
            "arrayminus": [rounded((int(value.value) - low) / divisor) for (low, _), (_, value) in zip(ends, pairs, strict=True)],
        },
        mode="lines+markers",
        line={"shape": "hv", "width": 1.5, "dash": "solid" if side == 0 else "dash"},
        marker={"size": 10, "symbol": [_symbol(point, side) for point, _ in pairs]},
        customdata=[f"{point_text(point)}{'' if point.certificate is None else f': {point.certificate.answer}'}" for point, _ in pairs],
        name=f"{words}, 95 % interval",
        meta={"series": side},
        hovertemplate=f"{words} %{{y}} {unit} @ %{{customdata}}<extra></extra>",
    )  # fmt: skip


def _end(text: str | None, value: MetricValue) -> int:
    return int(text if text is not None else value.value)


def _symbol(point: OperatingPoint, side: int) -> str:
    """Hollow where the latency budget is not certified."""
    hollow = point.certificate is not None and point.certificate.answer != "certified"
    return f"{('circle', 'diamond')[side]}{'-open' if hollow else ''}"


def search_told(found: SearchOutcome) -> SearchTold:
    """A saturation search in words and rows."""
    confirmed = f"{_rate(found.confirmed_per_s)} was confirmed and is the operating point" if found.confirmed_per_s else "no rate was confirmed"
    cliff = "Above the bracket the latencies fall off a cliff: a little more load and the budget is missed by far." if found.cliff else ""
    capacity = f"{rate(found.capacity_per_s)}{'' if found.bounded else ', still growing with concurrency'}"
    return SearchTold(_bracket(found), confirmed, capacity, cliff, tuple(_step_rows(found)))


def _bracket(found: SearchOutcome) -> str:
    above = ABOVE.get(found.above or "", "not certified")
    if found.lo_per_s and found.hi_per_s:
        return f"between {_rate(found.lo_per_s)} (certified) and {_rate(found.hi_per_s)} ({above})"
    if found.lo_per_s:
        return f"at least {_rate(found.lo_per_s)} (certified); no higher rate was decided"
    return f"below {_rate(found.hi_per_s)} ({above})" if found.hi_per_s else "not bracketed"


def _rate(text: str | None) -> str:
    return rate(text) if text is not None else formatting.DASH


def _step_rows(found: SearchOutcome) -> Iterator[StepRow]:
    for number, step in enumerate(found.steps, 1):
        counts = (formatting.whole(one) for one in (step.n, step.over, step.effective))
        yield StepRow(number, rate(step.rate_per_s), STEP_PURPOSES[step.purpose], chip(ANSWERS, step.answer), *counts)
