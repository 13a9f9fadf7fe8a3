"""Figures: pure functions from numbers to Plotly figures; the browser only paints them, in the colours of its own style sheet."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from lynxweb.registry.curves import MOST_POINTS, Curve

MOST_POINTS_OF_FIGURE: Final = 6_000  # of all traces together: keeps a page light
TIMES: Final = (("s", 10**9), ("ms", 10**6), ("µs", 10**3), ("ns", 1))
DASHES: Final = ("solid", "dash", "dot", "dashdot")
SYMBOLS: Final = ("circle", "diamond", "square", "cross")
LOG_FROM_RATIO: Final = 8


@dataclass(frozen=True)
class Percentile:
    """A stated percentile with its interval, all in ns."""

    permille: int
    stated_ns: int
    low_ns: int | None
    high_ns: int | None


@dataclass(frozen=True)
class Rate:
    """A stated throughput at its operating point, with its interval and the value of each trial, all in 1/s."""

    label: str
    at: str
    per_s: Decimal
    low_per_s: Decimal | None
    high_per_s: Decimal | None
    trials_per_s: tuple[Decimal, ...]


def latency_ecdf(curves_by_label: Mapping[str, Sequence[Curve]], stated: Mapping[str, Sequence[Percentile]], at: str) -> go.Figure:
    """Empirical distribution of latency, one step line a trial and side, with the stated percentiles and their intervals on top.

    `curves_by_label` maps a side's label to the curve of each of its trials, latencies in ns; `at` is the operating point.
    """
    curves = [curve for trials in curves_by_label.values() for curve in trials if curve.n]
    budget = min(MOST_POINTS, MOST_POINTS_OF_FIGURE // max(len(curves), 1))
    unit, divisor = time_unit([int(np.median(curve.latencies_ns)) for curve in curves])
    figure = empty()
    for side, (label, trials) in enumerate(curves_by_label.items()):
        for number, trial in enumerate(trials):
            if trial.n:
                figure.add_trace(_curve(label, side, number, trial.thinned(budget), (unit, divisor)))
        if marks := stated.get(label, ()):
            figure.add_trace(_marks(label, side, marks, unit, divisor))
    spread = _spread(curves)
    figure.update_layout(
        xaxis={"title": {"text": f"latency, {unit}<br>@ {safe(at)}"}, "type": "log" if spread > LOG_FROM_RATIO else "linear"},
        yaxis={"title": {"text": "requests at or below, %"}, "range": [0, 101]},
    )
    return figure


def _curve(label: str, side: int, number: int, trial: Curve, form: tuple[str, int]) -> go.Scatter:
    unit, divisor = form
    return go.Scatter(
        x=[rounded(latency / divisor) for latency in trial.latencies_ns.tolist()],
        y=[rounded(100 * k / trial.n) for k in trial.ranks.tolist()],
        mode="lines",
        line={"shape": "hv", "width": 1.25, "dash": DASHES[side % len(DASHES)]},
        name=safe(label),
        legendgroup=str(side),
        showlegend=number == 0,
        meta={"series": side},
        hovertemplate=f"trial {number + 1}: %{{y:.2f}} % at or below %{{x}} {unit}<extra>{safe(label)}</extra>",
    )


def _marks(label: str, side: int, marks: Sequence[Percentile], unit: str, divisor: int) -> go.Scatter:
    lows = [rounded((mark.stated_ns - (mark.low_ns if mark.low_ns is not None else mark.stated_ns)) / divisor) for mark in marks]
    highs = [rounded(((mark.high_ns if mark.high_ns is not None else mark.stated_ns) - mark.stated_ns) / divisor) for mark in marks]
    return go.Scatter(
        x=[rounded(mark.stated_ns / divisor) for mark in marks],
        y=[mark.permille / 10 for mark in marks],
        error_x={"type": "data", "symmetric": False, "array": highs, "arrayminus": lows, "thickness": 1.5, "width": 5},
        mode="markers",
        marker={"size": 9, "symbol": SYMBOLS[side % len(SYMBOLS)]},
        name="stated, 95 % interval",
        legendgroup=str(side),
        meta={"series": side},
        hovertemplate=f"p%{{y}}: %{{x}} {unit}<extra>{safe(label)}</extra>",
    )


def throughput_bars(rates: Sequence[Rate]) -> go.Figure:
    """One bar a side from zero, with its interval and a dot a trial; every bar carries its operating point."""
    figure = empty()
    for side, rate in enumerate(rates):
        place = safe(rate.label)
        low, high = rate.low_per_s or rate.per_s, rate.high_per_s or rate.per_s
        figure.add_trace(
            go.Bar(
                x=[float(rate.per_s)],
                y=[place],
                orientation="h",
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [float(high - rate.per_s)],
                    "arrayminus": [float(rate.per_s - low)],
                    "thickness": 1.5,
                    "width": 8,
                },
                name=place,
                meta={"series": side},
                width=0.5,
                hovertemplate=f"%{{x}} req/s @ {safe(rate.at)}<extra>{place}</extra>",
            )  # fmt: skip
        )
        figure.add_trace(
            go.Scatter(
                x=[float(trial) for trial in rate.trials_per_s],
                y=[place] * len(rate.trials_per_s),
                mode="markers",
                marker={"size": 7, "symbol": "line-ns-open", "line": {"width": 2}},
                name=safe(f"{rate.label}: trials"),
                meta={"series": side, "dots": True},
                hovertemplate=f"a trial: %{{x}} req/s @ {safe(rate.at)}<extra>{place}</extra>",
            )
        )
    points = " | ".join(dict.fromkeys(rate.at for rate in rates))
    figure.update_layout(
        xaxis={"title": {"text": f"throughput, req/s<br>@ {safe(points)}"}, "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "automargin": True, "ticks": ""},
        showlegend=False,
    )
    return figure


def as_json(figure: go.Figure) -> dict[str, Any]:
    """The figure as plain JSON values, ready for `json_script`."""
    tree: dict[str, Any] = json.loads(figure.to_json())
    return tree


def empty() -> go.Figure:
    """A figure without colours of its own: the browser adds those of the style sheet."""
    return go.Figure(
        layout={
            "template": go.layout.Template(),
            "margin": {"l": 64, "r": 16, "t": 16, "b": 64},
            "hovermode": "closest",
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "bargap": 0.3,
        }
    )


def time_unit(values: Sequence[int]) -> tuple[str, int]:
    """(unit, divisor) in which the smallest of these ns keeps a digit before the point."""
    smallest = min(values, default=1)
    return next((pair for pair in TIMES if smallest >= pair[1]), TIMES[-1])


def _spread(curves: Sequence[Curve]) -> float:
    ends = [(int(curve.latencies_ns[0]), int(curve.latencies_ns[-1])) for curve in curves]
    least, most = min((end[0] for end in ends), default=1), max((end[1] for end in ends), default=1)
    return most / max(least, 1)


def logarithmic(low: float, high: float, most: int = 9) -> dict[str, object]:
    """A logarithmic axis whose ticks are 1, 2 and 5 of each decade (1 alone where there are many decades), each written out."""
    low, high = low / 1.5, high * 1.5  # the browser draws a little more than the data
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**decade for decade in decades for step in steps]
        if len(shown := [tick for tick in found if low <= tick <= high]) <= most:
            break
    return {"type": "log", "tickvals": shown, "ticktext": [f"{tick:g}" for tick in shown]}


def rounded(number: float) -> float:
    """Six digits: more would not be seen, and a page stays light."""
    return float(f"{number:.6g}")


def safe(label: str) -> str:
    """Plotly reads a subset of HTML in labels, so `& < >` are escaped; `%{` would be a placeholder of a hover text."""
    return html.escape(label, quote=False).replace("%{", "% {")
