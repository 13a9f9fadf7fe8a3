"""Figures along time: the phases of each trial, and series under one another on one axis, each with the throttle ribbon beneath it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from lynxweb.pages.figures import as_json, empty, logarithmic, rounded, safe, time_unit
from lynxweb.registry.reading import Timeline
from lynxweb.registry.series import Series
from lynxweb.registry.timelines import Stretches
from lynxweb.words.measured_words import PHASES, POWER_COLUMNS, PURPOSES, THROTTLING
from runner.contract.run import Purpose

__all__ = ("Bar", "Segment", "as_json", "over_time", "panels_of", "phases")

SECOND: Final = 10**9
MOST_SEGMENTS: Final = 1_500
MOST_MARKED: Final = 128  # windows shaded
MOST_NAMED: Final = 12  # trials named above the picture
LOG_FROM_RATIO: Final = 8
RIBBON_SHARE: Final = 0.13  # of a panel's height
GAP_SHARE: Final = 0.12
# word -> (variable of the style sheet, pattern): the pattern says it too, so that no meaning rests on colour
PHASE_LOOKS: Final = {
    "load": ("plain", ""), "first_inference": ("plain", "x"), "floor": ("plain", "|"), "warm_up": ("series-b", "/"), "idle_before": ("quiet", "."),
    "ramp": ("series-b", "\\"), "window": ("series-a", ""), "idle_after": ("quiet", "."), "quality": ("good", "-"),
}  # fmt: skip
RIBBON_LOOKS: Final = {
    "clean": ("good", ""), "power_capped": ("warn", "/"), "thermal": ("series-b", "x"), "hw_slowdown": ("bad", ""), "unknown": ("quiet", "."),
}  # fmt: skip
# kind -> (name, axis title short enough for a phone, unit, what a stored value is divided by)
KINDS: Final = {
    "power": ("power", "power, W", "W", 1000),
    "temperature": ("temperature", "temp., °C", "°C", 1000),
    "clock": ("SM clock", "clock, MHz", "MHz", 1000),
}


@dataclass(frozen=True)
class Segment:
    """A stretch of one row, in ns."""

    name: str
    start_ns: int
    end_ns: int
    requests: int


@dataclass(frozen=True)
class Bar:
    """One row of the picture of phases."""

    label: str
    segments: tuple[Segment, ...]


def phases(bars: Sequence[Bar]) -> go.Figure:
    """One bar a trial from its first phase on; a trace a phase, so that the legend names each once."""
    figure = empty()
    drawn = [(bar, bar.segments[0].start_ns, one) for bar in bars for one in bar.segments][:MOST_SEGMENTS]
    for name, words in PHASES.items():
        mine = [(bar, begun, one) for bar, begun, one in drawn if one.name == name]
        if mine:
            figure.add_trace(_phase(words, mine, PHASE_LOOKS[name]))
    figure.update_layout(
        barmode="overlay",
        xaxis={"title": {"text": "time since the trial began, s"}, "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "automargin": True, "ticks": "", "type": "category"},
    )
    return figure


def _phase(words: str, mine: Sequence[tuple[Bar, int, Segment]], look: tuple[str, str]) -> go.Bar:
    return go.Bar(
        x=[_seconds(one.end_ns - one.start_ns) for _, _, one in mine],
        base=[_seconds(one.start_ns - begun) for _, begun, one in mine],
        y=[bar.label for bar, _, _ in mine],
        customdata=[f"{_seconds(one.end_ns - one.start_ns)} s, {one.requests} requests" for _, _, one in mine],
        orientation="h",
        width=0.6,
        name=words,
        marker={"pattern": {"shape": look[1]}},
        meta={"colour": look[0]},
        hovertemplate=f"{words}, %{{customdata}}<extra>%{{y}}</extra>",
    )


def panels_of(found: Timeline, hidden: bool) -> tuple[str, ...]:
    """What the picture shows from top to bottom: latency unless it is withheld, then what was read of power, temperature and clock."""
    latency = () if hidden or not any(len(one.p50_ns) for one in found.windows) else ("latency",)
    return (*latency, *(kind for kind in KINDS if any(one.kind == kind for one in found.series)))


def over_time(found: Timeline, purposes: Mapping[int, Purpose], at: str, hidden: bool) -> go.Figure:
    """Latency, power, temperature and clock along the time of the run, each over its throttle ribbon.

    `purposes` says what each trial was for; `at` is the load, for the axis; `hidden` leaves the latencies out.
    """
    figure, names = empty(), panels_of(found, hidden)
    axes: dict[str, Any] = {}
    for place, name in enumerate(names):
        top, ribbon_top, bottom = _heights(place, names)
        upper, lower = 2 * place + 1, 2 * place + 2
        title, scale = _panel(figure, found, name, upper)
        axes |= {_axis(upper): {"domain": [ribbon_top, top], "title": {"text": title}, **scale}}
        axes |= {_axis(lower): {"domain": [bottom, ribbon_top - 0.008], "range": [0, 1], "tickvals": [0.5], "ticktext": ["throttling"],
                                "showgrid": False, "zeroline": False, "fixedrange": True}}  # fmt: skip
        for trace in _ribbon(found, lower, legend=place == 0):
            figure.add_trace(trace)
    figure.update_layout(
        barmode="overlay",
        xaxis={"title": {"text": f"time since the run began, s<br>@ {safe(at)}"}, "anchor": f"y{2 * len(names)}",
               "range": [_seconds(found.start_ns), _seconds(found.end_ns)], "zeroline": False},
        shapes=[_band(one) for one in found.windows[:MOST_MARKED]],
        annotations=list(_names(found, purposes)),
        margin={"l": 72, "r": 16, "t": 24, "b": 64},
        legend={"y": round(1.02 + 0.09 / len(names), 3)},  # above the names of the trials
        **axes,
    )  # fmt: skip
    return figure


def _axis(number: int) -> str:
    return "yaxis" if number == 1 else f"yaxis{number}"


def _ref(number: int) -> str:
    return "y" if number == 1 else f"y{number}"


def _heights(place: int, names: Sequence[str]) -> tuple[float, float, float]:
    """Top of a panel, top of its ribbon and bottom, as shares of the picture; latency gets twice the height of the others."""
    weights = [2 if name == "latency" else 1 for name in names]
    whole, below = weights[place] / sum(weights), sum(weights[:place]) / sum(weights)
    step = 1 / sum(weights)
    top = 1 - below
    bottom = 0.0 if place == len(names) - 1 else top - whole + step * GAP_SHARE
    return round(top, 4), round(bottom + step * RIBBON_SHARE, 4), round(bottom, 4)


def _panel(figure: go.Figure, found: Timeline, name: str, axis: int) -> tuple[str, dict[str, object]]:
    """Draw one panel; its axis title and how its axis is scaled: power from zero, for half of it is idle."""
    if name == "latency":
        return _latency(figure, [one for one in found.windows if len(one.p50_ns)], axis)
    words, title, unit, divisor = KINDS[name]
    for place, series in enumerate([one for one in found.series if one.kind == name]):
        for trace in _series(series, place, (words, unit, divisor), axis):
            figure.add_trace(trace)
    return title, {"nticks": 5, "rangemode": "tozero" if name == "power" else "normal"}


def _latency(figure: go.Figure, windows: Sequence[Stretches], axis: int) -> tuple[str, dict[str, object]]:
    least, most = min(int(one.p50_ns.min()) for one in windows), max(int(one.p99_ns.max()) for one in windows)
    unit, divisor = time_unit([int(np.median(one.p50_ns)) for one in windows])
    mode = "lines+markers" if any(len(one.p50_ns) == 1 for one in windows) else "lines"  # a single point makes no line
    for side, (label, column) in enumerate((("p50 of a stretch", "p50_ns"), ("p99 of a stretch", "p99_ns"))):
        x, y = _broken([(one.middle_ns, getattr(one, column) / divisor) for one in windows])
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode=mode,
                connectgaps=False,
                yaxis=_ref(axis),
                name=label,
                meta={"series": side},
                line={"shape": "hvh", "width": 1.25, "dash": "solid" if side == 0 else "dot"},
                marker={"size": 3},
                hovertemplate=f"%{{x}} s: %{{y}} {unit}<extra>{label}</extra>",
            )  # fmt: skip
        )
    scale = logarithmic(max(least, 1) / divisor, most / divisor) if most > LOG_FROM_RATIO * max(least, 1) else {"nticks": 5, "rangemode": "tozero"}
    return f"latency, {unit}", scale


def _broken(parts: Sequence[tuple[Any, Any]]) -> tuple[list[float | None], list[float | None]]:
    """Times in s and values of several stretches, with a gap between one and the next."""
    x: list[float | None] = []
    y: list[float | None] = []
    for times, values in parts:
        x += [*([None] if x else []), *(_seconds(one) for one in times.tolist())]
        y += [*([None] if y else []), *(rounded(one) for one in values.tolist())]
    return x, y


def _series(series: Series, place: int, form: tuple[str, str, int], axis: int) -> Iterator[go.Scatter]:
    """The mean of each stretch as a line, above a band from the lowest to the highest reading where there was more than one."""
    (words, unit, divisor), x = form, [_seconds(one) for one in series.t_ns.tolist()]
    device = "processor packages" if series.device < 0 else f"device {series.device}"
    which = f", {POWER_COLUMNS[series.column]}" if series.kind == "power" else ""
    label, look = f"{words}, {device}{which}", {"yaxis": _ref(axis), "mode": "lines", "meta": {"series": place}}
    if bool((series.low < series.high).any()):
        for edge, fill in ((series.low, None), (series.high, "tonexty")):
            y = [rounded(one / divisor) for one in edge.tolist()]
            yield go.Scatter(x=x, y=y, line={"width": 0}, fill=fill, hoverinfo="skip", showlegend=False, name=f"{label}: lowest to highest", **look)
    y = [rounded(one / divisor) for one in series.mean.tolist()]
    yield go.Scatter(x=x, y=y, line={"width": 1.25}, name=label, hovertemplate=f"%{{x}} s: %{{y}} {unit}<extra>{device}</extra>", **look)


def _ribbon(found: Timeline, axis: int, *, legend: bool) -> Iterator[go.Bar]:
    for klass, (colour, pattern) in RIBBON_LOOKS.items():
        parts = [part for part in found.ribbon if part.klass == klass]
        if parts:
            words = THROTTLING[klass].text
            yield go.Bar(
                x=[_seconds(part.end_ns - part.start_ns) for part in parts], base=[_seconds(part.start_ns) for part in parts],
                y=[0.5] * len(parts), width=1, orientation="h", yaxis=_ref(axis), name=f"throttling: {words}", legendgroup=klass, showlegend=legend,
                marker={"pattern": {"shape": pattern}}, meta={"colour": colour}, hovertemplate=f"{words}<extra>throttling</extra>",
            )  # fmt: skip


def _band(one: Stretches) -> dict[str, Any]:
    """The ground behind one measured window."""
    x = {"x0": _seconds(one.start_ns), "x1": _seconds(one.end_ns)}
    return {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": {"width": 0}, "name": "window", **x}


def _names(found: Timeline, purposes: Mapping[int, Purpose]) -> Iterator[dict[str, Any]]:
    """The name of each trial above its windows; only some where there are many."""
    trials = list(dict.fromkeys(one.trial for one in found.windows))
    for trial in trials[:: -(-len(trials) // MOST_NAMED)]:
        windows = [one for one in found.windows if one.trial == trial]
        middle = (windows[0].start_ns + windows[-1].end_ns) // 2
        audit = "" if purposes[trial] == "measure" else f", {PURPOSES[purposes[trial]]}"
        text = f"trial {trial + 1}{audit}" if len(trials) <= 3 else str(trial + 1)
        yield {"x": _seconds(middle), "y": 1, "xref": "x", "yref": "paper", "yanchor": "bottom", "showarrow": False, "text": text}


def _seconds(nanoseconds: int) -> float:
    return float(f"{nanoseconds / SECOND:.9g}")
