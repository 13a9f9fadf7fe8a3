"""The phases of each trial as rows of a table and segments of its figure, and the trials that enter no headline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lynxweb.pages import time_figures
from lynxweb.registry.reading import Timeline
from lynxweb.words import formatting
from lynxweb.words.measured_words import PHASES, PURPOSES
from runner.contract.run import Phase, Run, Trial

MEASURE = "measure"


@dataclass(frozen=True)
class PhaseRow:
    """One trial: what it was for, and each phase in the order of the heads; None where the trial has no such phase."""

    number: int
    purpose: str
    is_apart: bool
    cells: tuple[str | None, ...]
    settling: str
    broken: tuple[str, ...]


@dataclass(frozen=True)
class PhaseTable:
    """The phases of every trial."""

    heads: tuple[str, ...]
    rows: tuple[PhaseRow, ...]

    @property
    def shape(self) -> str:
        """The class of the style sheet that gives the picture its height."""
        return f"rows-{min(max(len(self.rows), 2), 12)}"

    @property
    def has_settling(self) -> bool:
        """Whether any trial says how its warm-up settled."""
        return any(row.settling for row in self.rows)


@dataclass(frozen=True)
class AuditRow:
    """One trial that enters no headline: an audit test or a saturation search."""

    number: int
    purpose: str
    length: str
    completed: str
    p50: str
    seed: str


def phase_table(run: Run) -> PhaseTable | None:
    """The phases of every trial; None for a run that did not record them."""
    names = {phase.name for trial in run.trials for phase in trial.phases}
    if not names:
        return None
    shown = [name for name in PHASES if name in names]
    return PhaseTable(tuple(PHASES[name].capitalize() for name in shown), tuple(_row(trial, shown) for trial in run.trials))


def _row(trial: Trial, shown: Sequence[str]) -> PhaseRow:
    by_name: dict[str, list[Phase]] = {}
    for phase in trial.phases:
        by_name.setdefault(phase.name, []).append(phase)
    cells = tuple(_cell(by_name[name]) if name in by_name else None for name in shown)
    broken = tuple(f"{fault.code}: {fault.said}" for fault in trial.faults)
    return PhaseRow(trial.index + 1, PURPOSES[trial.purpose], trial.purpose != MEASURE, cells, _settling(trial), broken)


def _cell(phases: Sequence[Phase]) -> str:
    length = formatting.duration(sum(phase.end_ns - phase.start_ns for phase in phases))
    requests = sum(phase.requests for phase in phases)
    times = f"{len(phases)} × · " if len(phases) > 1 else ""
    return f"{times}{length}{f' · {formatting.whole(requests)} requests' if requests else ''}"


def _settling(trial: Trial) -> str:
    if trial.settled is None:
        return ""
    if trial.settled and not trial.settle_extensions:
        return "settled at once"
    extensions = f"{trial.settle_extensions} extension{'' if trial.settle_extensions == 1 else 's'}"
    return f"settled after {extensions}" if trial.settled else f"still drifting after {extensions}"


def audit_rows(run: Run, found: Timeline, hidden: bool) -> tuple[AuditRow, ...]:
    """The trials that enter no headline, with what was served in them; latencies left out where a finding withholds them."""
    rows = []
    for trial in (trial for trial in run.trials if trial.purpose != MEASURE):
        windows = [one for one in found.windows if one.trial == trial.index]
        lone = windows[0].p50_whole_ns if len(windows) == 1 and not hidden else None
        rows.append(
            AuditRow(
                trial.index + 1, PURPOSES[trial.purpose],
                f"{f'{len(windows)} windows, ' if len(windows) > 1 else ''}{formatting.duration(sum(one.end_ns - one.start_ns for one in windows))}",
                formatting.whole(sum(one.completed for one in windows)), formatting.DASH if lone is None else formatting.duration(lone),
                trial.seed or "the methodology’s",
            )
        )  # fmt: skip
    return tuple(rows)


@lru_cache(maxsize=32)
def phase_figure(trials: tuple[Trial, ...]) -> Mapping[str, object]:
    """The figure of the phases, one bar a trial, as JSON values; not to be changed, for it is remembered."""
    rows = [
        time_figures.Bar(
            f"trial {trial.index + 1}{'' if trial.purpose == MEASURE else ', audit' if trial.purpose != 'search' else ', search'}",
            tuple(time_figures.Segment(phase.name, phase.start_ns, phase.end_ns, phase.requests) for phase in trial.phases),
        )
        for trial in trials
        if trial.phases
    ]
    return time_figures.as_json(time_figures.phases(rows))
