"""The gates: each judges one thing of a run and yields findings; the node and the site run the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from runner.contract.evidence import Evidence
from runner.contract.executor import Executor
from runner.contract.fields import facts
from runner.contract.findings import Finding
from runner.contract.problems import Problem
from runner.contract.recompute import rows_of
from runner.contract.run import Trial
from runner.contract.samples import lag_queue_service
from runner.contract.statistics import rank, variation_ppm
from runner.contract.versions import within

Integers = npt.NDArray[np.int64]
EFFORTS = ("default", "documented_tuning", "vendor_tuned")
MILLION = 1_000_000
ACHIEVED_SHARE_PPM = 980_000


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


def floors(evidence: Evidence) -> Iterator[Finding]:
    """G-04: windows, completed requests and trials reach the methodology's own floors, and the run reached its end."""
    protocol = evidence.methodology.protocol
    for trial in evidence.run.trials:
        rows = rows_of(evidence.samples, trial)
        if rows.window_ns < protocol.min_duration_ns:
            yield Finding("window-too-short", f"run.trials[{trial.index}]", f"{rows.window_ns} of {protocol.min_duration_ns} ns")
        if rows.completed_inside < protocol.min_requests:
            yield Finding("too-few-requests", f"run.trials[{trial.index}]", f"{rows.completed_inside} of {protocol.min_requests}")
    if len(evidence.run.trials) < protocol.min_trials:
        yield Finding("too-few-trials", "run.trials", f"{len(evidence.run.trials)} of {protocol.min_trials}")
    if evidence.run.exit_reason != "completed":
        yield Finding("run-unfinished", "run.exit_reason", evidence.run.exit_reason)


def isolation(evidence: Evidence) -> Iterator[Finding]:
    """G-05: steal, processor pressure and foreign processes on the accelerator, trial by trial."""
    limits = evidence.methodology.gates
    for trial in evidence.run.trials:
        path = f"run.trials[{trial.index}]"
        for name, code, limit in (
            ("cpu_steal_ppm", "cpu-steal", limits.max_cpu_steal_ppm),
            ("psi_cpu_some_avg10_ppm", "cpu-pressure", limits.max_psi_cpu_some_ppm),
            ("foreign_gpu_processes", "foreign-gpu-process", 0),
        ):
            leaf = getattr(trial, name)
            if leaf.known and leaf.value > limit:
                yield Finding(code, f"{path}.{name}", f"{leaf.value}, limit {limit}")
            elif not leaf.known and leaf.status != "not_applicable":
                yield Finding("isolation-unknown", f"{path}.{name}", leaf.status)


def link(evidence: Evidence) -> Iterator[Finding]:
    """G-06: the PCIe link at its maximum while warm."""
    hw = evidence.after.hw
    for name, current, most in (("pcie_gen_cur", hw.pcie_gen_cur, hw.pcie_gen_max), ("pcie_width_cur", hw.pcie_width_cur, hw.pcie_width_max)):
        if current.value is not None and most.value is not None and current.value < most.value:
            yield Finding("link-below-maximum", f"executor.hw.{name}", f"{current.value} of {most.value}")


def physics(evidence: Evidence) -> Iterator[Finding]:
    """G-12: no runtime is faster than the backend that does nothing."""
    if evidence.before.sw.runtime.name.value == "null":
        return
    for trial in evidence.run.trials:
        latencies = rows_of(evidence.samples, trial).latencies_ns
        if len(latencies) and (p50 := int(latencies[rank(len(latencies), 500) - 1])) < trial.floor_p50_ns:
            yield Finding("faster-than-floor", f"run.trials[{trial.index}]", f"latency p50 {p50} ns, floor p50 {trial.floor_p50_ns} ns")


def throttle(evidence: Evidence) -> Iterator[Finding]:
    """G-07: a hardware slowdown asks for a look; governed by power or heat is a regime, not an error."""
    for trial in evidence.run.trials:
        if trial.throttle.value == "hw_slowdown":
            yield Finding("hardware-slowdown", f"run.trials[{trial.index}].throttle", "hw_slowdown")


def generator(evidence: Evidence) -> Iterator[Finding]:
    """G-09: the generator answers for its lag and, in open loop, for the rate it offered; a backlog is the system's."""
    for trial in evidence.run.trials:
        mine = evidence.samples.only(trial.index)
        if not len(mine.t_sent_ns):
            continue
        lag, queue, service = lag_queue_service(mine)
        yield from _lag(evidence, trial, np.sort(lag), np.sort(service))
        if evidence.methodology.load.loop == "open":
            yield from _rate(evidence, trial, mine.t_scheduled_ns, mine.t_sent_ns - queue)
            yield from _backlog(evidence, trial)


