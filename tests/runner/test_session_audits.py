"""Audit tests in real sessions: a system that keeps answers, one that is wrong while it is fast, and an honest one that passes them all."""

from __future__ import annotations

import numpy as np
import pytest

from runner.contract.audit_answers import answers_of, drawn_requests, performance_mismatches
from runner.contract.samples import NOT_KEPT
from runner.contract.window_check import alternate_seed
from runner.session.measure import Session
from tests.runner.plugin import BUDGET, MS, OPEN, POISSON, Case, at_once, codes, how, run_of

AUDITS = ["repeat-one-sample", "alternate-seed", "quality-in-performance"]
ALL = {"protocol__audits": AUDITS}
ANSWERS = {"protocol__audits": ["quality-in-performance"]}
SLOW = {"service_ns": 2 * MS}
SLOTS = {"load__process": "concurrent_streams", "load__concurrency": 3}
MIX = [{"name": "small", "weight": 1, "batch": 1}, {"name": "large", "weight": 1, "batch": 2}]
SWEEP = {"shape": "sweep", "load__process": "concurrent_streams", "load__concurrency": None, "load__concurrencies": [1, 3]}
AUDITED = ("quality-below-gate", "audit-missing", "caches-results", "accuracy-in-performance")

HONEST = {
    "closed": Case("fixed-delay:fp32", how(**ALL), SLOW),
    "poisson": Case("fixed-delay:fp32", how(**POISSON, **ALL, slo=BUDGET), SLOW),
    "slots": Case("fixed-delay:fp32", how(**SLOTS, **ANSWERS), SLOW),
    "sweep of slots": Case("fixed-delay:fp32", how(**SWEEP, **ANSWERS), SLOW),
    "batches": Case("batch-server:fp32,batch=4", how(**ANSWERS), SLOW),
    "dynamic": Case("batch-server:fp32,batch=4,timeout_us=1000,workers=2", how(**OPEN, **ANSWERS), SLOW),
    "pool": Case("fixed-delay:fp32,workers=2", how(**OPEN, **ANSWERS), SLOW),
    "mix": Case("batch-server:fp32", how(**OPEN, **ANSWERS, load__classes=MIX), {"service_ns": MS, "each_ns": MS}),
    "onnxruntime": Case("onnxruntime:fp32", how(permitted_runtimes=["onnxruntime"], **ANSWERS)),
    "onnxruntime slots": Case("onnxruntime:fp32", how(permitted_runtimes=["onnxruntime"], **SLOTS, **ANSWERS)),
}
DISHONEST = {
    "caching": Case("caching:fp32", how(protocol__audits=["repeat-one-sample"]), {"service_ns": 3 * MS}),
    "wrong": Case("wrong-under-load:fp32", how(**ANSWERS), SLOW),
}


@pytest.fixture(scope="module")
def sessions() -> dict[str, Session]:
    return at_once({**HONEST, **DISHONEST})


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_system_passes_its_audit_tests(sessions: dict[str, Session], name: str) -> None:
    assert not set(AUDITED) & codes(sessions[name])


@pytest.mark.parametrize("name", HONEST)
def test_answers_kept_while_the_load_ran_are_all_right(sessions: dict[str, Session], name: str) -> None:
    kept = [(kept, wrong) for _, kept, wrong in performance_mismatches(run_of(sessions[name]).evidence)]
    assert kept and all(count > 0 and wrong == 0 for count, wrong in kept)


@pytest.mark.parametrize("name", ["closed", "poisson", "batches", "dynamic", "pool", "mix"])
def test_answers_are_kept_of_the_requests_that_the_seed_draws(sessions: dict[str, Session], name: str) -> None:
    found = run_of(sessions[name]).evidence
    rows = found.samples.only(0, 0)
    assert rows.answer is not None
    assert np.flatnonzero(rows.answer != NOT_KEPT).tolist() == drawn_requests(found.methodology.load.seed, len(rows), 0, 0).tolist()


def test_audit_trials_come_last_and_enter_no_headline(sessions: dict[str, Session]) -> None:
    run = run_of(sessions["closed"]).evidence.run
    assert [trial.purpose for trial in run.trials] == ["measure", "repeat-one-sample", "alternate-seed"]
    assert {metric.n_trials for metric in run.operating_points[0].metrics} == {1}


def test_the_repeated_sample_is_one_sample(sessions: dict[str, Session]) -> None:
    found = run_of(sessions["closed"]).evidence
    rows = found.samples.only(1, 0)
    assert rows.answer is not None and found.items is not None
    given = set(rows.answer[rows.answer != NOT_KEPT].tolist())
    assert len(given) == 1 and given <= set(answers_of(found.items.logits).tolist())


def test_an_alternate_seed_gives_another_schedule_and_follows_from_nonce_methodology_and_executor(sessions: dict[str, Session]) -> None:
    run = run_of(sessions["poisson"]).evidence.run
    other = run.trials[-1]
    assert other.seed == alternate_seed(None, run.methodology_sha256, run.fingerprint)
    assert len({trial.schedule_sha256 for trial in run.trials}) == len(run.trials)


def test_a_system_that_keeps_answers_is_found_by_repeating_one_sample(sessions: dict[str, Session]) -> None:
    assert "caches-results" in codes(sessions["caching"])
    assert run_of(sessions["caching"]).validity == "invalid"


def test_a_system_that_is_wrong_only_under_load_is_found_though_its_evaluation_is_right(sessions: dict[str, Session]) -> None:
    found = run_of(sessions["wrong"])
    agreement = found.evidence.quality and found.evidence.quality.cell("agreement")
    assert agreement is not None and agreement.count == agreement.n
    assert "accuracy-in-performance" in codes(sessions["wrong"]) and found.validity == "invalid"
