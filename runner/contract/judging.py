"""The rules of comparability: each takes both sides and a policy and yields every reason it finds; none stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import zip_longest

from runner.contract.executor import block_of
from runner.contract.fields import AnyField, Fact, facts
from runner.contract.grades import reaches
from runner.contract.methodology import BLOCKS as METHODOLOGY_BLOCKS
from runner.contract.methodology import block_values
from runner.contract.metrics import DEFINITIONS
from runner.contract.policies import FieldClass, Policy
from runner.contract.reasons import Context, Reason, ReasonEffect, Side, declared, reason, subject, unknown
from runner.contract.run import OperatingPoint

# One label with two of these is another numerical scheme; with another label they are only part of the difference.
SCHEME_PATHS = ("precision.accumulate", "precision.scheme")
# Where an equal `unreadable:<reason>` on one machine in one boot is a declared unknown: what the machine hides, it hides from both sides.
MACHINE_BLOCKS = ("hw", "host", "env")
METHODOLOGY_CODES = {
    "load": "R-15", "protocol.latency": "R-16", "protocol.energy": "R-13", "metrics": "R-21", "quality": "R-31",
}  # every other block: R-23  # fmt: skip


def kinds(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-02, R-03, R-06: kinds never meet."""
    one, other = a.methodology.kind, b.methodology.kind
    if one == other:
        return
    code = "R-02" if "training" in (one, other) else "R-03" if "burn_in" in (one, other) else "R-06"
    yield reason(code, "methodology.kind", one, other)


