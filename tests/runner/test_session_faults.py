"""Faults in real sessions: the run ends with a finding that names what broke, keeps what was measured and states no number that it cannot carry."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from runner.contract.run import Trial
from runner.contract.samples import STATUS
from runner.report.runs import run_document, run_lines
from runner.session.measure import Session
from tests.runner.plugin import MS, OPEN, Case, at_once, codes, how, point, run_of

HERE = {"service_ns": MS}
AT = 900  # a request in the window: some 400 go before it
LONG = {"protocol__min_requests": 1_200}  # so that the window holds that request however slow this machine is today


def saboteur(act: str, **more: object) -> dict[str, object]:
    return {**HERE, "start": AT, "act": act, **more}


CASES = {
    "some explode": Case("exploding:fp32", how(), {**HERE, "one_in": 7, "start": 7}),
    "all explode": Case("exploding:fp32", how(protocol__settle_extensions=0), {**HERE, "start": 2}),
    "all explode in open loop": Case("exploding:fp32", how(**OPEN), {**HERE, "start": 2}),
    "explodes at once": Case("exploding:fp32", how(), HERE),
    "too slow": Case("fixed-delay:fp32", how(**{**OPEN, "load__rate_per_s": "1000"}), {"service_ns": 4 * MS}),
    "too fast": Case("fixed-delay:fp32", how(**{**OPEN, "load__rate_per_s": "400000"}, protocol__min_duration_ns=300 * MS), {"service_ns": 0}),
    "sampler killed": Case("saboteur:fp32", how(**LONG), saboteur("kill-sampler"), trials=2, later={1: saboteur("nothing")}),
    "second trial killed": Case("saboteur:fp32", how(**LONG), saboteur("nothing"), trials=2, later={1: saboteur("kill-self")}),
    "disk full": Case("saboteur:fp32", how(**LONG), saboteur("fill-disk")),
    "disk full later": Case("saboteur:fp32", how(**LONG), saboteur("nothing"), trials=2, later={1: saboteur("fill-disk")}),
    "hangs": Case("hanging:fp32", how(), {**HERE, "start": 60}, patience_s=12),
}  # fmt: skip
KEPT = ("some explode", "all explode", "all explode in open loop", "too slow", "too fast", "sampler killed", "second trial killed", "disk full later")
LOST = ("explodes at once", "disk full", "hangs")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the trials of all cases leave their files."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def sessions(scratch: Path) -> dict[str, Session]:
    return at_once({name: replace(case, scratch=scratch, environ={"LYNXWEB_TEST": str(os.getpid())}) for name, case in CASES.items()})


def trial(session: Session, index: int = 0) -> Trial:
    return run_of(session).evidence.run.trials[index]


@pytest.mark.parametrize("name", KEPT)
def test_what_was_measured_is_kept_sealed_and_told(sessions: dict[str, Session], name: str) -> None:
    found = run_of(sessions[name])
    assert len(found.evidence.samples) > 0
    assert run_lines(found) and run_document(found)["findings"]


@pytest.mark.parametrize("name", LOST)
def test_a_first_trial_that_does_not_end_is_a_failure_and_no_run(sessions: dict[str, Session], name: str) -> None:
    assert sessions[name].measured == ()
    assert [failure.trial for failure in sessions[name].failures] == [0]


def test_requests_that_raise_are_rows_and_too_many_of_them_a_finding(sessions: dict[str, Session]) -> None:
    rows = run_of(sessions["some explode"]).evidence.samples
    errors = int((rows.status == STATUS["error"]).sum())
    assert 1 / 9 < errors / len(rows) < 1 / 5
    assert "requests-failed" in codes(sessions["some explode"])
    assert point(sessions["some explode"]).failed >= errors - 1


def test_what_failed_requests_said_is_kept_once(sessions: dict[str, Session]) -> None:
    said = run_of(sessions["some explode"]).evidence.run.limitations
    assert said == ("trial 1: quality: RuntimeError: the device is gone", "trial 1: RuntimeError: the device is gone")


@pytest.mark.parametrize("name", ["all explode", "all explode in open loop"])
def test_where_nothing_completed_no_number_is_stated(sessions: dict[str, Session], name: str) -> None:
    found, one = run_of(sessions[name]), point(sessions[name])
    assert {"nothing-completed", "requests-failed", "quality-missing"} <= codes(sessions[name]) and found.validity == "invalid"
    assert (one.completed, one.metrics) == (0, ())
    assert "nothing-completed" in {gone.reason for gone in one.withheld}
    assert found.standing.latency_withheld
    assert found.evidence.run.limitations[0] == "trial 1: quality: RuntimeError: the device is gone"


def test_a_backend_that_fails_in_its_first_request_says_so(sessions: dict[str, Session]) -> None:
    (failure,) = sessions["explodes at once"].failures
    assert "the device is gone" in failure.said


def test_a_rate_that_the_system_cannot_serve_is_over_saturated_and_hides_its_latencies(sessions: dict[str, Session]) -> None:
    assert "over-saturated" in codes(sessions["too slow"])
    assert run_of(sessions["too slow"]).standing.latency_withheld
    assert "latencies withheld" in "\n".join(run_lines(run_of(sessions["too slow"])))


def test_a_rate_that_this_machine_cannot_offer_is_named(sessions: dict[str, Session]) -> None:
    assert {"generator-limited", "over-saturated", "rate-not-offered"} & codes(sessions["too fast"])
    assert run_of(sessions["too fast"]).validity == "invalid" or run_of(sessions["too fast"]).standing.latency_withheld


def test_a_sampler_that_is_killed_leaves_what_it_had_read_and_all_requests(sessions: dict[str, Session]) -> None:
    found, ended = run_of(sessions["sampler killed"]).evidence, trial(sessions["sampler killed"]).window_end_ns
    assert [fault.code for fault in trial(sessions["sampler killed"]).faults] == ["sampler-died"]
    assert "sampler-died" in codes(sessions["sampler killed"])
    assert len(found.samples.only(0)) >= AT // 2 and len(found.run.trials) == 2
    assert [row for row in found.telemetry if row.t_ns < ended]


def test_a_sampler_that_is_killed_leaves_a_gap_that_is_told(sessions: dict[str, Session]) -> None:
    assert {"telemetry-gap", "telemetry-missing", "isolation-unknown"} & codes(sessions["sampler killed"])


@pytest.mark.parametrize(("name", "said"), [("second trial killed", "exit status -9"), ("disk full later", "File too large")])
def test_the_trials_before_one_that_died_are_kept_and_the_run_is_unfinished(sessions: dict[str, Session], name: str, said: str) -> None:
    run = run_of(sessions[name]).evidence.run
    assert (len(run.trials), run.exit_reason) == (1, "failed")
    assert "run-unfinished" in codes(sessions[name]) and run_of(sessions[name]).validity == "invalid"
    (failure,) = sessions[name].failures
    assert failure.trial == 1 and said in failure.said
    assert "trial 2 failed; the trials before it are kept" in run.limitations


def test_a_full_disk_is_said(sessions: dict[str, Session]) -> None:
    assert "File too large" in sessions["disk full"].failures[0].said


def test_a_process_that_hangs_is_ended_and_said(sessions: dict[str, Session]) -> None:
    assert "no answer within 12 s" in sessions["hangs"].failures[0].said


def test_no_fault_leaves_a_process_or_a_file_behind(sessions: dict[str, Session], scratch: Path) -> None:
    assert list(scratch.iterdir()) == []
    left = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            environ = (folder / "environ").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if {"runner.trial", "runner.sensors.sampler"} & set(words) and f"LYNXWEB_TEST={os.getpid()}" in environ:
            left.append(folder.name)
    assert left == []
