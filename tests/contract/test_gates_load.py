"""What the gates say of a load: each code is found in a run that crosses its limit and not in the nearest one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.generator import achieved_ppm
from runner.contract.samples import STATUS
from runner.contract.stationarity import drift
from tests.contract.grown import (
    LAG,
    MS,
    SECOND,
    Told,
    altered,
    asking,
    executor,
    findings,
    joined,
    methodology,
    poisson,
    rowed,
    rows,
    served,
    stream,
    streamed,
    trial,
    window_of,
)  # fmt: skip

Make = Callable[[], Evidence]
Pair = tuple[Make, Make]


def lag_limit(limit_ns: int) -> Make:
    return lambda: asking(stream().evidence, "gates", lag_floor_ns=limit_ns, lag_share_ppm=0)


def late_at_the_end() -> Evidence:
    """The last request of the first trial leaves 50 ms after it was due, though the system is free."""
    found = poisson().evidence
    sent, last = found.samples.t_sent_ns.copy(), found.samples.t_last_ns.copy()
    end = len(found.samples.only(0)) - 1
    sent[end], last[end] = sent[end] + 50 * MS, last[end] + 50 * MS
    return rowed(found, t_sent_ns=sent, t_last_ns=last)


def rate_limit(change: int) -> Make:
    """The rate that is missed by the most is the limit, or one ppm beyond it."""

    def make() -> Evidence:
        found = late_at_the_end()
        mine = found.samples.only(0)
        achieved = achieved_ppm(mine)
        assert achieved is not None
        offered = int(mine.t_scheduled_ns[-1] - mine.t_scheduled_ns[0])
        error = (offered * 1_000_000 // achieved - offered) * 1_000_000 // offered
        return asking(found, "gates", max_rate_error_ppm=error + change)

    return make


def unanswered(count: int) -> Make:
    """So many of the 200 requests of the first trial time out; the last one is due when the window ends, and so ends after it."""
    found = poisson().evidence
    status = found.samples.status.copy()
    status[:count] = STATUS["timeout"]
    return lambda: rowed(found, status=status)


def overloaded(service_ns: int) -> Make:
    """One window of 40 s at 40 requests a second, its rows without their end so that completions are no hint."""

    def make() -> Evidence:
        how, what = methodology(load__loop="open", load__process="constant", load__concurrency=None, load__rate_per_s="40"), executor()
        window, due = window_of(how.load, 0, 0, 2 * SECOND, 40 * SECOND)
        only = trial(0, what, window.start_ns, window.end_ns, schedule_sha256=window.schedule_sha256)
        wobble = np.random.default_rng(1).integers(0, 2 * MS, len(due))
        scheduled, sent, last = served(due, service_ns)
        return Told(how, what, rows(0, 0, (scheduled, sent, last + wobble), queue_ns=sent - scheduled - LAG), (only,)).evidence

    return make


def gaps_of(step_ns: int) -> Make:
    """Arrivals at whole multiples of a step: few distinct gaps where it is large."""

    def make() -> Evidence:
        found = poisson().evidence
        due, kept = found.samples.t_scheduled_ns, found.samples.trial == 0
        coarse = np.where(kept, due // step_ns * step_ns, due)
        shift = coarse - due
        return rowed(found, t_scheduled_ns=coarse, t_sent_ns=found.samples.t_sent_ns + shift, t_last_ns=found.samples.t_last_ns + shift)

    return make


def drifting() -> Evidence:
    """A stream whose services grow by half over the window."""
    told = stream(load__seed="77")
    parts = []
    for one in told.trials:
        scheduled, sent, last = streamed(one.window_start_ns, 5 * SECOND, 30 * MS, 5 + one.index)
        service = (last - sent) * (1_000 + np.arange(len(sent)) * 3) // 1_000
        ends = one.window_start_ns + np.cumsum(service + LAG)
        begins = np.concatenate([[one.window_start_ns], ends[:-1]])
        parts.append(rows(one.index, 0, (begins, begins + LAG, ends)))
    return replace(told, samples=joined(parts)).evidence


def drift_limit(change: int) -> Make:
    def make() -> Evidence:
        found = drifting()
        slopes = [drift(found.rows(one, one.points[0]).due_latencies_ns).slope_ppm for one in found.run.trials[:3]]
        return asking(found, "gates", max_drift_ppm=max(abs(slope or 0) for slope in slopes) + change)

    return make


PAIRS: dict[str, Pair] = {
    "generator-limited": (lag_limit(LAG - 1), lag_limit(LAG)),
    "rate-not-offered": (rate_limit(-1), rate_limit(1)),
    "over-saturated": (unanswered(4), unanswered(3)),
    "schedule-repeats": (gaps_of(MS), gaps_of(1)),
    "not-settled": (lambda: altered(stream().evidence, settled=False), lambda: altered(stream().evidence, settled=None)),
    "drifting": (drift_limit(-2), drift_limit(2)),
}


@pytest.mark.parametrize("code", PAIRS)
def test_a_code_is_found_beyond_its_limit_and_not_at_it(code: str) -> None:
    beyond, near = PAIRS[code]
    assert code in findings(beyond()) and code not in findings(near())


@pytest.mark.parametrize(("service_ms", "grows"), [(30, True), (10, False)])
def test_a_backlog_that_grows_all_through_the_window_is_over_saturated(service_ms: int, grows: bool) -> None:
    assert ("over-saturated" in findings(overloaded(service_ms * MS)())) is grows


def test_a_single_stream_that_slows_down_drifts_and_is_not_over_saturated() -> None:
    found = findings(drifting())
    assert "drifting" in found and "over-saturated" not in found


def test_an_audit_trial_that_drifts_or_lags_is_not_held_against_the_run() -> None:
    found = poisson().evidence
    late = found.samples.trial == 4
    shifted = rowed(found, t_sent_ns=found.samples.t_sent_ns + 900_000 * late, t_last_ns=found.samples.t_last_ns + 900_000 * late)
    assert "generator-limited" not in findings(altered(shifted, 4, settled=False))
    assert "not-settled" not in findings(altered(shifted, 4, settled=False))


def test_gates_of_the_older_semantics_say_nothing_of_drift_or_repeats() -> None:
    for found in (drift_limit(-2)(), gaps_of(MS)()):
        assert not {"drifting", "schedule-repeats"} & findings(asking(found, "protocol", measurement_semantics=1))
