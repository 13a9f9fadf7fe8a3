"""Each gate finds the one thing that was changed in a valid run, and nothing in an unchanged one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.findings import RULES, Finding, latency_withheld, validity
from runner.contract.gates import judge
from runner.contract.samples import STATUS
from tests.builders import absent, evidence, executor, methodology, quality, samples, seen


def codes(found: Evidence) -> set[str]:
    return {finding.code for finding in judge(found)}


def with_trial(found: Evidence, **changes: Any) -> Evidence:
    trials = (found.run.trials[0].model_copy(update=changes), *found.run.trials[1:])
    return replace(found, run=found.run.model_copy(update={"trials": trials}))


def test_a_valid_undeclared_run_has_only_that_finding() -> None:
    assert codes(evidence()) == {"undeclared"}
    assert validity(judge(evidence())) == "valid_with_warnings"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cpu_steal_ppm": seen(10_001)}, "cpu-steal"),
        ({"psi_cpu_some_avg10_ppm": seen(100_001)}, "cpu-pressure"),
        ({"psi_cpu_some_avg10_ppm": absent("unreadable:no-such-file")}, "isolation-unknown"),
        ({"foreign_gpu_processes": seen(1)}, "foreign-gpu-process"),
        ({"throttle": seen("hw_slowdown")}, "hardware-slowdown"),
        ({"fingerprint_warm": "9" * 64}, "executor-changed"),
        ({"fingerprint_end": "9" * 64}, "executor-changed"),
        ({"window_end_ns": 4 * 10**9}, "window-too-short"),
        ({"floor_p50_ns": 10**8, "floor_p99_ns": 10**8}, "faster-than-floor"),
    ],
)
def test_a_trial_that_was_disturbed_is_found(changes: dict[str, Any], code: str) -> None:
    assert code in codes(with_trial(evidence(), **changes))


def test_values_at_the_limit_pass() -> None:
    assert codes(with_trial(evidence(), cpu_steal_ppm=seen(10_000), psi_cpu_some_avg10_ppm=seen(100_000))) == {"undeclared"}


def test_an_executor_that_changed_names_the_field() -> None:
    found = evidence()
    changed = replace(found, after=executor(sw__driver__version=seen("other")))
    finding = next(one for one in judge(changed) if one.code == "executor-changed")
    assert finding.path == "executor.after" and "sw.driver.version" in finding.seen


def test_a_late_generator_is_found_and_a_slow_system_is_not() -> None:
    table = samples()
    lagging = replace(table, t_sent_ns=np.where(table.request % 20 == 0, table.t_sent_ns + 3_000_000, table.t_sent_ns))
    assert "generator-limited" in codes(evidence(table=lagging))
    assert "generator-limited" not in codes(evidence(table=samples(scale_ppm=3_000_000)))


def test_failed_requests_beyond_the_bound_withhold_latencies_only() -> None:
    table = samples()
    failing = replace(table, status=np.where(table.request % 100 == 0, STATUS["error"], table.status).astype(np.int8))
    findings = judge(evidence(table=failing))
    assert "requests-failed" in {finding.code for finding in findings}
    assert latency_withheld(findings) and validity(findings) == "valid_with_warnings"


def test_one_load_of_a_sweep_that_is_too_much_withholds_its_own_latencies_alone() -> None:
    found = [Finding("over-saturated", "run.trials[0].windows[3]", "a backlog"), Finding("requests-failed", "run.operating_points.p2", "2 of 9")]
    assert [latency_withheld(found, point) for point in ("p0", "p2", "p3", "p33")] == [False, True, True, False]
    assert latency_withheld([Finding("over-saturated", "run.trials[0]", "a backlog")], "p3")


def test_quality_below_the_bound_is_found_by_accuracy_and_by_agreement() -> None:
    found = evidence()
    worse = replace(found, quality=quality(found.methodology, found.before, flips=3))
    assert [finding.path for finding in judge(worse) if finding.code == "quality-below-gate"] == ["quality.accuracy", "quality.agreement"]
    assert "quality-missing" in codes(replace(found, quality=None))


def test_variation_only_warns_a_quick_look_and_invalidates_evidence() -> None:
    table = samples()
    slow = np.where(table.trial == 0, 3, 1)
    start = table.trial * 10**10
    stretched = replace(
        table,
        t_scheduled_ns=start + (table.t_scheduled_ns - start) * slow,
        t_sent_ns=start + (table.t_scheduled_ns - start) * slow + 100,
        t_last_ns=start + (table.t_last_ns - start) * slow,
    )
    assert "variation-high" in codes(evidence(table=stretched))
    strict = evidence(how=methodology(kind="microbenchmark"), table=stretched)
    assert "variation-excessive" in codes(strict) and validity(judge(strict)) == "invalid"


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (evidence(runner={"version": "0.1.0", "commit": "abcdef0", "dirty": True, "measurement_semantics": 1}), "runner-unreleased"),
        (evidence(clock_offset_ns=absent("unreadable:not-synchronised").model_dump()), "clock-offset-unknown"),
        (evidence(exit_reason="interrupted"), "run-unfinished"),
        (evidence(table=samples(trials=2)), "too-few-trials"),
        (evidence(how=methodology(permitted_runtimes=["torch-eager"])), "runtime-not-permitted"),
        (evidence(what=executor(host__epp=absent("unreadable:no-such-file"))), "unreadable-mandatory"),
        (evidence(how=methodology(protocol__min_requests=10_000)), "too-few-requests"),
        (evidence(how=methodology(runner_versions=">=0.2,<1")), "runner-not-permitted"),
    ],
)
def test_each_other_gate_finds_its_own(found: Evidence, code: str) -> None:
    assert code in codes(found)


def test_a_link_below_its_maximum_and_a_memory_error_are_found() -> None:
    found = evidence()
    after = executor(hw__pcie_gen_max=seen(5), hw__pcie_gen_cur=seen(3), hw__ecc_uncorrected=seen(7))
    assert {"link-below-maximum", "ecc-error"} <= codes(replace(found, after=after))


def test_every_finding_has_a_rule_and_an_unknown_code_is_a_bug() -> None:
    assert all(Finding(code, "x", "y").rule.text for code in RULES)
    with pytest.raises(KeyError):
        Finding("no-such-code", "x", "y").rule  # noqa: B018
