"""Gates on what was disclosed and permitted: mandatory facts, runtimes, tuning, the runner's build, the declaration, one executor throughout."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.evidence import Evidence
from runner.contract.executor import Executor
from runner.contract.fields import facts
from runner.contract.findings import Finding
from runner.contract.problems import Problem
from runner.contract.versions import within

EFFORTS = ("default", "documented_tuning", "vendor_tuned")


def undisclosed(executor: Executor, path: str) -> Iterator[Problem]:
    """R-01 for every mandatory leaf that the collector did not answer; an unreadable one with its reason is an answer."""
    for place, fact, leaf in facts(executor):
        if fact.need == "M" and not leaf.answered:
            yield Problem(f"{path}.{place}", "not_collected", "a value, not_applicable or unreadable:<reason>", "capture it", "R-01")


def unreadable(evidence: Evidence) -> Iterator[Finding]:
    """G-01: mandatory facts that could not be read are listed and cap the grade."""
    hidden = [path for path, fact, leaf in facts(evidence.before) if fact.need == "M" and leaf.status.startswith("unreadable:")]
    if hidden:
        yield Finding("unreadable-mandatory", "executor", f"{len(hidden)} unreadable: {', '.join(hidden)}"[:900])


def runtime_permitted(evidence: Evidence) -> Iterator[Finding]:
    """G-01: the methodology lists the runtimes it permits."""
    name, permitted = evidence.before.sw.runtime.name.value, evidence.methodology.permitted_runtimes
    if name not in permitted:
        yield Finding("runtime-not-permitted", "executor.sw.runtime.name", f"{name}, permitted: {', '.join(permitted)}")


def tuning_permitted(evidence: Evidence) -> Iterator[Finding]:
    """G-01: no more tuning effort than the methodology permits."""
    effort, permitted = evidence.run.tuning.effort, evidence.methodology.permitted_tuning
    if EFFORTS.index(effort) > EFFORTS.index(permitted):
        yield Finding("tuning-not-permitted", "run.tuning.effort", f"{effort}, permitted: {permitted}")


def executor_unchanged(evidence: Evidence) -> Iterator[Finding]:
    """G-03: every capture of the run, warm and at the end of each trial, has the run's one fingerprint."""
    stated = evidence.run.fingerprint
    seen = {"executor.before": evidence.before.fingerprint, "executor.after": evidence.after.fingerprint}
    for trial in evidence.run.trials:
        seen[f"run.trials[{trial.index}].fingerprint_warm"] = trial.fingerprint_warm
        seen[f"run.trials[{trial.index}].fingerprint_end"] = trial.fingerprint_end
    for path, fingerprint in seen.items():
        if fingerprint != stated:
            yield Finding("executor-changed", path, f"{fingerprint[:12]} instead of {stated[:12]}{_changed(evidence)}")


def _changed(evidence: Evidence) -> str:
    pairs = zip(facts(evidence.before), facts(evidence.after), strict=True)
    paths = [path for (path, fact, one), (_, _, other) in pairs if fact.role == "F" and one.projected() != other.projected()]
    return f": {', '.join(paths)}"[:400] if paths else ""


def runner_build(evidence: Evidence) -> Iterator[Finding]:
    """G-16: a released, clean runner of a version that the methodology permits."""
    build, permitted = evidence.run.runner, evidence.methodology.runner_versions
    if not within(build.version, permitted):
        yield Finding("runner-not-permitted", "run.runner.version", f"{build.version}, permitted: {permitted}")
    if build.dirty or build.commit == "unknown":
        yield Finding(
            "runner-unreleased", "run.runner", f"version {build.version}, commit {build.commit[:12]}, {'dirty' if build.dirty else 'clean'}"
        )


def declaration(evidence: Evidence) -> Iterator[Finding]:
    """G-18: a run without a nonce says so on every page."""
    if evidence.run.nonce is None:
        yield Finding("undeclared", "run.nonce", "no declaration")
