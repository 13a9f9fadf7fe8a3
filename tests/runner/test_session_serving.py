"""Real sessions in every serving shape: batches, pools and mixes do what their arithmetic says, and the executor discloses how it served."""

from __future__ import annotations

import numpy as np
import pytest

from runner.session.measure import Session
from tests.runner.plugin import MS, OPEN, POISSON, SECOND, Case, at_once, how, p50_ns, point, run_of, value

DEFINITIONS = ["latency_p50@1", "throughput@1", "inference_rate@1"]
ALONE_PER_S = 200  # what a server offers that takes 4 ms a batch and 1 ms a sample, one by one
RUSHED = {**POISSON, "load__rate_per_s": "300", "metrics__definitions": DEFINITIONS}
MIX = [{"name": "small", "weight": 3, "batch": 1}, {"name": "large", "weight": 1, "batch": 8}]
COSTS = {"service_ns": 4 * MS, "each_ns": MS}

CASES = {
    "single": Case("batch-server:fp32", how(metrics__definitions=DEFINITIONS), COSTS),
    "fixed": Case("batch-server:fp32,batch=8", how(metrics__definitions=DEFINITIONS), COSTS),
    "fixed in open loop": Case("batch-server:fp32,batch=8", how(**OPEN | {"load__rate_per_s": "40", "metrics__definitions": DEFINITIONS}), COSTS),
    "alone": Case("batch-server:fp32", how(**RUSHED), COSTS),
    "dynamic": Case("batch-server:fp32,batch=8,timeout_us=2000", how(**RUSHED), COSTS),
    "dynamic at once": Case("batch-server:fp32,batch=8,policy=dynamic,timeout_us=0", how(**RUSHED), COSTS),
    "pool": Case("fixed-delay:fp32,workers=3", how(**RUSHED), {"service_ns": 5 * MS}),
    "dynamic pool": Case("batch-server:fp32,batch=4,timeout_us=1000,workers=2", how(**RUSHED), COSTS),
    "mix": Case("batch-server:fp32", how(**POISSON, load__classes=MIX, metrics__definitions=DEFINITIONS) , {"service_ns": MS, "each_ns": MS}),
}  # fmt: skip
BATCHED = ("dynamic", "dynamic at once", "dynamic pool")


@pytest.fixture(scope="module")
def sessions() -> dict[str, Session]:
    return at_once(CASES)


def due_inside(session: Session) -> int:
    """Requests due before the window closed; the last of a schedule at an exact rate is due at that very moment."""
    found = run_of(session).evidence
    return int((found.samples.t_scheduled_ns < found.run.trials[0].window_end_ns).sum())


@pytest.mark.parametrize("name", CASES)
def test_every_shape_is_measured_sealed_and_accepted(sessions: dict[str, Session], name: str) -> None:
    assert run_of(sessions[name]).evidence.run.exit_reason == "completed"


@pytest.mark.parametrize(
    ("name", "policy", "batch", "timeout_ns", "workers"),
    [
        ("single", "single", 1, None, 1),
        ("fixed", "fixed", 8, None, 1),
        ("dynamic", "dynamic", 8, 2 * MS, 1),
        ("dynamic at once", "dynamic", 8, 0, 1),
        ("pool", "single", 1, None, 3),
        ("dynamic pool", "dynamic", 4, MS, 2),
        ("mix", "as_requested", 8, None, 1),
    ],
)
def test_the_executor_says_how_it_served(
    sessions: dict[str, Session], name: str, policy: str, batch: int, timeout_ns: int | None, workers: int
) -> None:
    serving = run_of(sessions[name]).evidence.before.serving
    stated = (serving.batch_policy.value, serving.max_batch.value, serving.batch_timeout_ns.value, serving.replicas.value)
    assert stated == (policy, batch, timeout_ns, workers)


def test_another_way_to_serve_is_another_executor(sessions: dict[str, Session]) -> None:
    prints = [run_of(sessions[name]).evidence.run.fingerprint for name in ("single", "fixed", "dynamic", "dynamic at once", "dynamic pool", "mix")]
    assert len(set(prints)) == len(prints)


def test_a_fixed_batch_answers_eight_samples_a_request(sessions: dict[str, Session]) -> None:
    assert set(run_of(sessions["fixed"]).evidence.samples.batch_size.tolist()) == {8}
    assert value(sessions["fixed"], "inference_rate@1") == pytest.approx(8 * value(sessions["fixed"], "throughput@1"), rel=1e-3)


def test_a_batch_of_eight_takes_as_long_as_its_cost_says(sessions: dict[str, Session]) -> None:
    ratio = p50_ns(sessions["fixed"]) / p50_ns(sessions["single"])
    assert 12 / 5 * 0.6 < ratio < 12 / 5 * 1.6


def test_batches_keep_up_where_single_requests_cannot(sessions: dict[str, Session]) -> None:
    assert value(sessions["alone"], "throughput@1") < 1.05 * ALONE_PER_S
    assert "over-saturated" in {finding.code for finding in run_of(sessions["alone"]).findings}
    for name in BATCHED:
        assert value(sessions[name], "throughput@1") > 1.2 * ALONE_PER_S


@pytest.mark.parametrize("name", BATCHED)
def test_sizes_of_batches_are_counted_and_none_is_too_large(sessions: dict[str, Session], name: str) -> None:
    batches = point(sessions[name]).batches
    assert sum(count.requests for count in batches) == due_inside(sessions[name])
    assert 1 < max(count.size for count in batches) <= int(run_of(sessions[name]).evidence.before.serving.max_batch.value or 0)


def test_a_request_waits_for_its_batch_and_no_longer_than_the_timeout_where_the_server_is_free(sessions: dict[str, Session]) -> None:
    rows = run_of(sessions["dynamic"]).evidence.samples
    assert rows.queue_ns is not None
    small = rows.batch_size == 1
    assert not small.any() or int(np.median(rows.queue_ns[small])) >= 2 * MS


def test_three_workers_keep_up_where_one_cannot(sessions: dict[str, Session]) -> None:
    assert value(sessions["pool"], "throughput@1") > 1.2 * SECOND / (5 * MS)


def test_what_several_workers_cost_is_said_beside_their_result(sessions: dict[str, Session]) -> None:
    assert run_of(sessions["pool"]).evidence.run.trials[0].handoff_ns
    assert run_of(sessions["alone"]).evidence.run.trials[0].handoff_ns is None


def test_each_class_of_a_mix_has_its_count_and_its_median(sessions: dict[str, Session]) -> None:
    small, large = point(sessions["mix"]).classes
    assert small.completed + large.completed == due_inside(sessions["mix"])
    assert 1.2 < small.completed / large.completed < 8
    assert small.p50_ns is not None and large.p50_ns is not None
    assert 1.5 < large.p50_ns / small.p50_ns < 9 / 2 * 1.5


def test_the_rows_of_a_mix_carry_the_batch_of_their_class(sessions: dict[str, Session]) -> None:
    rows = run_of(sessions["mix"]).evidence.samples
    assert rows.klass is not None
    assert (rows.batch_size == np.where(rows.klass == 1, 8, 1)).all()
