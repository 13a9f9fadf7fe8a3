"""The run document: one execution of a methodology on an executor, with its trials, operating points and stated numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from runner.contract.fields import Decimal, Digest, Document, Instant, Text, Whole
from runner.contract.methodology import MOST_TRIALS, Natural, Positive
from runner.contract.metrics import DEFINITIONS

CLOCK_STEP = timedelta(seconds=2)
Prose = Annotated[str, Bound(max_length=2000)]


class RunnerBuild(Document):
    """Which runner measured; `measurement_semantics` changes when the meaning of a number does."""

    version: str
    commit: Annotated[str, Bound(pattern=r"^([0-9a-f]{7,40}|unknown)$")]
    dirty: bool
    measurement_semantics: Positive


class Trial(Document):
    """One fresh process: its window as offsets from the start of the run, and the executor it saw warm and at its end."""

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

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.window_end_ns <= self.window_start_ns:
            raise ValueError("window_end_ns must be after window_start_ns")
        if self.floor_p99_ns < self.floor_p50_ns:
            raise ValueError("floor_p99_ns lies below floor_p50_ns")
        return self


class MetricValue(Document):
    """A number with everything it must travel with: definition, unit, statistic, n, interval and the value of each trial."""

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

    @model_validator(mode="after")
    def _definition_known(self) -> Self:
        if self.definition not in DEFINITIONS or DEFINITIONS[self.definition].unit != self.unit:
            raise ValueError(f"no metric definition {self.definition} with unit {self.unit}")
        return self


class Withheld(Document):
    """A metric that is not shown, with the reason and how many requests a trial would need."""

    definition: str
    reason: str
    requests_needed: Natural
    requests_fewest: Natural


class OperatingPoint(Document):
    """One load setting with its counts and metrics; throughput is never shown without it."""

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


class Tuning(Document):
    """The optimisation effort that this side got."""

    effort: Literal["default", "documented_tuning", "vendor_tuned"] = "default"
    changes: tuple[Prose, ...] = ()


class Run(Document):
    """One run, `run/v1`; every number in it is recomputed from `samples.parquet` by whoever receives it."""

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
