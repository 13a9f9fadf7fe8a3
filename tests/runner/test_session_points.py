"""Real sessions under every load: points, sweeps, a search, a ramp and rests run, are sealed and accepted, and say what is known to be true.

Bounds are ratios, and wide: this machine may be busy with other things.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from runner.contract.check import Checked
from runner.contract.run import Trial
from runner.contract.samples import STATUS
from runner.contract.schedules import digest, due_times
from runner.session.measure import Session
from tests.runner.plugin import BUDGET, MS, OPEN, POISSON, SECOND, Case, at_once, codes, how, p50_ns, point, run_of, value

RECORDED = tuple(range(0, 600 * MS, 4 * MS))
SWEEP = {"shape": "sweep", "load__process": "concurrent_streams", "load__concurrency": None, "load__concurrencies": [1, 4]}
RATES = {**OPEN, "shape": "sweep", "load__rate_per_s": None, "load__rates_per_s": ["60", "240"]}
SEARCH = {
    "capacity_ns": 500 * MS, "chunk_ns": 500 * MS, "drop_ns": 50 * MS, "least_step_ns": 500 * MS, "longest_step_ns": SECOND,
    "step_confidence_permille": 900, "confirm_confidence_permille": 900, "resolution_permille": 250, "most_steps": 5,
}  # fmt: skip
# 90 % within twenty times the service time: what one server offers up to nearly its capacity.
SEARCHED = {
    **POISSON, "shape": "sweep", "load__rate_per_s": None, "load__search": SEARCH, "slo": {**BUDGET, "limit_ns": 60 * MS},
    "protocol__min_duration_ns": 1_500 * MS, "gates__lag_floor_ns": 20 * MS,
}  # fmt: skip
SUSTAINED = {"shape": "sustained", "protocol__ramp_ns": 300 * MS, "load__concurrency": 2, "load__process": "concurrent_streams"}
SLOW = {"service_ns": 2 * MS}

CASES = {
    "closed": Case("fixed-delay:fp32", how(slo=BUDGET), SLOW, trials=2),
    "concurrencies": Case("fixed-delay:fp32", how(**SWEEP), {"service_ns": 4 * MS}),
    "one at a time": Case("gil-holder:fp32", how(**SWEEP), SLOW),
    "rates": Case("fixed-delay:fp32", how(**RATES, slo=BUDGET), SLOW),
    "poisson": Case("fixed-delay:fp32", how(**POISSON), SLOW),
    "gamma": Case("fixed-delay:fp32", how(**{**POISSON, "load__process": "gamma"}, load__gamma_shape="0.5"), SLOW),
    "ramp": Case("fixed-delay:fp32", how(**{**OPEN, "load__process": "ramp"}, load__rate_to_per_s="300"), SLOW),
    "trace": Case(
        "fixed-delay:fp32",
        how(
            **{**OPEN, "load__process": "trace", "load__rate_per_s": None}, load__trace_scale="1",
            load__trace_sha256=digest(np.array(RECORDED, np.int64)),
        ),
        SLOW,
        trace_ns=RECORDED,
    ),
    "search": Case("fixed-delay:fp32", how(**SEARCHED), {"service_ns": 3 * MS}),
    "sustained": Case("fixed-delay:fp32", how(**SUSTAINED, protocol__idle_ns=200 * MS), SLOW),
    "slow start": Case("slow-start:fp32", how(), {"service_ns": MS, "slow": 35, "factor": 4}),
    "drifting": Case("drifting:fp32", how(), {"service_ns": MS, "grows_by_ns": 4_000}),
    "step": Case("step-throttle:fp32", how(protocol__min_duration_ns=2 * SECOND), {"service_ns": 2 * MS, "from_request": 600}),
}  # fmt: skip


@pytest.fixture(scope="module")
def sessions() -> dict[str, Session]:
    return at_once(CASES)


def first(session: Session) -> Trial:
    """Its first measuring trial."""
    return next(trial for trial in run_of(session).evidence.run.trials if trial.purpose == "measure")


@pytest.mark.parametrize("name", CASES)
def test_every_load_is_measured_sealed_and_accepted(sessions: dict[str, Session], name: str) -> None:
    found = run_of(sessions[name])
    assert found.evidence.run.exit_reason == "completed" and sessions[name].failures == ()
    assert found.evidence.samples.status.tolist().count(STATUS["ok"]) == len(found.evidence.samples)


def test_a_fixed_delay_is_the_median_latency_and_the_throughput_its_inverse(sessions: dict[str, Session]) -> None:
    assert 1 <= p50_ns(sessions["closed"]) / (2 * MS) < 2
    assert 0.3 < value(sessions["closed"], "throughput@1") * 2 * MS / SECOND <= 1


def test_every_trial_has_its_value_and_two_trials_have_an_interval(sessions: dict[str, Session]) -> None:
    (*_, throughput) = point(sessions["closed"]).metrics
    assert (throughput.n_trials, len(throughput.trial_values)) == (2, 2)
    assert throughput.ci_low is not None and throughput.ci_high is not None
    assert float(throughput.ci_low) <= float(throughput.value) <= float(throughput.ci_high)


def test_a_budget_that_is_met_with_room_is_certified(sessions: dict[str, Session]) -> None:
    certificate = point(sessions["closed"]).certificate
    assert certificate is not None and certificate.answer in ("certified", "undetermined")
    assert certificate.over * 10 < certificate.n


def test_slots_that_sleep_serve_four_times_as_much(sessions: dict[str, Session]) -> None:
    one, four = (value(sessions["concurrencies"], "throughput@1", name) for name in ("p0", "p1"))
    assert 2.2 < four / one < 4.5
    assert [point(sessions["concurrencies"], name).concurrency for name in ("p0", "p1")] == [1, 4]


def test_a_system_that_holds_the_lock_serves_no_more_with_more_slots(sessions: dict[str, Session]) -> None:
    one, four = (value(sessions["one at a time"], "throughput@1", name) for name in ("p0", "p1"))
    assert four / one < 1.6


def test_what_several_slots_cost_is_said_beside_their_result(sessions: dict[str, Session]) -> None:
    assert first(sessions["sustained"]).handoff_ns
    assert first(sessions["closed"]).handoff_ns is None


def test_a_lag_of_several_slots_is_no_wait_for_the_row_before(sessions: dict[str, Session]) -> None:
    lag = point(sessions["concurrencies"], "p1").lag
    assert lag is not None and lag.p50_ns < 2 * MS


@pytest.mark.parametrize(("name", "rate"), [("p0", 60), ("p1", 240)])
def test_a_system_with_room_completes_what_is_offered(sessions: dict[str, Session], name: str, rate: int) -> None:
    assert point(sessions["rates"], name).rate_per_s == str(rate)
    assert 0.85 < value(sessions["rates"], "throughput@1", name) / rate < 1.1


@pytest.mark.parametrize("name", ["poisson", "gamma", "ramp", "trace"])
def test_an_open_loop_sends_the_schedule_of_its_seed(sessions: dict[str, Session], name: str) -> None:
    found, trial, load = run_of(sessions[name]), first(sessions[name]), CASES[name].methodology.load
    trace = np.array(RECORDED, np.int64) if name == "trace" else None
    due = due_times(load, trial.window_end_ns - trial.window_start_ns, 0, 0, trace=trace)
    assert (found.evidence.samples.t_scheduled_ns - trial.window_start_ns == due).all()
    assert trial.schedule_sha256 == digest(due)


@pytest.mark.parametrize("name", ["rates", "poisson", "trace"])
def test_counters_are_read_once_a_window_has_closed(sessions: dict[str, Session], name: str) -> None:
    found, trial = run_of(sessions[name]).evidence, first(sessions[name])
    ends = [window.end_ns for window in trial.points]
    starts = [window.start_ns for window in trial.points][1:]
    assert all(end <= start for end, start in zip(ends, starts, strict=False))
    for end, until in zip(ends, [*starts, end_of(trial)], strict=True):
        assert [row for row in found.telemetry if end <= row.t_ns <= until]


def end_of(trial: Trial) -> int:
    """When its last phase ended."""
    return max(phase.end_ns for phase in trial.phases)


def searched(checked: Checked) -> tuple[float, float, float]:
    """Capacity, and the lower and the upper end of the bracket (or the capacity)."""
    found = checked.evidence.run.search
    assert found is not None
    return float(found.capacity_per_s), float(found.lo_per_s or 0), float(found.hi_per_s or found.capacity_per_s)


def test_a_search_ends_below_the_capacity_of_one_server_and_not_far_below_it(sessions: dict[str, Session]) -> None:
    capacity, low, high = searched(run_of(sessions["search"]))
    assert 0.2 < capacity * 3 * MS / SECOND <= 1
    assert 0.2 * capacity < low < high <= capacity


def test_what_a_search_confirmed_is_measured_in_the_trials_after_it(sessions: dict[str, Session]) -> None:
    run = run_of(sessions["search"]).evidence.run
    assert [trial.purpose for trial in run.trials] == ["search", "measure"]
    assert run.search is not None
    expected = run.search.confirmed_per_s or min((step.rate_per_s for step in run.search.steps), key=Fraction)
    assert [one.rate_per_s for one in run.operating_points] == [expected]


def test_a_ramp_and_rests_lie_around_the_window_and_are_not_in_it(sessions: dict[str, Session]) -> None:
    trial = first(sessions["sustained"])
    names = [phase.name for phase in trial.phases]
    assert [name for name in names if name not in ("warm_up", "quality")] == [
        "load", "first_inference", "floor", "idle_before", "ramp", "window", "idle_after",
    ]  # fmt: skip
    ramp, window = (next(phase for phase in trial.phases if phase.name == name) for name in ("ramp", "window"))
    assert ramp.requests > 0 and ramp.end_ns <= window.start_ns == trial.window_start_ns
    assert int(run_of(sessions["sustained"]).evidence.samples.t_scheduled_ns.min()) >= window.start_ns


def test_a_slow_start_makes_the_warm_up_longer_and_is_not_in_the_window(sessions: dict[str, Session]) -> None:
    assert first(sessions["slow start"]).settle_extensions >= 1
    assert p50_ns(sessions["slow start"]) < 3 * MS


def test_a_leak_never_settles_and_its_latencies_are_withheld(sessions: dict[str, Session]) -> None:
    assert {"not-settled", "drifting"} & codes(sessions["drifting"])
    assert "not-settled" not in codes(sessions["drifting"]) or run_of(sessions["drifting"]).standing.latency_withheld


def test_a_step_inside_the_window_is_a_drift(sessions: dict[str, Session]) -> None:
    assert "drifting" in codes(sessions["step"])
