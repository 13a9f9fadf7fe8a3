"""The requirement: what a committee asks of a system, in thresholds on metric definitions at a stated load, before anybody has measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from runner.contract.canonical import digest
from runner.contract.fields import Decimal, Digest, Document, Name
from runner.contract.grades import Grade
from runner.contract.loads import AT_A_RATE, Natural, Positive
from runner.contract.methodology import Methodology
from runner.contract.metrics import DEFINITIONS
from runner.contract.problems import Problem
from runner.contract.refusals import REFUSALS

FASTEST_MILLI_PER_S = 1_000_000_000
# Kinds of methodology that never answer a requirement, with the refusal that says so; only `inference` is evidence.
NO_EVIDENCE_KINDS: Mapping[str, str] = {"microbenchmark": "R-05", "quick": "R-07", "burn_in": "R-03", "training": "R-02"}
Line = Annotated[str, Bound(min_length=1, max_length=300)]
Prose = Annotated[str, Bound(max_length=4000)]
Account = Annotated[str, Bound(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}$")]


class AskedWorkload(Document):
    """Which work is asked for: model and data set by digest, and the methodology versions under which a run may answer."""

    name: Line
    model_sha256: Digest
    dataset_sha256: Digest
    methodologies: Annotated[tuple[Digest, ...], Bound(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _sorted_once(self) -> Self:
        if list(self.methodologies) != sorted(set(self.methodologies)):
            raise ValueError("methodologies: each digest once, in order")
        return self


class AskedLatency(Document):
    """The service level: `percentile_permille` of the requests answered within `limit_ns`, under one metric definition."""

    metric: Line
    percentile_permille: Annotated[int, Bound(gt=0, lt=1000)]
    limit_ns: Positive

    @model_validator(mode="after")
    def _defined(self) -> Self:
        known = DEFINITIONS.get(self.metric)
        if known is None:
            raise PydanticCustomError("metric", "a threshold without a metric definition: {id}", {"id": self.metric, "code": "R-21"})
        if known.origin != "scheduled" or known.permille != self.percentile_permille:
            raise ValueError(f"a latency from schedule with its own percentile (got {self.metric} with {self.percentile_permille})")
        return self


class AskedQuality(Document):
    """A lower bound on one cell of the quality evaluation: a share of the items, or parts per million of the reference's accuracy."""

    task: Name
    metric: Literal["accuracy", "agreement"]
    slice: Name
    min: Decimal | None = None
    min_ratio_ppm: Natural | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.min is None) == (self.min_ratio_ppm is None):
            raise ValueError("min or min_ratio_ppm: one of the two")
        if self.min_ratio_ppm is not None and self.metric != "accuracy":
            raise ValueError("min_ratio_ppm: agreement is counted against the reference already; state min")
        if self.min is not None and not 0 <= Fraction(self.min) <= 1:
            raise ValueError(f"min: a share between 0 and 1 (got {self.min[:40]})")
        return self

    @property
    def words(self) -> str:
        """The cell and its bound as text."""
        bound = f"{self.min}" if self.min is not None else f"{self.min_ratio_ppm} ppm of the reference"
        return f"{self.task} {self.metric} on {self.slice} at least {bound}"


class Requirement(Document):
    """`requirement/v1`: the question and its thresholds; a later version names the one it supersedes.

    `rate_milli_per_s` is the load in thousandths of a request per second. `organisation` is whose requirement it is, so that two organisations
    that ask the same have two documents. An answer below `grade_floor` is no answer.
    """

    schema_id: Literal["requirement/v1"] = "requirement/v1"
    organisation: Account
    title: Line
    question: Annotated[str, Bound(min_length=1, max_length=2000)]
    workload: AskedWorkload
    rate_milli_per_s: Annotated[int, Bound(gt=0, le=FASTEST_MILLI_PER_S)]
    slo: AskedLatency
    quality_min: Annotated[tuple[AskedQuality, ...], Bound(max_length=100)]
    grade_floor: Grade = "measured"
    horizon: Annotated[str, Bound(max_length=300)] = ""
    constraints: Prose = ""
    supersedes: Digest | None = None

    @model_validator(mode="after")
    def _cells_once(self) -> Self:
        cells = [(one.task, one.metric, one.slice) for one in self.quality_min]
        if len(set(cells)) != len(cells):
            raise ValueError("quality_min: each cell once")
        return self

    @model_validator(mode="after")
    def _evidence_has_a_floor(self) -> Self:
        if self.grade_floor == "claimed":
            raise ValueError("grade_floor: a claim answers nothing; measured is the lowest floor")
        return self

    @property
    def sha256(self) -> str:
        """The digest that names this version."""
        return digest(self.model_dump(mode="json"))

    @property
    def rate(self) -> Fraction:
        """The exact rate in requests per second."""
        return Fraction(self.rate_milli_per_s, 1000)


def evidence_problems(requirement: Requirement, known: Mapping[str, Methodology]) -> Iterator[Problem]:
    """Why the methodologies that a requirement names cannot answer it; `known` are the published ones by digest.

    A quick look, a microbenchmark, a burn-in or a training run is no evidence (R-07, R-05, R-03, R-02), neither is another workload, another
    load than an open loop at a rate, or a methodology that does not report the metric.
    """
    for place, name in enumerate(requirement.workload.methodologies):
        path = f"workload.methodologies[{place}]"
        if name not in known:
            yield Problem(path, name, "a published methodology version", "publish it first", "unknown-methodology")
            continue
        yield from (Problem(path, *told) for told in _unfit(requirement, known[name]))


def _unfit(requirement: Requirement, how: Methodology) -> Iterator[tuple[str, str, str, str]]:
    if how.kind in NO_EVIDENCE_KINDS:
        refusal = REFUSALS[NO_EVIDENCE_KINDS[how.kind]]
        yield f"{how.name}, kind {how.kind}", refusal.rule, refusal.remedy, refusal.code
    if not same_workload(requirement, how):
        yield f"{how.workload.model_name} on {how.workload.dataset_name}", "the model and data set of the workload", "name its digests", "R-04"
    if how.load.process not in AT_A_RATE or how.load.per != "total":
        yield f"{how.load.loop} loop, {how.load.process}", "an open loop at a total rate", "name a methodology that offers a rate", "R-15"
    if requirement.slo.metric not in how.metrics.definitions:
        yield f"{how.name} does not report it", requirement.slo.metric, "name a methodology that reports the metric", "R-21"


def asked_levels(how: Methodology) -> tuple[str, ...]:
    """The metric definitions in which a requirement may ask under this methodology; none where its runs are no evidence at any rate."""
    if how.kind in NO_EVIDENCE_KINDS or how.load.process not in AT_A_RATE or how.load.per != "total":
        return ()
    return tuple(one for one in how.metrics.definitions if DEFINITIONS[one].origin == "scheduled")


def same_workload(requirement: Requirement, how: Methodology) -> bool:
    """Whether a methodology asks the system for the same model on the same data."""
    asked = requirement.workload
    return (how.workload.model_sha256, how.workload.dataset_sha256) == (asked.model_sha256, asked.dataset_sha256)