def _lag(evidence: Evidence, trial: Trial, lag: Integers, service: Integers) -> Iterator[Finding]:
    limits = evidence.methodology.gates
    p99, p50 = int(lag[rank(len(lag), 990) - 1]), int(service[rank(len(service), 500) - 1])
    limit = max(limits.lag_floor_ns, p50 * limits.lag_share_ppm // MILLION)
    if p99 > limit:
        yield Finding("generator-limited", f"run.trials[{trial.index}]", f"lag p99 {p99} ns, limit {limit} ns")


def _rate(evidence: Evidence, trial: Trial, scheduled: Integers, offered: Integers) -> Iterator[Finding]:
    span, true = int(scheduled[-1] - scheduled[0]), int(offered[-1] - offered[0])
    if len(scheduled) < 2 or span <= 0:
        return
    error = abs(true - span) * MILLION // span
    if error > evidence.methodology.gates.max_rate_error_ppm:
        yield Finding("rate-not-offered", f"run.trials[{trial.index}]", f"{error} ppm off, limit {evidence.methodology.gates.max_rate_error_ppm} ppm")


def _backlog(evidence: Evidence, trial: Trial) -> Iterator[Finding]:
    rows = rows_of(evidence.samples, trial)
    scheduled = len(rows.latencies_ns) + rows.failed + rows.timed_out
    if scheduled and rows.completed_inside * MILLION // scheduled < ACHIEVED_SHARE_PPM:
        yield Finding("over-saturated", f"run.trials[{trial.index}]", f"{rows.completed_inside} of {scheduled} completed inside the window")


def errors(evidence: Evidence) -> Iterator[Finding]:
    """G-10: failed and timed-out requests stay below the bound."""
    for point in evidence.run.operating_points:
        bad, asked = point.failed + point.timed_out, point.failed + point.timed_out + point.completed
        if asked and bad * MILLION // asked > evidence.methodology.gates.max_failed_ppm:
            yield Finding("requests-failed", f"run.operating_points.{point.name}", f"{bad} of {asked}")


def quality(evidence: Evidence) -> Iterator[Finding]:
    """G-11: accuracy as a ratio to the reference's, and agreement with the reference."""
    bounds, found = evidence.methodology.quality, evidence.quality
    if found is None:
        yield Finding("quality-missing", "quality", "not evaluated")
        return
    accuracy, reference, agreement = (found.cell(metric) for metric in ("accuracy", "reference_accuracy", "agreement"))
    if accuracy and reference and accuracy.count is not None and reference.count:
        ratio = accuracy.count * MILLION // reference.count
        if ratio < bounds.min_accuracy_ratio_ppm:
            yield Finding("quality-below-gate", "quality.accuracy", f"{ratio} ppm of the reference, bound {bounds.min_accuracy_ratio_ppm} ppm")
    if agreement and agreement.count is not None and agreement.count * MILLION // agreement.n < bounds.min_agreement_ppm:
        yield Finding("quality-below-gate", "quality.agreement", f"{agreement.count} of {agreement.n} agree, bound {bounds.min_agreement_ppm} ppm")
    bad = found.cell("non_finite_outputs")
    if bad and bad.count:
        yield Finding("quality-below-gate", "quality.non_finite_outputs", f"{bad.count} outputs are not finite")


def variation(evidence: Evidence) -> Iterator[Finding]:
    """G-13: variation between trials of the primary metric; for a quick look it only warns."""
    primary = evidence.run.metric(evidence.methodology.primary_metric)
    spread = variation_ppm([Decimal(value) for value in primary.trial_values]) if primary else None
    if spread is None:
        return
    limits = evidence.methodology.gates
    seen = f"coefficient of variation {spread} ppm over {len(evidence.run.trials)} trials"
    if spread > limits.variation_invalid_ppm and evidence.methodology.kind != "quick":
        yield Finding("variation-excessive", f"run.metrics.{evidence.methodology.primary_metric}", seen)
    elif spread > limits.variation_warn_ppm:
        yield Finding("variation-high", f"run.metrics.{evidence.methodology.primary_metric}", seen)


def clock(evidence: Evidence) -> Iterator[Finding]:
    """G-14: the wall clock's offset; durations come from the monotonic clock and need none."""
    if not evidence.run.clock_offset_ns.known:
        yield Finding("clock-offset-unknown", "run.clock_offset_ns", evidence.run.clock_offset_ns.status)


def health(evidence: Evidence) -> Iterator[Finding]:
    """G-15: no uncorrectable memory error between the two captures."""
    before, after = evidence.before.hw.ecc_uncorrected.value, evidence.after.hw.ecc_uncorrected.value
    if before is not None and after is not None and after > before:
        yield Finding("ecc-error", "executor.hw.ecc_uncorrected", f"{before} before, {after} after")


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


GATES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    unreadable,
    runtime_permitted,
    tuning_permitted,
    executor_unchanged,
    floors,
    isolation,
    link,
    throttle,
    physics,
    generator,
    errors,
    quality,
    variation,
    clock,
    health,
    runner_build,
    declaration,
)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Every finding of every gate, each once."""
    found = (finding for gate in GATES for finding in gate(evidence))
    return tuple(dict.fromkeys(found))
