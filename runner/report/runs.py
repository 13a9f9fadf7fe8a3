"""A checked run as text: what was measured under which load, with intervals, quality with its counts, and every finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.contract.check import Checked
from runner.contract.executor import Executor
from runner.contract.findings import Finding, latency_withheld
from runner.contract.metrics import DEFINITIONS
from runner.contract.quality import QualityEvaluation, QualityResult
from runner.contract.run import MetricValue, OperatingPoint
from runner.report.points import point_facts, search_lines, withheld_text
from runner.report.quantities import duration, interval, metric_name, percent, point_text, quantity, short
from runner.report.tables import columns, wrapped

ROOM = 110
QUICK = "quick look: compares with other quick looks, never evidence for a decision"
WORDS = {"valid": "valid", "valid_with_warnings": "valid, with warnings", "invalid": "INVALID"}


def run_lines(checked: Checked) -> list[str]:
    """The whole run."""
    run, methodology = checked.evidence.run, checked.evidence.methodology
    head = f"{executor_label(checked.evidence.before)}   {WORDS[checked.validity]}   grade {checked.grade}   run {short(checked.bundle.digest)}"
    trials = f"  {methodology.name} v{methodology.version}, {len(run.trials)} trials in fresh processes, executor {short(run.fingerprint)}"
    quick = [f"  {QUICK}"] if methodology.kind == "quick" else []
    return [head, trials, *quick, *_points(checked), *_quality(checked.evidence.quality), *finding_lines(checked.findings)]


def executor_label(executor: Executor) -> str:
    """What runs at which precision on what, from the captured facts."""
    hw, precision = executor.hw, executor.precision
    numerics = precision.weights.value or "?"
    return f"{executor.sw.runtime.name.value or '?'} {numerics} on {hw.product_name.value or 'an unnamed device'}"


def _points(checked: Checked) -> Iterator[str]:
    primary = checked.evidence.methodology.primary_metric
    for point in checked.evidence.run.operating_points:
        yield f"  at {point_text(point)}: {point.completed:,} requests in {duration(point.window_ns)}{_bad(point)}"
        withheld = latency_withheld(checked.findings, point.name)
        shown = [metric for metric in point.metrics if not (withheld and DEFINITIONS[metric.definition].aggregation == "order_statistic")]
        yield from columns((_metric_row(metric, primary) for metric in shown), indent="    ", right=(1,))
        if withheld:
            yield "    latencies withheld: a finding below says why"
        for gone in point.withheld:
            yield f"    {metric_name(gone.definition)}: withheld, {withheld_text(gone)}"
        yield from (f"    {line}" for line in point_facts(point))
    if checked.evidence.run.search is not None:
        yield from (f"    {line}" for line in search_lines(checked.evidence.run.search))
    floors = [trial.floor_p50_ns for trial in checked.evidence.run.trials]
    yield f"    floor of the driver (a backend that does nothing): p50 {duration(sorted(floors)[len(floors) // 2])}, never subtracted"


def _metric_row(metric: MetricValue, primary: str) -> tuple[str, str, str, str]:
    mark = "primary" if metric.definition == primary else ""
    return metric_name(metric.definition), quantity(metric.value, metric.unit), interval(metric), mark


def _bad(point: OperatingPoint) -> str:
    return f", {point.failed} failed, {point.timed_out} timed out" if point.failed or point.timed_out else ""


def _quality(quality: QualityEvaluation | None) -> Iterator[str]:
    if quality is None:
        yield "  quality: not evaluated"
        return
    for metric, words in (("accuracy", "accuracy"), ("agreement", f"agreement with the {quality.reference_precision} reference")):
        cell = quality.cell(metric)
        if cell is not None:
            yield f"  quality: {words} {share(cell)}"
    farthest = quality.cell("largest_logit_difference")
    if farthest is not None:
        yield f"  quality: largest difference of an output {farthest.value} over {farthest.n} items"


def share(cell: QualityResult) -> str:
    """A counted share with its interval: `97.78 % (440 of 450, 95 % interval 95.97 – 98.79 %)`."""
    if cell.count is None:
        return cell.value
    bounds = f", 95 % interval {_hundredth(cell.ci_low)} – {_hundredth(cell.ci_high)} %" if cell.ci_low is not None else ""
    return f"{percent(cell.count, cell.n)} ({cell.count} of {cell.n}{bounds})"


def _hundredth(value: str | None) -> str:
    return f"{float(value or 0) * 100:.2f}"


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Every finding, those of one code together: gate, level, what it says, then each place and what was seen there."""
    lines: list[str] = []
    for code in dict.fromkeys(finding.code for finding in findings):
        alike = [finding for finding in findings if finding.code == code]
        rule = alike[0].rule
        lines.append(f"  {rule.gate} {rule.level}: {code}: {rule.text}")
        for finding in alike:
            lines += wrapped(f"{finding.path}: {finding.seen}", ROOM, "        ")
    return lines or ["  findings: none"]


def run_document(checked: Checked) -> dict[str, object]:
    """The run as `--json` carries it."""
    run, executor, methodology = checked.evidence.run, checked.evidence.before, checked.evidence.methodology
    return {
        "digest": checked.bundle.digest,
        "methodology": methodology.name,
        "methodology_version": methodology.version,
        "methodology_sha256": methodology.sha256,
        "kind": methodology.kind,
        "fingerprint": run.fingerprint,
        "runtime": executor.sw.runtime.name.value,
        "precision": executor.precision.weights.value,
        "product": executor.hw.product_name.value,
        "key_id": checked.bundle.key_id,
        "nonce": run.nonce,
        "validity": checked.validity,
        "grade": checked.grade,
        "checker": checked.checker,
        "findings": [finding.as_dict() for finding in checked.findings],
        "operating_points": [point.model_dump(mode="json") for point in run.operating_points],
        "quality": checked.evidence.quality.model_dump(mode="json")["results"] if checked.evidence.quality else None,
        "primary_metric": DEFINITIONS[methodology.primary_metric].id,
    }
