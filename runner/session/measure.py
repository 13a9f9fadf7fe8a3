"""The imperative shell of a measurement: trials in fresh processes, interleaved across plans, then one sealed bundle a plan.

Trial 0 of every plan comes before trial 1 of any, so that slow drift of the machine spreads over all sides of a comparison. One process
measures at a time, and nothing is said or drawn while it does.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.contract.bundle import read
from runner.contract.check import Checked, check
from runner.contract.fields import Whole
from runner.contract.methodology import Methodology
from runner.contract.run import RunnerBuild
from runner.node import NodeIdentity
from runner.session.assemble import Circumstances, assembled
from runner.session.plan import Plan
from runner.session.spawn import TrialFailed, spawn
from runner.session.stages import Asked, Stage, patience_s, stages_of, task_of
from runner.session.supported import refuse_unmeasurable
from runner.session.task import Task, TrialResult
from runner.session.trial_files import opened


@dataclass(frozen=True)
class World:
    """What a session takes from outside: processes, clocks, the build that measures, who hears of progress, and where trials leave their files."""

    build: RunnerBuild
    utc_now: Callable[[], str]
    clock_offset_ns: Callable[[], Whole]
    read_ns: Callable[[], int] = time.perf_counter_ns
    spawn: Callable[[Task, Path, float], None] = spawn
    told: Callable[[str, int, int], None] = lambda phase, done, of: None
    scratch: Path | None = None


@dataclass(frozen=True)
class Measured:
    """One plan that came to a sealed bundle, checked as the site will check it."""

    plan: Plan
    sealed: bytes = field(repr=False)
    checked: Checked


@dataclass(frozen=True)
class Failure:
    """One plan of which a trial failed: where, and what the process said; `trial` is None where all ended and the run could not be sealed."""

    plan: Plan
    trial: int | None
    said: str


@dataclass(frozen=True)
class Session:
    """What a session ends with; a plan may be in both when some of its trials could still stand."""

    measured: tuple[Measured, ...]
    failures: tuple[Failure, ...]


@dataclass
class _Side:
    """One plan under way."""

    plan: Plan
    origin_ns: int = 0
    started_at: str = ""
    ended_at: str = ""
    results: list[TrialResult] = field(default_factory=list)
    failure: Failure | None = None


def measure(
    plans: Sequence[Plan],
    methodology: Methodology,
    trials: int,
    node: NodeIdentity,
    world: World,
    *,
    nonces: Mapping[Plan, str] | None = None,
    measuring_party: str = "buyer",
    limitations: tuple[str, ...] = (),
    trace_ns: tuple[int, ...] = (),
) -> Session:
    """Measure every plan in `trials` interleaved trials and seal what can stand; an interrupt leaves nothing behind.

    `trace_ns` are the recorded arrivals of a methodology that replays some.

    Raises `Problems` before anything is measured where this runner cannot carry out what the methodology or a plan asks for.
    """
    refuse_unmeasurable(plans, methodology, trials, world.build, trace_ns)
    sides = [_Side(plan) for plan in plans]
    asked = Asked(methodology, node, nonces or {}, trace_ns)
    with tempfile.TemporaryDirectory(prefix="lynxweb-", dir=world.scratch) as scratch:
        _all_trials(sides, asked, trials, world, Path(scratch))
    processes = len(stages_of(methodology, trials)) * len(sides)
    world.told("sealing", processes, processes)
    measured = []
    for side in sides:
        if side.results:
            around = _circumstances(side, world, asked.nonces.get(side.plan), measuring_party, limitations)
            measured += _standing(side, asked, around)
    return Session(tuple(measured), tuple(side.failure for side in sides if side.failure is not None))


def _all_trials(sides: Sequence[_Side], asked: Asked, trials: int, world: World, scratch: Path) -> None:
    stages = stages_of(asked.methodology, trials)
    for index, purpose in enumerate(stages):
        for place, side in enumerate(sides):
            if side.failure is None:
                label = f"{side.plan.label}: trial {index + 1} of {len(stages)}{'' if purpose == 'measure' else f' ({purpose})'}"
                world.told(label, index * len(sides) + place, len(stages) * len(sides))
                _one_trial(side, Stage(index, purpose, index == len(stages) - 1), asked, world, scratch)


def _one_trial(side: _Side, stage: Stage, asked: Asked, world: World, scratch: Path) -> None:
    if stage.index == 0:
        side.origin_ns, side.started_at = world.read_ns(), world.utc_now()
    task = task_of(side.plan, stage, asked, side.origin_ns, side.results)
    try:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            world.spawn(task, Path(folder), patience_s(asked.methodology))
            side.results.append(opened(Path(folder)))
    except TrialFailed as error:
        side.failure = Failure(side.plan, stage.index, str(error))
    except (OSError, ValueError) as error:  # no room for its files, no process to be had, or something in its files that is no result
        side.failure = Failure(side.plan, stage.index, f"no result of the trial could be had: {type(error).__name__}: {error}")
    side.ended_at = world.utc_now()


def _circumstances(side: _Side, world: World, nonce: str | None, measuring_party: str, limitations: tuple[str, ...]) -> Circumstances:
    reason = "completed" if side.failure is None else "failed"
    failed = None if side.failure is None else side.failure.trial
    more = () if failed is None else (f"trial {failed + 1} failed; the trials before it are kept",)
    offset = world.clock_offset_ns()
    return Circumstances(side.started_at, side.ended_at, offset, world.build, nonce, measuring_party, reason, (*limitations, *more))


def _standing(side: _Side, asked: Asked, around: Circumstances) -> list[Measured]:
    """The sealed run with its findings; where no run can be sealed, or the check refuses it, this side has failed and no other."""
    try:
        sealed = assembled(side.results, asked.methodology, asked.node, around, asked.trace_ns)
        return [Measured(side.plan, sealed, check(read(io.BytesIO(sealed))))]
    except ValueError as error:  # Problems, and what the documents themselves refuse
        side.failure = side.failure or Failure(side.plan, None, f"the run could not be sealed: {error}")
        return []
