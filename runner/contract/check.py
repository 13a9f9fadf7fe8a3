"""`check()`: everything that can be judged from a bundle's bytes alone; the node refuses to upload what the site would refuse to accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.contract import canary
from runner.contract.arrivals_table import decode as decode_arrivals
from runner.contract.audit_answers import drawing_problems
from runner.contract.bundle import Bundle
from runner.contract.canonical import decode, sha256
from runner.contract.evidence import Evidence
from runner.contract.executor import Executor
from runner.contract.fields import AnyField, Document
from runner.contract.findings import CHECKER, Finding, Validity, latency_withheld, validity
from runner.contract.gates import judge, undisclosed
from runner.contract.grades import Grade, grade
from runner.contract.methodology import Methodology
from runner.contract.precision import NUMERIC_FORMATS
from runner.contract.problems import Problem, Problems
from runner.contract.quality import QualityEvaluation, decode_items, evaluate, identity_problems
from runner.contract.reasons import Side, Standing
from runner.contract.recompute import disagreements, operating_points
from runner.contract.run import Run
from runner.contract.samples import decode as decode_samples
from runner.contract.schedule_check import schedule_problems
from runner.contract.search_check import search_problems
from runner.contract.sensor_facts import sensor_problems
from runner.contract.serving_check import serving_problems
from runner.contract.surroundings import around
from runner.contract.telemetry import decode as decode_telemetry
from runner.contract.window_check import window_problems

DOCUMENTS: Mapping[str, type[Document]] = {
    "run.json": Run,
    "methodology.json": Methodology,
    "executor.before.json": Executor,
    "executor.after.json": Executor,
    "quality.json": QualityEvaluation,
}
SIGNED = ("ambient_mc", "clock_offset_ns", "clock_slew_ppm", "wall_step_ns", "gap_p50_ns", "net_mj")
LATEST_SEMANTICS = 2  # the latest meaning of numbers that this code can compute again
REGIME_PATHS = ("weights", "activations", "accumulate")


@dataclass(frozen=True)
class Checked:
    """A bundle that may be accepted: its side for comparisons, its findings and what they add up to."""

    bundle: Bundle
    evidence: Evidence
    findings: tuple[Finding, ...]
    checker: str = CHECKER

    @property
    def validity(self) -> Validity:
        """What the findings add up to."""
        return validity(self.findings)

    @property
    def grade(self) -> Grade:
        """The grade of a fresh, unreviewed run."""
        return grade(self.validity, raw_samples=True, capped=any(finding.rule.level == "cap" for finding in self.findings))

    @property
    def standing(self) -> Standing:
        """How a fresh, unreviewed run stands: the context of an offline comparison."""
        return Standing(self.validity, "standing", self.grade, latency_withheld(self.findings))

    @property
    def side(self) -> Side:
        """The run as one side of a comparison."""
        found = self.evidence
        return Side(self.bundle.digest, found.run, found.methodology, found.before, found.quality, sha256(self.bundle.members["samples.parquet"]))


def check(bundle: Bundle) -> Checked:
    """Judge a bundle whose manifest holds; raises `Problems` with every reason for which it must not be accepted."""
    documents, problems = _documents(bundle.members)
    if problems:
        raise Problems(problems)
    run, methodology = documents["run.json"], documents["methodology.json"]
    before, after = documents["executor.before.json"], documents["executor.after.json"]
    quality = documents.get("quality.json")
    assert isinstance(run, Run) and isinstance(methodology, Methodology)
    assert isinstance(before, Executor) and isinstance(after, Executor)
    assert quality is None or isinstance(quality, QualityEvaluation)
    evidence = _opened(bundle.members, run, methodology, before, after, quality)
    problems = [*_identities(bundle, evidence), *number_problems(evidence)]
    if problems:
        raise Problems(problems)
    return Checked(bundle, evidence, judge(evidence))


def _opened(
    members: Mapping[str, bytes], run: Run, methodology: Methodology, before: Executor, after: Executor, quality: QualityEvaluation | None
) -> Evidence:
    """The tables beside the documents; raises `Problems` for one that cannot be read."""
    samples = decode_samples(members["samples.parquet"])
    telemetry = decode_telemetry(members["telemetry.parquet"]) if "telemetry.parquet" in members else ()
    items = decode_items(members["quality_items.parquet"]) if "quality_items.parquet" in members else None
    trace = decode_arrivals(members["arrivals.parquet"]) if "arrivals.parquet" in members else None
    return Evidence(run, methodology, before, after, samples, quality, telemetry, items, trace)


def _documents(members: Mapping[str, bytes]) -> tuple[dict[str, Document], list[Problem]]:
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for name, model in DOCUMENTS.items():
        if name not in members:
            continue
        try:
            documents[name] = model.read(members[name])
        except Problems as found:
            problems += [_placed(problem, name) for problem in found.problems]
        else:
            problems += canary.scan(decode(members[name]), name)
    if "doctor.json" in members:
        problems += canary.scan(decode(members["doctor.json"]), "doctor.json")
    return documents, problems


def _placed(problem: Problem, name: str) -> Problem:
    return Problem(f"{name}:{problem.path.removeprefix('$.')}", problem.found, problem.expected, problem.remedy, problem.code)


def _identities(bundle: Bundle, evidence: Evidence) -> Iterator[Problem]:
    """Digests that must agree across the documents, and disclosure (R-01, R-10)."""
    run, methodology, predicate = evidence.run, evidence.methodology, bundle.statement.predicate
    pairs = (
        ("run.json:methodology_sha256", run.methodology_sha256, methodology.sha256),
        ("envelope.json:predicate.methodology_sha256", predicate.methodology_sha256, methodology.sha256),
        ("envelope.json:predicate.fingerprint", predicate.fingerprint, run.fingerprint),
        ("envelope.json:predicate.nonce", predicate.nonce, run.nonce),
        ("run.json:boot", run.boot, evidence.before.host.boot.value),
        ("run.json:power_source", run.power_source.projected(), _stated(evidence.before.env.power_source)),
        ("run.json:runner.measurement_semantics", run.runner.measurement_semantics, methodology.protocol.measurement_semantics),
    )
    if (semantics := methodology.protocol.measurement_semantics) > LATEST_SEMANTICS:
        told = f"{LATEST_SEMANTICS} at most"
        yield Problem("methodology.json:protocol.measurement_semantics", str(semantics), told, "check it with a later version", "identity")
    for path, found, expected in pairs:
        if found != expected:
            yield Problem(path, str(found), str(expected), "state what the other document has", "identity")
    for trial in run.trials:
        for name in ("cpu_steal_ppm", "psi_cpu_some_avg10_ppm", "foreign_gpu_processes"):
            if not getattr(trial, name).answered:
                place = f"run.json:trials[{trial.index}].{name}"
                yield Problem(place, "not_collected", "a value, not_applicable or unreadable:<reason>", "capture it", "R-01")
    for name, document in (("run.json", run), ("executor.before.json", evidence.before), ("executor.after.json", evidence.after)):
        yield from _below_zero(document.model_dump(mode="json"), f"{name}:")
    if methodology.protocol.energy.scope == "none" and any(trial.energy_mj.known for trial in run.trials):
        yield Problem("run.json:trials.energy_mj", "a value", "none: the methodology measures no energy", "leave it out", "identity")
    yield from undisclosed(evidence.before, "executor.before.json")
    yield from undisclosed(evidence.after, "executor.after.json")
    yield from _formats(evidence.before)
    if run.nonce is None and not methodology.undeclared_allowed:
        yield Problem("run.json:nonce", "none", "a declared run", "open the run before measuring", "undeclared")


def _below_zero(value: object, path: str) -> Iterator[Problem]:
    """Every negative integer but those that may be one: counts, sizes, clocks and shares start at 0."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _below_zero(inner, f"{path}.{key}".replace(":.", ":"))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _below_zero(inner, f"{path}[{place}]")
    elif isinstance(value, int) and value < 0 and not any(name in path for name in SIGNED):
        yield Problem(path, str(value), "0 or more", "state what was read", "invalid-document")


