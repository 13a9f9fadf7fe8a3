"""The methodology document: how something is measured, hashed in blocks, so that a refusal can say which part differs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, model_validator
from pydantic import Field as Bound
from pydantic_core import PydanticCustomError

from runner.contract.canonical import digest
from runner.contract.fields import Digest, Document, Grown, Name
from runner.contract.loads import Load, Natural, Positive, Seed
from runner.contract.metrics import DEFINITIONS, ENERGIES
from runner.contract.versions import parse

GROWN_SEMANTICS = 2  # from here on a point states lag, certificates, energy and the rest beside its metrics, and all of it is recomputed
BLOCKS = ("workload", "load", "protocol", "protocol.latency", "protocol.energy", "metrics", "quality", "reporting", "slo")
Kind = Literal["inference", "training", "microbenchmark", "burn_in", "quick"]
# Floors that a kind sets for its methodologies: window of a trial in ns, trials, completed requests of a trial.
FLOORS: dict[str, tuple[int, int, int]] = {"inference": (600 * 10**9, 3, 64), "quick": (5 * 10**9, 3, 64)}
MOST_TRIALS = 100
MOST_WINDOWS = 256  # of one trial
MOST_CHUNKS = 64  # of one step of a search
LONGEST_WINDOW_NS = 86_400 * 10**9
QUICK_PRIMARIES = ("latency_p50@1", "throughput@1")
AuditTest = Literal["repeat-one-sample", "alternate-seed", "quality-in-performance"]


def _range(text: str) -> str:
    parse(text)
    return text


Line = Annotated[str, Bound(max_length=300)]
Prose = Annotated[str, Bound(max_length=2000)]
Proses = Annotated[tuple[Prose, ...], Bound(max_length=50)]


class Reference(Document):
    """What quality is measured against: the sealed outputs of one model at one precision."""

    precision: Name
    outputs_sha256: Digest


class Workload(Document):
    """What is asked of the system, each part by digest."""

    task: Name
    model_name: Name
    model_family: Name
    model_sha256: Digest
    dataset_name: Name
    dataset_sha256: Digest
    labels_sha256: Digest
    preprocessing_sha256: Digest
    input_shape: tuple[Positive, ...]
    input_format: Name
    n_samples: Positive
    sampling_seed: Seed
    reference: Reference


class Latency(Document):
    """Which latency: of what, counted from when."""

    scope: Literal["kernel", "device", "device_plus_copy", "server", "client_request"]
    origin: Literal["scheduled", "sent"]


class Energy(Document):
    """Which energy, or none."""

    scope: Literal["none", "gpu_board", "gpu_module", "cpu_package", "node_dc", "wall_ac"]
    method: Literal["none", "nvml_counter", "nvml_power_integral", "rapl"]
    idle_subtraction: bool


class Protocol(Grown):
    """How the measurement is carried out.

    From semantics 2 on: a warm-up that still drifts is extended up to `settle_extensions` times; `idle_ns` of rest, model loaded, lie before and
    after the windows of a trial; a sustained shape ramps up for `ramp_ns` first; `audits` are extra trials and samples that enter no headline.
    """

    LATER: ClassVar[frozenset[str]] = frozenset({"settle_extensions", "idle_ns", "ramp_ns", "telemetry_hz", "audits"})
    timed_region: Prose
    exclusions: Proses
    clock: Line
    synchronisation: Line
    warmup_min_requests: Natural
    warmup_min_ns: Natural
    settle_rule: Prose
    required_thermal_regime: Literal["any", "steady"]
    min_duration_ns: Annotated[int, Bound(gt=0, le=LONGEST_WINDOW_NS)]
    min_trials: Annotated[int, Bound(gt=0, le=MOST_TRIALS)]
    min_requests: Positive
    restart_policy: Literal["fresh_process", "none"]
    window_rule: Prose
    isolation_rule: Prose
    client_processes: Positive
    measurement_semantics: Positive
    latency: Latency
    energy: Energy
    settle_extensions: Annotated[int, Bound(ge=0, le=10)] = 3
    idle_ns: Annotated[int, Bound(ge=0, le=3_600 * 10**9)] = 0
    ramp_ns: Annotated[int, Bound(ge=0, le=3_600 * 10**9)] = 0
    telemetry_hz: Annotated[int, Bound(ge=1, le=50)] = 10
    audits: Annotated[tuple[AuditTest, ...], Bound(max_length=3)] = ()

    @model_validator(mode="after")
    def _audits_once(self) -> Self:
        if len(set(self.audits)) != len(self.audits):
            raise ValueError("audits: each test once")
        return self


class Metrics(Document):
    """Which definitions are reported."""

    definitions: Annotated[tuple[Line, ...], Bound(max_length=100)]
    percentile_method: Literal["order_statistic"]
    token_counting: Literal["not_applicable"] = "not_applicable"


class QualityGate(Document):
    """Which quality is evaluated, and the bounds in parts per million of the reference."""

    suite: Name
    suite_version: Positive
    metrics: tuple[Literal["accuracy", "agreement"], ...]
    slices: Literal["per_class"]
    min_accuracy_ratio_ppm: Natural
    min_agreement_ppm: Natural


class Reporting(Document):
    """How trials become the stated number."""

    statistic: Literal["median_of_trials"]
    interval_method: Literal["t_on_logarithms_of_trials"]
    interval_level_permille: Literal[950]


class Slo(Grown):
    """The latency budget, or `none` said aloud: `permille` of the requests answered within `limit_ns`, certified at a stated confidence."""

    LATER: ClassVar[frozenset[str]] = frozenset({"confidence_permille", "least_effective"})
    metric: Line
    permille: Annotated[int, Bound(gt=0, lt=1000)] | None = None
    limit_ns: Positive | None = None
    confidence_permille: Annotated[int, Bound(ge=900, lt=1000)] = 990
    least_effective: Natural = 400

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({self.metric == "none", self.permille is None, self.limit_ns is None}) != 1:
            raise ValueError("slo: metric, permille and limit_ns together, or metric none and neither of them")
        return self


class Gates(Grown):
    """Parameters of the validity gates; ratios in parts per million."""

    LATER: ClassVar[frozenset[str]] = frozenset(
        {"max_drift_ppm", "max_clock_slew_ppm", "max_wall_step_ns", "max_clock_offset_ns", "max_enqueue_gap_ppm", "max_repeat_gain_ppm",
         "max_performance_mismatch_ppm", "max_sample_gap_ns"}
    )  # fmt: skip
    max_cpu_steal_ppm: Natural = 10_000
    max_psi_cpu_some_ppm: Natural = 100_000
    max_failed_ppm: Natural = 1_000
    max_rate_error_ppm: Natural = 5_000
    lag_floor_ns: Natural = 100_000
    lag_share_ppm: Natural = 50_000
    variation_warn_ppm: Natural = 50_000
    variation_invalid_ppm: Natural = 200_000
    max_drift_ppm: Natural = 20_000
    max_clock_slew_ppm: Natural = 100
    max_wall_step_ns: Natural = 100_000_000
    max_clock_offset_ns: Natural = 100_000_000
    max_enqueue_gap_ppm: Natural = 200_000
    max_repeat_gain_ppm: Natural = 100_000
    max_performance_mismatch_ppm: Natural = 0
    max_sample_gap_ns: Natural = 500_000_000


class Methodology(Document):
    """One version of a methodology, `methodology/v1`; titles and prose lie outside the blocks and never refuse a comparison."""

    schema_id: Literal["methodology/v1"] = "methodology/v1"
    name: Name
    version: Positive
    title: Line
    purpose: Literal["decision", "stack_validation", "regression"]
    kind: Kind
    shape: Literal["point", "sweep", "sustained", "canary"]
    primary_metric: Line
    workload: Workload
    load: Load
    protocol: Protocol
    metrics: Metrics
    quality: QualityGate
    reporting: Reporting
    slo: Slo
    gates: Gates
    runner_versions: Annotated[str, AfterValidator(_range)]
    permitted_runtimes: tuple[Name, ...]
    permitted_tuning: Literal["default", "documented_tuning", "vendor_tuned"]
    undeclared_allowed: bool
    forbidden: Proses
    representativeness: Prose
    limitations: Proses
    authors: Annotated[tuple[Line, ...], Bound(max_length=50)]

    @model_validator(mode="after")
    def _metrics_known(self) -> Self:
        for place in (self.primary_metric, *self.metrics.definitions):
            if place not in DEFINITIONS:
                raise PydanticCustomError("metric", "unknown metric definition {id}", {"id": place, "code": "R-21"})
        if DEFINITIONS[self.primary_metric].context:
            raise PydanticCustomError(
                "utilisation",
                "primary_metric: {id} is utilisation, which describes and never decides; name a latency or a throughput",
                {"id": self.primary_metric, "code": "utilisation-as-primary"},
            )
        if self.primary_metric not in self.metrics.definitions:
            raise ValueError("primary_metric must be among metrics.definitions")
        for name in self.metrics.definitions:
            if DEFINITIONS[name].context:
                raise ValueError(f"metrics.definitions: {name} describes and is not computed from samples; leave it out")
        if len(set(self.metrics.definitions)) != len(self.metrics.definitions):
            raise ValueError("metrics.definitions: each definition once")
        if self.slo.metric != "none" and self.slo.metric not in self.metrics.definitions:
            raise ValueError(f"slo.metric must be none or among metrics.definitions (got {self.slo.metric})")
        if self.slo.metric != "none" and DEFINITIONS[self.slo.metric].permille is None:
            raise ValueError(f"slo.metric must be a latency (got {self.slo.metric})")
        if self.kind == "quick" and self.primary_metric not in QUICK_PRIMARIES:
            raise ValueError(f"the primary metric of a quick look is one of {', '.join(QUICK_PRIMARIES)} (got {self.primary_metric})")
        return self

    @model_validator(mode="after")
    def _floors_of_kind(self) -> Self:
        protocol = self.protocol
        stated = (protocol.min_duration_ns, protocol.min_trials, protocol.min_requests)
        if any(found < floor for found, floor in zip(stated, FLOORS.get(self.kind, (0, 0, 0)), strict=True)):
            raise ValueError(f"protocol (duration, trials, requests) = {stated} is below the floors of kind {self.kind}: {FLOORS[self.kind]}")
        if self.kind == "quick" and self.protocol.energy.scope != "none":
            raise ValueError("a quick look measures no energy")
        return self

    @model_validator(mode="after")
    def _shape_fits_load(self) -> Self:
        several, grown = len(self.load.points) != 1, self.protocol.measurement_semantics >= GROWN_SEMANTICS
        if several != (self.shape == "sweep") and (several or grown):
            raise ValueError(f"shape {self.shape} does not fit the load: several rates, concurrencies or a search are a sweep, and a sweep has them")
        if self.load.search is not None and self.slo.metric == "none":
            raise ValueError("a search looks for the highest load under a latency budget: state slo")
        if (self.protocol.ramp_ns > 0) != (self.shape == "sustained") and (self.protocol.ramp_ns or grown):
            raise ValueError("protocol.ramp_ns: a sustained shape has a ramp, and no other one has")
        return self

    @model_validator(mode="after")
    def _energy_can_be_computed(self) -> Self:
        """From semantics 2 on: a scope by a method that can see it."""
        asked = self.protocol.energy.scope, self.protocol.energy.method
        if self.protocol.measurement_semantics >= GROWN_SEMANTICS and asked not in (("none", "none"), *ENERGIES):
            told = ", ".join(f"{scope} by {method}" for scope, method in ENERGIES)
            raise ValueError(f"protocol.energy: {asked[0]} by {asked[1]}; this can be measured: {told}, or none by none")
        if self.protocol.measurement_semantics >= GROWN_SEMANTICS and self.protocol.energy.idle_subtraction and not self.protocol.idle_ns:
            raise ValueError("protocol.idle_ns: net energy needs a rest around the windows, whose power is subtracted")
        return self

    @model_validator(mode="after")
    def _budget_fits_metric(self) -> Self:
        if self.protocol.measurement_semantics < GROWN_SEMANTICS or self.slo.metric not in DEFINITIONS:
            return self
        metric = DEFINITIONS[self.slo.metric]
        if metric.origin != "scheduled" or metric.permille != self.slo.permille:
            raise ValueError(f"slo: a latency from schedule and its own permille (got {self.slo.metric} with {self.slo.permille})")
        return self

    @model_validator(mode="after")
    def _search_fits_a_trial(self) -> Self:
        rules = self.load.search
        if rules is None:
            return self
        chunks = rules.longest_step_ns // rules.chunk_ns
        if chunks > MOST_CHUNKS or 1 + rules.most_steps * (chunks + 1) > MOST_WINDOWS:
            raise ValueError(f"search: at most {MOST_CHUNKS} chunks a step and {MOST_WINDOWS} windows in all, each step confirmed once included")
        return self

    @property
    def sha256(self) -> str:
        """The digest that names this version."""
        return digest(self.model_dump(mode="json"))

    @property
    def block_digests(self) -> dict[str, str]:
        """Digest of each block; sub-blocks are left out of their parent and digested apart."""
        return {block: digest(block_values(self, block)) for block in BLOCKS}


def block_values(methodology: Methodology, block: str) -> dict[str, object]:
    """What a block digest covers, as {dotted path: value}."""
    parent, _, child = block.partition(".")
    content = getattr(methodology, parent).model_dump(mode="json")
    if child:
        return {f"{block}.{name}": value for name, value in content[child].items()}
    nested = {other.partition(".")[2] for other in BLOCKS if other.startswith(f"{block}.")}
    return {f"{block}.{name}": value for name, value in content.items() if name not in nested}
