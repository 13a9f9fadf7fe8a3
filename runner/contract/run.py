"""The run document: one execution of a methodology on an executor, with its trials, operating points and stated numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from runner.contract.fields import Decimal, Digest, Document, Grown, Instant, Text, Whole
from runner.contract.loads import Natural, Positive, Seed
from runner.contract.methodology import MOST_CHUNKS, MOST_TRIALS, MOST_WINDOWS
from runner.contract.metrics import DEFINITIONS
from runner.contract.points import (
    BatchCount,
    Certificate,
    ClassCount,
    DeviceTime,
    EnergyUse,
    Goodput,
    Lag,
    PowerUse,
    Sustained,
    ThrottleWord,
)  # fmt: skip
from runner.contract.search import Step

CLOCK_STEP = timedelta(seconds=2)
Prose = Annotated[str, Bound(max_length=2000)]


class RunnerBuild(Document):
    """Which runner measured; `measurement_semantics` changes when the meaning of a number does."""

    version: str
    commit: Annotated[str, Bound(pattern=r"^([0-9a-f]{7,40}|unknown)$")]
    dirty: bool
    measurement_semantics: Positive


class Phase(Document):
    """A stretch of a trial as offsets from the start of the run, with the requests that were served in it."""

    name: Literal["load", "first_inference", "floor", "warm_up", "idle_before", "ramp", "window", "idle_after", "quality"]
    start_ns: Natural
    end_ns: Natural
    requests: Natural = 0

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end_ns < self.start_ns:
            raise ValueError(f"phase {self.name}: end_ns lies before start_ns")
        return self


class Window(Document):
    """The measured phase of one operating point: the load that was offered there and the digest of its schedule (open loop)."""

    point: Natural
    start_ns: Natural
    end_ns: Natural
    rate_per_s: Decimal | None = None
    concurrency: Positive | None = None
    schedule_sha256: Digest | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end_ns <= self.start_ns:
            raise ValueError(f"window of point {self.point}: end_ns must be after start_ns")
        return self


class Fault(Document):
    """Something that broke while a trial went on; what was measured is kept. Each code is a finding."""

    code: Literal["sampler-died", "sensor-error", "sample-gap", "device-lost"]
    said: Annotated[str, Bound(max_length=400)]


Purpose = Literal["measure", "search", "repeat-one-sample", "alternate-seed"]
TRIAL_LATER = frozenset({
    "purpose", "windows", "phases", "settled", "settle_extensions", "spin_ns", "handoff_ns", "driver_cpu", "clock_slew_ppm", "wall_step_ns",
    "seed", "tick_ns", "faults",
})  # fmt: skip


class Trial(Grown):
    """One fresh process: its window as offsets from the start of the run, and the executor it saw warm and at its end.

    A trial with several operating points lists a window for each; its own then spans them all. Only trials whose purpose is `measure` enter a
    headline. `seed` is the root seed where it is not the methodology's.
    """

    LATER: ClassVar[frozenset[str]] = TRIAL_LATER
    index: Natural
    fingerprint_warm: Digest
    fingerprint_end: Digest
    window_start_ns: Natural
    window_end_ns: Natural
    load_time_ns: Natural
    first_inference_ns: Natural
    warmup_requests: Natural
    warmup_ns: Natural
    schedule_sha256: Digest | None = None
    floor_p50_ns: Natural
    floor_p99_ns: Natural
    cpu_steal_ppm: Whole = Whole()
    psi_cpu_some_avg10_ppm: Whole = Whole()
    foreign_gpu_processes: Whole = Whole()
    throttle: Text = Text()
    energy_mj: Whole = Whole()
    purpose: Purpose = "measure"
    windows: Annotated[tuple[Window, ...], Bound(max_length=MOST_WINDOWS)] = ()
    phases: Annotated[tuple[Phase, ...], Bound(max_length=512)] = ()
    settled: bool | None = None
    settle_extensions: Natural = 0
    spin_ns: Natural | None = None
    handoff_ns: Natural | None = None
    driver_cpu: Natural | None = None
    clock_slew_ppm: int | None = None
    wall_step_ns: int | None = None
    seed: Seed | None = None
    tick_ns: Natural | None = None
    faults: Annotated[tuple[Fault, ...], Bound(max_length=32)] = ()

    @property
    def points(self) -> tuple[Window, ...]:
        """The window of each operating point, in order of time; the trial's own where it has only one."""
        return self.windows or (Window(point=0, start_ns=self.window_start_ns, end_ns=self.window_end_ns, schedule_sha256=self.schedule_sha256),)

    @model_validator(mode="after")
    def _windows_inside(self) -> Self:
        if self.windows:
            starts = [window.start_ns for window in self.windows]
            outer = (min(starts), max(window.end_ns for window in self.windows))
            if outer != (self.window_start_ns, self.window_end_ns) or starts != sorted(starts):
                raise ValueError("windows: in order of time, and the trial's window spans them all")
            if any(later.start_ns < earlier.end_ns for earlier, later in pairwise(self.windows)):
                raise ValueError("windows: one after the other")
            if len({window.point for window in self.windows}) != len(self.windows) or self.schedule_sha256 is not None:
                raise ValueError("windows: each point once, each with the digest of its own schedule")
        return self

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.window_end_ns <= self.window_start_ns:
            raise ValueError("window_end_ns must be after window_start_ns")
        if self.floor_p99_ns < self.floor_p50_ns:
            raise ValueError("floor_p99_ns lies below floor_p50_ns")
        return self


