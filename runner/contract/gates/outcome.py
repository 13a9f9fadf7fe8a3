"""Gates on the outcome: floors of the kind, physics, errors, quality, variation, energy."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from runner.contract.evidence import Evidence
from runner.contract.findings import Finding
from runner.contract.gates.load import windows_of
from runner.contract.statistics import rank, variation_ppm

MILLION = 1_000_000


def floors(evidence: Evidence) -> Iterator[Finding]:
    """G-04: windows, completed requests and trials reach the methodology's own floors, and the run reached its end."""
    protocol = evidence.methodology.protocol
    for path, rows in windows_of(evidence):
        if rows.window_ns < protocol.min_duration_ns:
            yield Finding("window-too-short", path, f"{rows.window_ns} of {protocol.min_duration_ns} ns")
        if rows.completed_inside < protocol.min_requests:
            yield Finding("too-few-requests", path, f"{rows.completed_inside} of {protocol.min_requests}")
        if not rows.completed_inside:
            yield Finding("nothing-completed", path, f"0 of {len(rows.due)} requests completed inside the window")
    measured = sum(trial.purpose == "measure" for trial in evidence.run.trials)
    if measured < protocol.min_trials:
        yield Finding("too-few-trials", "run.trials", f"{measured} of {protocol.min_trials}")
    if evidence.run.exit_reason != "completed":
        yield Finding("run-unfinished", "run.exit_reason", evidence.run.exit_reason)


def physics(evidence: Evidence) -> Iterator[Finding]:
    """G-12: no runtime is faster than the backend that does nothing."""
    if evidence.before.sw.runtime.name.value == "null":
        return
    floor = {trial.index: trial.floor_p50_ns for trial in evidence.run.trials}
    for path, rows in windows_of(evidence):
        latencies = rows.latencies_ns
        if len(latencies) and (p50 := int(latencies[rank(len(latencies), 500) - 1])) < floor[rows.trial]:
            yield Finding("faster-than-floor", path, f"latency p50 {p50} ns, floor p50 {floor[rows.trial]} ns")


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
    limits, name = evidence.methodology.gates, evidence.methodology.primary_metric
    for point in evidence.run.operating_points:
        primary = next((value for value in point.metrics if value.definition == name), None)
        spread = variation_ppm([Decimal(value) for value in primary.trial_values]) if primary else None
        if spread is None or primary is None:
            continue
        path = f"run.metrics.{name}" if len(evidence.run.operating_points) == 1 else f"run.operating_points.{point.name}.{name}"
        seen = f"coefficient of variation {spread} ppm over {primary.n_trials} trials"
        if spread > limits.variation_invalid_ppm and evidence.methodology.kind != "quick":
            yield Finding("variation-excessive", path, seen)
        elif spread > limits.variation_warn_ppm:
            yield Finding("variation-high", path, seen)


def search(evidence: Evidence) -> Iterator[Finding]:
    """G-04: a search that confirmed no rate has found no highest load; what was measured after it is one operating point and no more."""
    found = evidence.run.search
    if found is not None and found.confirmed_per_s is None:
        lowest = found.hi_per_s or "none"
        yield Finding("not-confirmed", "run.search.confirmed_per_s", f"no rate was confirmed; the lowest that failed is {lowest} requests a second")


def energy(evidence: Evidence) -> Iterator[Finding]:
    """The methodology asks for energy: every trial has it, or its validity codes say why not."""
    if evidence.methodology.protocol.energy.scope == "none":
        return
    for point in evidence.run.operating_points:
        for found in point.energy:
            if not found.valid:
                yield Finding("energy-invalid", f"run.operating_points.{point.name}.energy[{found.trial}]", ", ".join(found.codes) or "not measured")
