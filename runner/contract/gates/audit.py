"""Audit tests: does the system cache, does another seed tell another story, was the answer right while it was fast."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np

from runner.contract.audit_answers import performance_mismatches
from runner.contract.evidence import Evidence
from runner.contract.findings import Finding
from runner.contract.gates.load import windows_of
from runner.contract.point_facts import certificate_of
from runner.contract.statistics import log_interval, rank
from runner.contract.window_rows import WindowRows

MILLION = 1_000_000
CONTRADICTION = {"certified", "refuted"}


def audits_present(evidence: Evidence) -> Iterator[Finding]:
    """Every audit test that the methodology asks for was carried out."""
    done: set[str] = {trial.purpose for trial in evidence.run.trials}
    if evidence.samples.answer is not None:
        done |= {"quality-in-performance"}
    for asked in evidence.methodology.protocol.audits:
        if asked not in done:
            yield Finding("audit-missing", "run.trials", asked)


def repeat_one_sample(evidence: Evidence) -> Iterator[Finding]:
    """Serving one sample again and again is no faster than serving all of them at the same point, or the system keeps answers.

    Faster is more throughput in closed loop; in open loop, whose rate is given, less time from issue at the median.
    """
    limit, closed = evidence.methodology.gates.max_repeat_gain_ppm, evidence.methodology.load.loop == "closed"
    for path, rows, usual in _beside(evidence, "repeat-one-sample"):
        mine, theirs = _speed(rows, closed=closed), sorted(_speed(one, closed=closed) for one in usual)
        middle = theirs[len(theirs) // 2]
        gain = int((mine / middle - 1) * MILLION) if middle else 0
        if gain > limit:
            what = "more throughput" if closed else "faster from issue"
            yield Finding("caches-results", path, f"{gain} ppm {what} with one sample repeated, limit {limit} ppm")


def _beside(evidence: Evidence, purpose: str) -> Iterator[tuple[str, WindowRows, list[WindowRows]]]:
    """(path, rows, rows of the measuring trials at the same point) of every window of an audit trial; none where nothing was measured there."""
    for path, rows in windows_of(evidence, (purpose,)):
        usual = [one for _, one in windows_of(evidence) if one.window.point == rows.window.point]
        if usual:
            yield path, rows, usual


def _speed(rows: WindowRows, *, closed: bool) -> Decimal:
    if closed:
        return Decimal(rows.completed_inside) / rows.window_ns
    p50 = _p50(rows.from_issue_ns)
    return 1 / Decimal(p50) if p50 else Decimal(0)


def alternate_seed(evidence: Evidence) -> Iterator[Finding]:
    """Other arrivals and another order of samples do not contradict the answer: certified against refuted, or p50 outside the trials' interval."""
    slo = evidence.methodology.slo
    for path, rows, usual in _beside(evidence, "alternate-seed"):
        if slo.limit_ns is not None:
            answers = {certificate_of(usual, slo).answer, certificate_of([rows], slo).answer}
            if answers == CONTRADICTION:
                yield Finding("seed-contradicted", path, "certified with one seed, refuted with another")
        bounds, p50 = _expected_p50([_p50(one.latencies_ns) for one in usual]), _p50(rows.latencies_ns)
        if bounds and p50 is not None and not bounds[0] <= p50 <= bounds[1]:
            yield Finding("seed-contradicted", path, f"latency p50 {p50} ns, the other trials foretell {bounds[0]} to {bounds[1]} ns")


def _p50(ordered_ns: np.ndarray[tuple[int], np.dtype[np.int64]]) -> int | None:
    return int(ordered_ns[rank(len(ordered_ns), 500) - 1]) if len(ordered_ns) else None


def _expected_p50(values: list[int | None]) -> tuple[int, int] | None:
    """Where one more trial is expected: the interval of the trials' centre, widened by as much again as the trials themselves reach."""
    known = [Decimal(value) for value in values if value]
    interval = log_interval(known)
    if interval is None:
        return None
    reach = max(known) - min(known)
    return int(min(interval[0], *known) - reach), int(max(interval[1], *known) + reach)


def answers_in_performance(evidence: Evidence) -> Iterator[Finding]:
    """Answers kept while the load ran are those that the quality evaluation gave the same samples: a fast wrong path cannot pass."""
    limit = evidence.methodology.gates.max_performance_mismatch_ppm
    for trial, kept, wrong in performance_mismatches(evidence):
        if kept and wrong * MILLION // kept > limit:
            seen = f"{wrong} of {kept} kept answers differ from the quality evaluation, limit {limit} ppm"
            yield Finding("accuracy-in-performance", f"run.trials[{trial}]", seen)
