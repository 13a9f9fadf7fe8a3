"""A requirement, runs that could answer it, and a decision on them; tests change one thing in one."""

from __future__ import annotations

from typing import Any

from runner.contract.builtin import builtin
from runner.contract.canonical import encode, sha256
from runner.contract.citations import Cited
from runner.contract.decision import Decision, candidate_answer
from runner.contract.methodology import Methodology
from runner.contract.quality import Items, QualityEvaluation, encode_items, evaluate
from runner.contract.reasons import Side, Standing
from runner.contract.requirement import Requirement
from runner.contract.samples import joined
from runner.workloads import open_workload
from tests import builders
from tests.builders import SECOND
from tests.contract import grown
from tests.contract.grown import MS, OPEN, Told

LONG = {"kind": "inference", "protocol__min_duration_ns": 600 * SECOND, "undeclared_allowed": False}
LEVEL = {"metric": "latency_p90@1", "permille": 900, "limit_ns": 40 * MS}
FRESH = Standing()
PARTED = 1_300 * SECOND  # from the start of one trial to the next: room for two windows of ten minutes


def methodology(*rates: str, **changes: Any) -> Methodology:
    """Evidence at these rates in open loop: three trials of ten minutes each, with a latency budget."""
    load = {"load__rate_per_s": rates[0]} if len(rates) == 1 else {"shape": "sweep", "load__rate_per_s": None, "load__rates_per_s": list(rates)}
    return grown.methodology(**({**OPEN, **LONG, "slo": LEVEL, **load} | changes))


@grown.made_once
def offered(rates: tuple[str, ...] = ("20",), service_ns: int = 5 * MS, what: Any = None, **changes: Any) -> Told:
    """One server with a fixed service under Poisson arrivals at each rate, in three trials."""
    how, what = methodology(*rates, **changes), what or grown.executor()
    parts, trials = [], []
    for index in range(3):
        at, windows = index * PARTED + grown.LEAD, []
        for point, load in enumerate(how.load.points):
            window, due = grown.window_of(load, point, index, at, 600 * SECOND)
            parts.append(grown.rows(index, point, grown.served(due, service_ns)))
            windows.append(window)
            at = max(window.end_ns, int(parts[-1].t_last_ns.max())) + SECOND
        told = {"windows": tuple(one.model_dump() for one in windows)} if len(windows) > 1 else {"schedule_sha256": windows[0].schedule_sha256}
        trials.append(grown.trial(index, what, windows[0].start_ns, windows[-1].end_ns, **told))
    return Told(how, what, joined(parts), tuple(trials), (), {"ended_at": "2026-01-05T18:00:00.000000Z", "nonce": "9" * 64})


def cited(told: Told | None = None, name: str = "a", *, flips: int | None = 0, standing: Standing = FRESH, **fields: Any) -> Cited:
    """A declared run that stands, measured by somebody with a name; `run` holds changes of the run document."""
    told = told or offered()
    run = told.run.model_copy(update=fields.pop("run", {}))
    quality = None if flips is None else builders.quality(told.how, told.what, flips)
    side = Side(sha256(name.encode()), run, told.how, told.what, quality, sha256(name.encode() + b"rows"))
    return Cited(side, standing, **({"measured_by": "org_a"} | fields))


def pointed(one: Cited, place: int = 0, **fields: Any) -> Cited:
    """The same run with other fields in one of its operating points."""
    points = [point.model_copy(update=fields) if at == place else point for at, point in enumerate(one.side.run.operating_points)]
    side = Side(
        one.digest, one.side.run.model_copy(update={"operating_points": tuple(points)}), one.side.methodology, one.side.executor,
        one.side.quality, one.side.samples_sha256,
    )  # fmt: skip
    return Cited(side, one.standing, one.measured_by, one.successor, one.withheld)


