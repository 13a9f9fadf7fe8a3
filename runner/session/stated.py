"""What a trial process states of its trial: times, windows, clocks and what the sensors say of the windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.contract.executor import Executor
from runner.contract.methodology import Methodology
from runner.contract.run import Fault, Phase, SearchOutcome, Trial, Window
from runner.contract.sensor_facts import sensor_facts
from runner.contract.surroundings import device_count
from runner.contract.telemetry_row import TelemetryRow
from runner.load.clock import ClockEdge, clock_slew_ppm, wall_step_ns
from runner.load.floor import Floor
from runner.sensors.sensed import Sensed
from runner.session.task import Outcome, Task
from runner.session.warm import Warmed

LONGEST_SAID, MOST_FAULTS, MOST_ERRORS = 400, 32, 8


@dataclass(frozen=True)
class Seen:
    """What one trial saw, beside its rows; `clocks` are the clocks before its first window and after its last."""

    before: Executor
    after: Executor
    floor: Floor
    warmups: Sequence[Warmed]
    windows: Sequence[Window]
    phases: Sequence[Phase]
    clock_cost_ns: int
    clocks: tuple[ClockEdge, ClockEdge]
    driver_cpu: int | None
    spin_ns: int | None
    handoff_ns: int | None
    errors: Sequence[str]
    search: SearchOutcome | None = None


def outcome_of(task: Task, methodology: Methodology, seen: Seen, sensed: Sensed) -> tuple[Outcome, tuple[TelemetryRow, ...]]:
    """The trial's document with its sensor facts, and the rows that they follow from."""
    trial = _trial(task, methodology, seen, sensed)
    facts = sensor_facts(trial, sensed.rows, device_count(seen.before), sensed.refusals)
    outcome = Outcome(
        trial=trial.model_copy(update=facts),
        clock_cost_ns=seen.clock_cost_ns,
        telemetry_capabilities=sensed.capabilities,
        errors=tuple(dict.fromkeys(seen.errors))[:MOST_ERRORS],
        search=seen.search,
    )
    return outcome, sensed.rows


def _trial(task: Task, methodology: Methodology, seen: Seen, sensed: Sensed) -> Trial:
    windows = sorted(seen.windows, key=lambda window: window.start_ns)
    several = methodology.shape == "sweep"
    slew = clock_slew_ppm(*seen.clocks)
    return Trial(
        index=task.trial,
        fingerprint_warm=seen.before.fingerprint,
        fingerprint_end=seen.after.fingerprint,
        window_start_ns=windows[0].start_ns,
        window_end_ns=max(window.end_ns for window in windows),
        load_time_ns=_length(seen.phases, "load"),
        first_inference_ns=_length(seen.phases, "first_inference"),
        warmup_requests=sum(warm.requests for warm in seen.warmups),
        warmup_ns=sum(warm.duration_ns for warm in seen.warmups),
        schedule_sha256=None if several else windows[0].schedule_sha256,
        floor_p50_ns=seen.floor.p50_ns,
        floor_p99_ns=seen.floor.p99_ns,
        purpose=task.purpose,
        windows=tuple(windows) if several else (),
        phases=tuple(seen.phases),
        settled=all(warm.settled for warm in seen.warmups),
        settle_extensions=sum(warm.extensions for warm in seen.warmups),
        spin_ns=seen.spin_ns,
        handoff_ns=seen.handoff_ns,
        driver_cpu=seen.driver_cpu,
        clock_slew_ppm=slew,
        wall_step_ns=wall_step_ns(*seen.clocks),
        seed=task.seed,
        tick_ns=sensed.tick_ns,
        faults=tuple(Fault.model_validate({"code": fault.code, "said": fault.said[:LONGEST_SAID]}) for fault in sensed.faults[:MOST_FAULTS]),
    )


def _length(phases: Sequence[Phase], name: str) -> int:
    return sum(phase.end_ns - phase.start_ns for phase in phases if phase.name == name)