def methodologies(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """Blocks decide: every leaf that differs in a block whose digest differs, under the code that names it."""
    one, other = a.methodology, b.methodology
    if one.primary_metric != other.primary_metric:
        yield reason("R-21", "methodology.primary_metric", one.primary_metric, other.primary_metric, "not_comparable")
    for block in METHODOLOGY_BLOCKS:
        if one.block_digests[block] == other.block_digests[block]:
            continue
        left, right = block_values(one, block), block_values(other, block)
        for path in sorted(left.keys() | right.keys()):
            if left.get(path) != right.get(path):
                code = METHODOLOGY_CODES.get(block, "R-23")
                yield reason(code, f"methodology.{path}", left.get(path), right.get(path), _metric_effect(code, a, b))


def _metric_effect(code: str, a: Side, b: Side) -> ReasonEffect | None:
    """Reasons about a metric drop that metric; where they hit the primary metric they decide the whole comparison."""
    primary = DEFINITIONS[a.methodology.primary_metric]
    if code == "R-16" and primary.aggregation == "order_statistic":
        return "not_comparable"
    if code == "R-21" and primary.id not in b.methodology.metrics.definitions:
        return "not_comparable"
    return None


def executors(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """Every fingerprint field that differs or is unknown, judged by the class that the policy gives its block."""
    same_boot = a.run.instance == b.run.instance and a.run.boot is not None and a.run.boot == b.run.boot
    one_label = all(
        getattr(a.executor.precision, name).projected() == getattr(b.executor.precision, name).projected() for name in ("weights", "activations")
    )
    for (path, fact, one), (_, _, other) in zip(facts(a.executor), facts(b.executor), strict=True):
        if fact.role == "F":
            code = "R-11" if one_label and path in SCHEME_PATHS else "R-42"
            forgiven = same_boot and block_of(path) in MACHINE_BLOCKS
            found = _field(path, fact, one, other, policy.executor[block_of(path)], code, forgiven)
            if found is not None:
                yield found


def _field(path: str, fact: Fact, one: AnyField, other: AnyField, judged: FieldClass, code: str, forgiven: bool) -> Reason | None:
    place, left, right = f"executor.{path}", _side(one), _side(other)
    settled = all(leaf.known or leaf.status == "not_applicable" for leaf in (one, other))
    if settled and one.projected() == other.projected():
        return None
    if one.status == other.status and not settled and not one.known:
        optional = fact.need == "O" or judged != "must_match" or (forgiven and one.status.startswith("unreadable:"))
        return unknown(place, left, right, fact.layer) if optional else reason("R-27", place, left, right, layer=fact.layer)
    if judged == "must_match":
        return reason(code if settled else "R-27", place, left, right, layer=fact.layer)
    return (subject if judged == "subject" else declared)(place, left, right, fact.layer)


def _side(leaf: AnyField) -> object:
    return leaf.value if leaf.known else leaf.status


def fallbacks(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-12: operators that fell back to another provider, unless a person acknowledged it."""
    counts = [side.executor.sw.runtime.fallback_ops for side in (a, b)]
    if any(leaf.known and leaf.value for leaf in counts):
        effect: ReasonEffect = "declared" if "R-12" in context.acknowledged else "not_comparable"
        yield reason("R-12", "executor.sw.runtime.fallback_ops", _side(counts[0]), _side(counts[1]), effect, "runtime")


def run_facts(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """Thermal regime, power source, instance, tuning effort, provenance and shared raw bytes."""
    steady = "steady" in (a.methodology.protocol.required_thermal_regime, b.methodology.protocol.required_thermal_regime)
    yield from _regime("run.thermal_regime", a.run.thermal_regime, b.run.thermal_regime, must=steady)
    yield from _regime("run.power_source", a.run.power_source, b.run.power_source, must=True)
    if a.run.instance != b.run.instance:
        one, other = a.run.instance[:12], b.run.instance[:12]
        must = policy.run["instance"] == "must_match"
        yield reason("R-42", "run.instance", one, other) if must else declared("run.instance", one, other, "accelerator")
    one_effort, other_effort = a.run.tuning.effort, b.run.tuning.effort
    if one_effort != other_effort:
        yield reason("R-17", "run.tuning.effort", one_effort, other_effort, "not_comparable" if policy.run["tuning"] == "must_match" else None)
    for path, left, right in (
        ("run.runner.version", a.run.runner.version, b.run.runner.version),
        ("run.measuring_party", a.run.measuring_party, b.run.measuring_party),
        ("run.availability", a.run.availability, b.run.availability),
    ):
        if left != right:
            yield declared(path, left, right, "")
    if a.digest != b.digest and a.samples_sha256 == b.samples_sha256:
        yield reason("R-29", "bundle.samples.parquet", a.samples_sha256[:12], b.samples_sha256[:12])
    for path, one_kind, other_kind in _provenances(a, b):
        yield reason("R-26", path, one_kind, other_kind)


def operating_points(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-15: the loads that were really offered: a search finds a rate of its own, so two runs under one load may differ in it."""
    if a.methodology.block_digests["load"] != b.methodology.block_digests["load"]:
        return
    for one, other in zip_longest(a.run.operating_points, b.run.operating_points):
        left, right = (None if point is None else (point.rate_per_s, point.concurrency) for point in (one, other))
        if left != right:
            name = (one or other).name
            yield reason("R-15", f"run.operating_points.{name}", point_load(one), point_load(other))


def point_load(point: OperatingPoint | None) -> str:
    """The load of an operating point in words."""
    if point is None:
        return "no such point"
    return f"{point.rate_per_s} requests a second" if point.rate_per_s is not None else f"concurrency {point.concurrency}"


def _regime(path: str, one: AnyField, other: AnyField, must: bool) -> Iterator[Reason]:
    left, right = _side(one), _side(other)
    settled = all(leaf.known or leaf.status == "not_applicable" for leaf in (one, other))
    if settled and one.projected() == other.projected():
        return
    if one.status == other.status and not one.known and (not must or path == "run.power_source"):
        yield unknown(path, left, right, "power")
    elif not must:
        yield declared(path, left, right, "power")
    elif settled:
        yield reason("R-14", path, left, right, layer="power")
    else:
        yield reason("R-27", path, left, right, layer="power")


def _provenances(a: Side, b: Side) -> Iterator[tuple[str, str, str]]:
    for name in a.methodology.metrics.definitions:
        one, other = a.run.metric(name), b.run.metric(name)
        if one and other and one.provenance != other.provenance:
            yield f"run.metrics.{name}.provenance", one.provenance, other.provenance


def qualities(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-31 where two evaluations are not of one thing, R-34 where a mandatory one is missing; under iso-precision a lack is declared."""
    one, other = a.quality, b.quality
    if one is not None and other is not None:
        for name in ("suite", "suite_version", "dataset_sha256", "labels_sha256", "reference_outputs_sha256", "reference_precision", "rubric"):
            if getattr(one, name) != getattr(other, name):
                yield reason("R-31", f"quality.{name}", getattr(one, name), getattr(other, name), layer="model")
    elif one is not other or policy.quality_mandatory:
        left, right = ("evaluated" if quality else "not evaluated" for quality in (one, other))
        yield reason("R-34", "quality", left, right, None if policy.quality_mandatory else "declared", "model")


def precondition(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-28: the policy studies a block in which the sides do not differ."""
    if policy.studies is not None and a.executor.block_digests[policy.studies] == b.executor.block_digests[policy.studies]:
        yield reason("R-28", "policy.subject", f"same {policy.studies}", f"same {policy.studies}")


def support(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-24: fewer trials than the methodology asks, or a primary metric that the requests do not support."""
    counts = [(sum(trial.purpose == "measure" for trial in side.run.trials), side.methodology.protocol.min_trials) for side in (a, b)]
    if any(measured < least for measured, least in counts):
        left, right = (f"{measured} of {least}" for measured, least in counts)
        yield reason("R-24", "run.trials", left, right)
    primary = a.methodology.primary_metric
    left, right = ("stated" if _states(side, primary, context) else "withheld" for side in (a, b))
    if "withheld" in (left, right):
        yield reason("R-24", f"run.metrics.{primary}", left, right)


def _states(side: Side, name: str, context: Context) -> bool:
    latency, value = DEFINITIONS[name].aggregation == "order_statistic", side.run.metric(name)
    positive = value is not None and all(Decimal(trial) > 0 for trial in value.trial_values)
    return positive and not (latency and context.of(side).latency_withheld)


def standings(a: Side, b: Side, policy: Policy, context: Context) -> Iterator[Reason]:
    """R-25 and R-50, last: whether both runs stand and reach the policy's grade floor."""
    one, other = context.of(a), context.of(b)
    if (one.word, other.word) != ("standing", "standing"):
        yield reason("R-25", "run.standing", one.word, other.word)
    if not all(reaches(standing.grade, policy.grade_floor) for standing in (one, other)):
        yield reason("R-50", "run.grade", one.grade, other.grade)


Rule = Callable[[Side, Side, Policy, Context], Iterator[Reason]]
RULES: tuple[Rule, ...] = (kinds, methodologies, executors, fallbacks, run_facts, operating_points, qualities, precondition, support, standings)
