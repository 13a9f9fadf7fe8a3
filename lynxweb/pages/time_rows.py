"""The table beside the picture along time: what each window saw, and in words why a kind of reading is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lynxweb.pages import time_figures
from lynxweb.registry.cards import RunView
from lynxweb.registry.describing import point_text
from lynxweb.registry.reading import Timeline
from lynxweb.registry.series import Series
from lynxweb.registry.timelines import Stretches
from lynxweb.words import formatting
from lynxweb.words.executor_rows import text as words_of
from lynxweb.words.measured_words import POWER_COLUMNS, PURPOSES, THROTTLING
from runner.contract.run import Purpose, Run

Integers = npt.NDArray[np.int64]
NO_ACCELERATOR = "This machine has no accelerator that could slow itself down, so the band under each series says “not read”."
NOT_READ = "Whether the accelerator slowed itself down was not read, so the band under each series says “not read”, which is not the same as clean."
KIND_WORDS = {"power": "power", "temperature": "temperature", "clock": "SM clock"}


@dataclass(frozen=True)
class TimeRow:
    """One window: latency of its calmest and worst stretch, what was read in it, and the share of each throttle class."""

    trial: int
    purpose: str
    at: str
    began: str
    p50: str
    p99: str
    power: str
    temperature: str
    clock: str
    throttling: str


@dataclass(frozen=True)
class Told:
    """The picture along time with its table, and a sentence for each kind of reading that nothing gave."""

    figure: Mapping[str, object]
    panels: tuple[str, ...]
    rows: tuple[TimeRow, ...]
    absent: tuple[str, ...]
    readings: tuple[str, ...]
    label: str
    left_out: int

    @property
    def shape(self) -> str:
        """The class of the style sheet that gives the picture its height."""
        return f"panels-{len(self.panels)}"


def told(view: RunView, found: Timeline, hidden: bool) -> Told | None:
    """The section of a run page along time; None where there is nothing to draw, for a picture is never empty."""
    panels = time_figures.panels_of(found, hidden)
    if not panels:
        return None
    at = point_text(view.run.operating_points[0]) if len(view.run.operating_points) == 1 else "the load of each window"
    purposes = tuple((trial.index, trial.purpose) for trial in view.run.trials)
    rows = tuple(_row(view.run, found, one, hidden) for one in found.windows)
    label = f"{', '.join(panels)} over the time of the run at {at}, each over a band of throttling; the table below holds the numbers".capitalize()
    return Told(_drawn(found, purposes, at, hidden), panels, rows, tuple(_absent(view, found)), tuple(_readings(found)), label, found.left_out)


# A figure follows from its arguments alone. Timelines are told apart by identity: the registry remembers them, so a run keeps its own.
@lru_cache(maxsize=32)
def _drawn(found: Timeline, purposes: tuple[tuple[int, Purpose], ...], at: str, hidden: bool) -> Mapping[str, object]:
    return time_figures.as_json(time_figures.over_time(found, dict(purposes), at, hidden))


def _row(run: Run, found: Timeline, one: Stretches, hidden: bool) -> TimeRow:
    latency = not hidden and len(one.p50_ns) > 0
    return TimeRow(
        trial=one.trial + 1,
        purpose=PURPOSES[run.trials[one.trial].purpose],
        at=_load(run, one),
        began=f"{formatting.duration(one.start_ns)} for {formatting.duration(one.end_ns - one.start_ns)}",
        p50=_span([one.p50_ns], formatting.duration) if latency else formatting.DASH,
        p99=_span([one.p99_ns], formatting.duration) if latency else formatting.DASH,
        power=_read(found, one, "power"),
        temperature=_read(found, one, "temperature"),
        clock=_read(found, one, "clock"),
        throttling=_throttling(found, one),
    )


def _load(run: Run, one: Stretches) -> str:
    """The load of a window in words; a search served rates that are no operating points."""
    trial = run.trials[one.trial]
    window = next(window for window in trial.points if window.point == one.point)
    point = next((point for point in run.operating_points if point.name == f"p{one.point}"), None)
    if point is None or trial.purpose == "search":
        return f"{window.rate_per_s}/s" if window.rate_per_s is not None else f"concurrency {window.concurrency or 1}"
    return point_text(point)


def _span(parts: Sequence[Integers], written: Callable[[int], str]) -> str:
    least, most = min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)
    return written(least) if least == most else f"{written(least)} to {written(most)}"


def _read(found: Timeline, one: Stretches, kind: str) -> str:
    """Lowest to highest reading of a kind inside a window, over all devices; a dash where there was none."""
    parts = []
    for series in found.series:
        inside = (series.t_ns >= one.start_ns) & (series.t_ns <= one.end_ns)
        if series.kind == kind and inside.any():
            parts += [series.low[inside], series.high[inside]]
    return _span(parts, WRITTEN[kind]) if parts else formatting.DASH


def _throttling(found: Timeline, one: Stretches) -> str:
    held = found.throttled(one.start_ns, one.end_ns)
    total = sum(held.values())
    if len(held) == 1:
        return THROTTLING[next(iter(held))].text
    return ", ".join(f"{THROTTLING[name].text} {formatting.percent(length * 1000 // total * 1000)}" for name, length in held.items())


def _absent(view: RunView, found: Timeline) -> list[str]:
    """A sentence for each kind of reading that no sensor gave: with its reason where the run states one."""
    kinds = {series.kind for series in found.series}
    missing = [words for kind, words in KIND_WORDS.items() if kind not in kinds]
    lines = [f"No sensor read {_either(missing)}: {_why(view.run)}."] if missing else []
    if {part.klass for part in found.ribbon} <= {"unknown"}:
        none = all(trial.throttle.status == "not_applicable" for trial in view.run.trials)
        lines.append(NO_ACCELERATOR if none else NOT_READ)
    return lines


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _why(run: Run) -> str:
    """Why there is no energy, which is why there is no power either, as the trials state it."""
    reasons = dict.fromkeys(words_of(trial.energy_mj) for trial in run.trials if not trial.energy_mj.known)
    return ", ".join(reasons) or "the run carries no such readings"


def _readings(found: Timeline) -> list[str]:
    """What power was read of which device: instant or average is never left open."""
    return [f"{_device(series)}: {POWER_COLUMNS[series.column]}, {formatting.whole(series.readings)} readings" for series in found.series
            if series.kind == "power"]  # fmt: skip


def _device(series: Series) -> str:
    return "Processor packages" if series.device < 0 else f"Device {series.device}"


def _celsius(millidegrees: int) -> str:
    return f"{millidegrees / 1000:g}{formatting.GAP}°C".replace("-", "−")


def _megahertz(kilohertz: int) -> str:
    return f"{formatting.whole(kilohertz // 1000)}{formatting.GAP}MHz"


WRITTEN = {"power": formatting.power, "temperature": _celsius, "clock": _megahertz}