def _stated(leaf: AnyField) -> object:
    """How a run states what the executor captured: a supply class that nobody asked for does not apply."""
    return leaf.projected() if leaf.answered else "not_applicable"


def _formats(executor: Executor) -> Iterator[Problem]:
    for name in REGIME_PATHS:
        leaf = getattr(executor.precision, name)
        if leaf.known and leaf.value not in NUMERIC_FORMATS:
            path = f"executor.before.json:precision.{name}"
            yield Problem(path, str(leaf.value), "a key of the numeric formats", "name the variant, such as fp8_e4m3", "R-10")


def number_problems(evidence: Evidence) -> Iterator[Problem]:
    """G-17: every stated number, schedule, sensor fact and quality result follows from the raw rows."""
    problems = [*window_problems(evidence), *serving_problems(evidence)]
    yield from problems
    if problems:  # rows of another shape have no numbers to compare
        return
    run, serving = evidence.run, evidence.before.serving
    yield from disagreements(run, operating_points(
        evidence.samples, run.trials, evidence.methodology, serving.max_batch.value or 1, around(evidence), run.operating_points
    ))  # fmt: skip
    yield from schedule_problems(evidence)
    yield from search_problems(evidence)
    yield from drawing_problems(evidence)
    yield from sensor_problems(evidence)
    if evidence.quality is not None:
        yield from _quality(evidence, evidence.quality)


def _quality(evidence: Evidence, stated: QualityEvaluation) -> Iterator[Problem]:
    items, workload = evidence.items, evidence.methodology.workload
    assert items is not None  # a bundle holds both or neither
    yield from identity_problems(items, workload)
    pairs = (
        ("suite", stated.suite, evidence.methodology.quality.suite),
        ("suite_version", stated.suite_version, evidence.methodology.quality.suite_version),
        ("dataset_sha256", stated.dataset_sha256, workload.dataset_sha256),
        ("labels_sha256", stated.labels_sha256, workload.labels_sha256),
        ("reference_outputs_sha256", stated.reference_outputs_sha256, workload.reference.outputs_sha256),
        ("reference_precision", stated.reference_precision, workload.reference.precision),
        ("fingerprint", stated.fingerprint, evidence.run.fingerprint),
    )
    for name, found, expected in pairs:
        if found != expected:
            yield Problem(f"quality.json:{name}", str(found), str(expected), "evaluate what the methodology names", "R-31")
    if stated.results != evaluate(items, workload.task):
        yield Problem("quality.json:results", "other results", "the results that the items give", "state the recomputed results", "numbers-differ")
