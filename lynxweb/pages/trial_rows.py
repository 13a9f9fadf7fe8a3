"""Each trial as rows: what it measured at an operating point, and what surrounded it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lynxweb.registry.curves import number_of
from lynxweb.words import formatting
from lynxweb.words.executor_rows import text as words_of
from lynxweb.words.measured_words import THROTTLING
from lynxweb.words.wording import chip
from runner.contract.fields import AnyField
from runner.contract.metrics import DEFINITIONS
from runner.contract.run import MetricValue, OperatingPoint, Run, Trial


@dataclass(frozen=True)
class TrialRow:
    """What one trial measured at one operating point; all as text."""

    number: int
    metrics: tuple[str, ...]
    effective: str


@dataclass(frozen=True)
class Surroundings:
    """What surrounded one trial: its window, the generator, what else used the machine, the start; all as text."""

    number: int
    window: str
    floor: str
    handoff: str
    steal: str
    pressure: str
    throttle: str
    energy: str
    clock: str
    warmup: str
    load_time: str


def measured_at(run: Run, point: OperatingPoint) -> tuple[Trial, ...]:
    """The trials whose values a point states, in the order of these values: audit and search trials enter no headline."""
    number = number_of(point)
    return tuple(trial for trial in run.trials if trial.purpose == "measure" and any(window.point == number for window in trial.points))


def trial_row(trial: Trial, place: int, shown: Sequence[MetricValue]) -> TrialRow:
    """The values of a trial, which stand at `place` among the values by trial of each metric."""
    percentiles = [value for value in shown if DEFINITIONS[value.definition].origin == "scheduled" and value.effective_by_trial]
    effective = [value.effective_by_trial[place] for value in percentiles]
    return TrialRow(
        number=trial.index + 1,
        metrics=tuple(formatting.scale_of(value).number(Decimal(value.trial_values[place])) for value in shown),
        effective=_between(effective),
    )


def _between(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    least, most = formatting.whole(min(numbers)), formatting.whole(max(numbers))
    return least if least == most else f"{least} to {most}"


def surroundings(run: Run) -> tuple[Surroundings, ...]:
    """What surrounded each trial, audit trials among them."""
    return tuple(_surroundings(trial) for trial in run.trials)


def _surroundings(trial: Trial) -> Surroundings:
    return Surroundings(
        number=trial.index + 1,
        window=formatting.duration(trial.window_end_ns - trial.window_start_ns),
        floor=formatting.duration(trial.floor_p50_ns),
        handoff=formatting.duration(trial.handoff_ns) if trial.handoff_ns is not None else "",
        steal=_share(trial.cpu_steal_ppm),
        pressure=_share(trial.psi_cpu_some_avg10_ppm),
        throttle=chip(THROTTLING, trial.throttle.value).text if trial.throttle.value else words_of(trial.throttle),
        energy=formatting.energy(trial.energy_mj.value) if trial.energy_mj.value is not None else f"not measured: {words_of(trial.energy_mj)}",
        clock=_clock(trial),
        warmup=f"{formatting.whole(trial.warmup_requests)} in {formatting.duration(trial.warmup_ns)}",
        load_time=formatting.duration(trial.load_time_ns),
    )


def _clock(trial: Trial) -> str:
    """How the clocks behaved: the monotonic one's rate against the raw one, and whether the wall clock was set."""
    slew = "" if trial.clock_slew_ppm is None else f"{formatting.signed(str(trial.clock_slew_ppm), 0)}{formatting.GAP}ppm"
    step = trial.wall_step_ns or 0
    jump = f"wall clock set by {'−' if step < 0 else ''}{formatting.duration(abs(step))}" if step else ""
    return ", ".join(part for part in (slew, jump) if part)


def _share(leaf: AnyField) -> str:
    return formatting.percent(leaf.value) if isinstance(leaf.value, int) else words_of(leaf)
