"""A checked run as text: what was measured under which load, with intervals, quality with its counts, and every finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from runner.contract.check import Checked
from runner.contract.executor import Executor
from runner.contract.findings import Finding, latency_withheld
from runner.contract.metrics import DEFINITIONS
from runner.contract.quality import QualityEvaluation, QualityResult
from runner.contract.run import MetricValue, OperatingPoint, Run, Trial
from runner.report.points import point_facts, withheld_text
from runner.report.quantities import duration, interval, metric_name, percent, point_text, quantity, share, short
from runner.report.searches import search_lines
from runner.report.tables import columns, wrapped

ROOM = 110
QUICK = "quick look: compares with other quick looks, never evidence for a decision"
WORDS = {"valid": "valid", "valid_with_warnings": "valid, with warnings", "invalid": "INVALID"}


def run_lines(checked: Checked) -> list[str]:
    """The whole run."""
    run, methodology = checked.evidence.run, checked.evidence.methodology
    head = f"{executor_label(checked.evidence.before)}   {WORDS[checked.validity]}   grade {checked.grade}   run {short(checked.bundle.digest)}"
    trials = f"  {methodology.name} v{methodology.version}, {trials_text(run.trials)}, executor {short(run.fingerprint)}"
    quick = [f"  {QUICK}"] if methodology.kind == "quick" else []
    said = [line for limitation in run.limitations for line in wrapped(f"note: {limitation}", ROOM, "  ")]
    return [head, trials, *quick, *said, *_search(run), *_points(checked), *_around(run), *_quality(checked.evidence.quality),
            *finding_lines(checked.findings)]  # fmt: skip


def trials_text(trials: Sequence[Trial]) -> str:
    """`1 trial in a fresh process`, `3 trials in fresh processes, after a search, with 2 audit trials`."""
    counts = Counter(trial.purpose for trial in trials)
    measured = counts.pop("measure", 0)
    search, audits = counts.pop("search", 0), counts.total()
    text = f"{measured} {'trial in a fresh process' if measured == 1 else 'trials in fresh processes'}"
    audited = f", with {audits} audit {'trial' if audits == 1 else 'trials'}" if audits else ""
    return f"{text}{', after a search' if search else ''}{audited}"


def executor_label(executor: Executor) -> str:
    """What runs at which precision on what, from the captured facts."""
    hw, precision = executor.hw, executor.precision
    numerics = precision.weights.value or "?"
    return f"{executor.sw.runtime.name.value or '?'} {numerics} on {hw.product_name.value or 'an unnamed device'}"


def _points(checked: Checked) -> Iterator[str]:
    primary = checked.evidence.methodology.primary_metric
    for point in checked.evidence.run.operating_points:
        yield f"  at {point_text(point)}: {point.completed:,} requests completed in {duration(point.window_ns)}{_bad(point)}"
        withheld = latency_withheld(checked.findings, point.name)
        shown = [metric for metric in point.metrics if not (withheld and DEFINITIONS[metric.definition].aggregation == "order_statistic")]
        yield from columns((_metric_row(metric, primary) for metric in shown), indent="    ", right=(1,))
        if withheld:
            yield "    latencies withheld: a finding below says why"
        for gone in point.withheld:
            yield f"    {metric_name(gone.definition)}: withheld, {withheld_text(gone)}"
        yield from (f"    {line}" for line in point_facts(point, latencies=not withheld))


def _search(run: Run) -> Iterator[str]:
    if run.search is not None:
        yield from (f"  {line}" for line in search_lines(run.search))


def _around(run: Run) -> Iterator[str]:
    """What belongs to all points: the warm-up, the driver's floor and what several threads cost, the thermal regime."""
    trials = [trial for trial in run.trials if trial.purpose == "measure"]
    settled, extensions = sum(trial.settled is True for trial in trials), sum(trial.settle_extensions for trial in trials)
    if any(trial.settled is not None for trial in trials):
        yield f"  warm-up: settled in {settled} of {len(trials)} {'trial' if len(trials) == 1 else 'trials'}, extended {times(extensions)}"
    handoffs = sorted(trial.handoff_ns for trial in trials if trial.handoff_ns is not None)
    handed = f"; hand-off between threads p50 {duration(handoffs[len(handoffs) // 2])}" if handoffs else ""
    floors = sorted(trial.floor_p50_ns for trial in trials)
    yield f"  floor of the driver (a backend that does nothing): p50 {duration(floors[len(floors) // 2])}{handed}; never subtracted"
    if run.thermal_regime.value is not None:
        yield f"  thermal regime: {run.thermal_regime.value}"


def times(count: int) -> str:
    """`never`, `once`, `3 times`."""
    return {0: "never", 1: "once"}.get(count, f"{count} times")


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
            yield f"  quality: {words} {_counted(cell)}"
    farthest = quality.cell("largest_logit_difference")
    if farthest is not None:
        yield f"  quality: largest difference of an output {farthest.value} over {farthest.n} items"


def _counted(cell: QualityResult) -> str:
    """A counted share with its interval: `97.78 % (440 of 450, 95 % interval 95.97 – 98.79 %)`."""
    if cell.count is None:
        return cell.value
    bounds = "" if cell.ci_low is None or cell.ci_high is None else f", 95 % interval {share(cell.ci_low)} – {share(cell.ci_high)} %"
    return f"{percent(cell.count, cell.n)} ({cell.count} of {cell.n}{bounds})"


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
        "latency_withheld": checked.standing.latency_withheld,
        "exit_reason": run.exit_reason,
        "limitations": list(run.limitations),
        "thermal_regime": run.thermal_regime.model_dump(mode="json"),
        "trials": [trial.model_dump(mode="json") for trial in run.trials],
        "search": run.search.model_dump(mode="json") if run.search else None,
        "operating_points": [point.model_dump(mode="json") for point in run.operating_points],
        "quality": checked.evidence.quality.model_dump(mode="json")["results"] if checked.evidence.quality else None,
        "primary_metric": DEFINITIONS[methodology.primary_metric].id,
    }