class MetricValue(Grown):
    """A number with everything it must travel with: definition, unit, statistic, n, interval and the value of each trial.

    `effective_by_trial` is E of a percentile: how many independent requests carry what each trial's dependent ones do.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"effective_by_trial"})
    definition: str
    unit: str
    value: Decimal
    statistic: Literal["median_of_trials"] = "median_of_trials"
    n_trials: Positive
    n_requests: Natural
    ci_low: Decimal | None = None
    ci_high: Decimal | None = None
    ci_method: Literal["t_on_logarithms_of_trials", "none"]
    provenance: Literal["measured", "inferred", "imported", "estimated"] = "measured"
    trial_values: tuple[Decimal, ...]
    effective_by_trial: tuple[Natural, ...] = ()

    @model_validator(mode="after")
    def _definition_known(self) -> Self:
        if self.definition not in DEFINITIONS or DEFINITIONS[self.definition].unit != self.unit:
            raise ValueError(f"no metric definition {self.definition} with unit {self.unit}")
        return self


class Withheld(Grown):
    """A metric that is not shown, with the reason and how many requests a trial would need.

    `effective_by_trial` is E of a percentile that has too few effective requests in all.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"effective_by_trial"})
    definition: str
    reason: str
    requests_needed: Natural
    requests_fewest: Natural
    effective_by_trial: tuple[Natural, ...] = ()


POINT_LATER = frozenset({
    "lag", "certificate", "goodput", "device", "power", "energy", "throttle", "sustained", "batches", "classes",
})  # fmt: skip


class OperatingPoint(Grown):
    """One load setting with its counts and metrics; throughput is never shown without it."""

    LATER: ClassVar[frozenset[str]] = POINT_LATER
    name: str
    loop: Literal["closed", "open"]
    process: str
    concurrency: Positive | None
    rate_per_s: Decimal | None
    batch: Positive
    completed: Natural
    failed: Natural
    timed_out: Natural
    window_ns: Positive
    metrics: tuple[MetricValue, ...]
    withheld: tuple[Withheld, ...] = ()
    lag: Lag | None = None
    certificate: Certificate | None = None
    goodput: Goodput | None = None
    device: DeviceTime | None = None
    power: PowerUse | None = None
    energy: tuple[EnergyUse, ...] = ()
    throttle: ThrottleWord | None = None
    sustained: tuple[Sustained, ...] = ()
    batches: tuple[BatchCount, ...] = ()
    classes: tuple[ClassCount, ...] = ()


class SearchStep(Step):
    """One step of a saturation search, with the points of the search trial (chunks of one rate, each with its own schedule) that it took."""

    points: Annotated[tuple[Natural, ...], Bound(min_length=1, max_length=MOST_CHUNKS)]


class SearchOutcome(Document):
    """The highest load under the latency budget as an interval: certified at `lo`, not at `hi`; only a confirmed rate is an operating point.

    `capacity_per_s` is the closed-loop throughput that the search started from, `bounded` whether it had stopped growing with concurrency; `above`
    says what is known of `hi`. `cliff` labels a rate at which the share over the limit jumps.
    """

    capacity_per_s: Decimal
    bounded: bool
    steps: Annotated[tuple[SearchStep, ...], Bound(max_length=128)]
    lo_per_s: Decimal | None
    hi_per_s: Decimal | None
    above: Literal["refuted", "undetermined", "generator-limited", "capacity"] | None
    confirmed_per_s: Decimal | None
    cliff: bool


class Tuning(Document):
    """The optimisation effort that this side got."""

    effort: Literal["default", "documented_tuning", "vendor_tuned"] = "default"
    changes: tuple[Prose, ...] = ()


class Run(Grown):
    """One run, `run/v1`; every number in it is recomputed from `samples.parquet` by whoever receives it."""

    LATER: ClassVar[frozenset[str]] = frozenset({"search"})
    schema_id: Literal["run/v1"] = "run/v1"
    methodology_sha256: Digest
    fingerprint: Digest
    instance: Digest
    instance_scope: Literal["local", "organisation"]
    boot: Digest | None
    nonce: Digest | None
    runner: RunnerBuild
    measuring_party: Literal["vendor", "buyer", "third_party"]
    vested_interest: Prose = "none declared"
    availability: Literal["available", "preview", "rdi"] = "available"
    started_at: Instant
    ended_at: Instant
    clock_offset_ns: Whole
    clock_cost_ns: Natural
    thermal_regime: Text
    power_source: Text
    telemetry_capabilities: tuple[str, ...]
    tuning: Tuning = Tuning()
    trials: Annotated[tuple[Trial, ...], Bound(min_length=1, max_length=MOST_TRIALS)]
    operating_points: Annotated[tuple[OperatingPoint, ...], Bound(min_length=1, max_length=64)]
    exit_reason: Literal["completed", "interrupted", "failed"]
    limitations: tuple[Prose, ...] = ()
    notes: Prose = ""
    search: SearchOutcome | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if [trial.index for trial in self.trials] != list(range(len(self.trials))):
            raise ValueError("trials are numbered 0, 1, 2 … in order")
        started, ended = (datetime.fromisoformat(text) for text in (self.started_at, self.ended_at))  # a ValueError for a day that does not exist
        if ended < started:
            raise ValueError("ended_at lies before started_at")
        if ended - started + CLOCK_STEP < timedelta(microseconds=max(trial.window_end_ns for trial in self.trials) // 1000):
            raise ValueError("ended_at lies before the end of the last window")
        return self

    def metric(self, definition: str) -> MetricValue | None:
        """The value under `definition` at the first operating point that states it; None if it was not measured."""
        return next((value for point in self.operating_points for value in point.metrics if value.definition == definition), None)