def requirement_tree(*methodologies: Methodology, **changes: Any) -> dict[str, Any]:
    """The plain tree of a valid requirement; keys in `changes` may be dotted paths with `__`."""
    chosen = methodologies or (methodology("20"),)
    work = chosen[0].workload
    tree: dict[str, Any] = {
        "schema_id": "requirement/v1", "organisation": "org_a", "title": "Digits for the sorting hall",
        "question": "Which machine reads twenty digits a second, nine in ten within 40 ms?",
        "workload": {"name": "digits", "model_sha256": work.model_sha256, "dataset_sha256": work.dataset_sha256,
                     "methodologies": sorted(one.sha256 for one in chosen)},
        "rate_milli_per_s": 20_000, "slo": {"metric": "latency_p90@1", "percentile_permille": 900, "limit_ns": 40 * MS},
        "quality_min": [{"task": "digits", "metric": "accuracy", "slice": "all", "min": None, "min_ratio_ppm": 990_000}],
        "grade_floor": "measured", "horizon": "three years", "constraints": "", "supersedes": None,
    }  # fmt: skip
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = tree
        for parent in parents:
            place = place[parent]
        place[name] = value
    return tree


def requirement(*methodologies: Methodology, **changes: Any) -> Requirement:
    """A valid requirement with some leaves changed."""
    return Requirement.read(encode(requirement_tree(*methodologies, **changes)))


def decision_tree(asked: Requirement | None = None, *runs: Cited, **changes: Any) -> dict[str, Any]:
    """The plain tree of a valid decision on one candidate, which meets the requirement and is chosen."""
    asked, runs = asked or requirement(), runs or (cited(),)
    fingerprint = runs[0].side.run.fingerprint
    candidate = candidate_answer(asked, "Machine A", fingerprint, runs)
    return {
        "schema_id": "decision/v1", "organisation": asked.organisation, "question": asked.question, "requirement_sha256": asked.sha256,
        "candidates": [candidate.model_dump(mode="json")], "chosen": fingerprint if candidate.answer == "meets" else None,
        "methodologies": list(asked.workload.methodologies), "rationale": "Machine A is the only one that was measured.", "dissent": [],
        "valid_until": "2027-01-01T00:00:00.000000Z", "as_of": {"size": 12, "root": "7" * 64}, "pack_sha256": None,
        "triggers": [{"kind": kind, "at": None, "note": ""} for kind in (
            "driver_change", "new_executor_version", "run_withdrawn", "requirement_superseded", "notice", "model_change")],
        "members": ["act_a", "act_b"],
    } | changes  # fmt: skip


def decision(asked: Requirement | None = None, *runs: Cited, **changes: Any) -> Decision:
    """A valid decision with some fields changed."""
    return Decision.read(encode(decision_tree(asked, *runs, **changes)))


def builtin_evidence(service_ns: int = 500_000) -> Told:
    """Ten minutes three times under the methodology for evidence that comes with Lynxweb, on one server with a fixed service."""
    how = Methodology.read(builtin()["digits-inference-cpu"])
    what, parts, trials = grown.executor(), [], []
    for index in range(3):
        window, due = grown.window_of(how.load, 0, index, index * PARTED + grown.LEAD, how.protocol.min_duration_ns)
        parts.append(grown.rows(index, 0, grown.served(due, service_ns)))
        trials.append(grown.trial(index, what, window.start_ns, window.end_ns, schedule_sha256=window.schedule_sha256))
    return Told(how, what, joined(parts), tuple(trials), (), {"ended_at": "2026-01-05T18:00:00.000000Z", "nonce": "9" * 64})


def builtin_items() -> Items:
    """The outputs of a system that answers as the sealed reference does."""
    sealed = open_workload("digits-cnn")
    return Items(sealed.labels, sealed.reference, sealed.reference)


def builtin_quality(told: Told) -> QualityEvaluation:
    """The evaluation of these outputs."""
    how = told.how
    return QualityEvaluation(
        suite=how.quality.suite, suite_version=how.quality.suite_version, dataset_sha256=how.workload.dataset_sha256,
        labels_sha256=how.workload.labels_sha256, reference_outputs_sha256=how.workload.reference.outputs_sha256, reference_precision="fp32",
        rubric="argmax_exact_match", fingerprint=told.what.fingerprint, results=evaluate(builtin_items(), how.workload.task),
    )  # fmt: skip


def builtin_quality_members(told: Told) -> dict[str, bytes]:
    """The members of a bundle that hold quality."""
    return {"quality.json": builtin_quality(told).canonical(), "quality_items.parquet": encode_items(builtin_items())}
