"""What the audit tests say: a cache, a seed that tells another story, answers that are wrong while it is fast; each beside its nearest neighbour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.gates import judge
from runner.contract.samples import NOT_FINITE, NOT_KEPT
from tests.contract.grown import (
    AUDITS,
    MS,
    SECOND,
    Told,
    alternate,
    asking,
    findings,
    joined,
    poisson,
    refusals,
    rowed,
    rows,
    served,
    stating,
    stream,
    streamed,
    sweep,
    trial,
    window_of,
)  # fmt: skip

Make = Callable[[], Evidence]
Pair = tuple[Make, Make]
REPEAT, OTHER_SEED = 3, 4  # the numbers of the audit trials


def served_in(index: int, service_ns: int, told: Told | None = None) -> Told:
    """The stream whose trial of this number takes another time for each request."""
    told = told or stream()
    parts = [told.samples.only(one.index) for one in told.trials]
    times = streamed(told.trials[index].window_start_ns, 5 * SECOND, service_ns, 5 + index)
    kept = rows(index, 0, times, answer=np.full(len(times[0]), NOT_KEPT, np.int32))
    return replace(told, samples=joined([kept if one == index else part for one, part in enumerate(parts)]))


def gain_ppm(found: Evidence) -> int:
    done = [found.rows(one, one.points[0]).completed_inside for one in found.run.trials]
    return int((done[REPEAT] / sorted(done[:3])[1] - 1) * 1_000_000)


def gain_limit(change: int) -> Make:
    def make() -> Evidence:
        found = served_in(REPEAT, 20 * MS).evidence
        return asking(found, "gates", max_repeat_gain_ppm=gain_ppm(found) + change)

    return make


def one_wrong_answer(limit_ppm: int) -> Make:
    def make() -> Evidence:
        found = stream().evidence
        assert found.samples.answer is not None
        kept = np.flatnonzero(found.samples.answer != NOT_KEPT)
        answer = found.samples.answer.copy()
        answer[kept[0]] = (answer[kept[0]] + 1) % 4
        return asking(rowed(found, answer=answer), "gates", max_performance_mismatch_ppm=limit_ppm)

    return make


def of_first_trial() -> int:
    """One wrong answer in ppm of those that the first trial kept."""
    answer = stream().samples.only(0).answer
    assert answer is not None
    return 1_000_000 // int((answer != NOT_KEPT).sum())


def without(index: int) -> Make:
    found = stream().evidence
    return lambda: stating(found, trials=tuple(one for one in found.run.trials if one.index != index))


PAIRS: dict[str, Pair] = {
    "audit-missing": (without(OTHER_SEED), without(0)),
    "caches-results": (gain_limit(-2), gain_limit(2)),
    "seed-contradicted": (lambda: served_in(OTHER_SEED, 45 * MS).evidence, lambda: served_in(OTHER_SEED, 30 * MS).evidence),
    "accuracy-in-performance": (one_wrong_answer(of_first_trial() - 1), one_wrong_answer(of_first_trial())),
}


@pytest.mark.parametrize("code", PAIRS)
def test_a_code_is_found_beyond_its_limit_and_not_at_it(code: str) -> None:
    beyond, near = PAIRS[code]
    assert code in findings(beyond()) and code not in findings(near())


def test_a_run_that_passes_its_audits_has_no_finding_of_them() -> None:
    assert findings(stream().evidence) == findings(poisson().evidence) == {"undeclared"}


@pytest.mark.parametrize("audit", AUDITS)
def test_each_audit_that_was_asked_for_and_not_done_is_named(audit: str) -> None:
    bare = replace(stream().evidence.samples, answer=None)
    found = replace(stream().evidence, samples=bare.rows(bare.trial < REPEAT))
    missing = stating(found, trials=found.run.trials[:REPEAT])
    assert (audit, "audit-missing") in {(one.seen, one.code) for one in judge(missing)}


def test_a_cache_shows_in_open_loop_by_the_time_from_issue() -> None:
    told = poisson()
    table, mine = told.samples, told.samples.trial == REPEAT
    _, sent, last = served(table.t_scheduled_ns[mine], 2 * MS)
    quick = replace(table, t_sent_ns=table.t_sent_ns.copy(), t_last_ns=table.t_last_ns.copy())
    quick.t_sent_ns[mine], quick.t_last_ns[mine] = sent, last
    assert "caches-results" in findings(told.changed(samples=quick).evidence)


def audited_sweep(slow_point: int | None) -> Evidence:
    """A sweep with an alternate-seed trial; one of its points is four times slower than elsewhere."""
    told = sweep(protocol__audits=["alternate-seed"])
    parts, windows, at = [told.samples], [], told.trials[-1].window_end_ns + 20 * SECOND
    seed = alternate(told.how, told.what)
    for point, load in enumerate(told.how.load.points):
        window, due = window_of(load, point, 3, at, 5 * SECOND, seed)
        parts.append(rows(3, point, served(due, 20 * MS if point == slow_point else 5 * MS)))
        windows.append(window.model_dump())
        at = window.end_ns + SECOND
    last = trial(3, told.what, windows[0]["start_ns"], windows[-1]["end_ns"], purpose="alternate-seed", seed=seed, windows=tuple(windows))
    return told.changed(samples=joined(parts), trials=(*told.trials, last)).evidence


def test_an_audit_of_a_sweep_is_held_against_the_same_point_and_no_other() -> None:
    assert "seed-contradicted" not in findings(audited_sweep(None)) and not refusals(audited_sweep(None))
    named = {one.path for one in judge(audited_sweep(1)) if one.code == "seed-contradicted"}
    assert named == {"run.trials[3].windows[1]"}


def test_outputs_that_are_not_finite_under_load_are_a_mismatch() -> None:
    found = stream().evidence
    assert found.samples.answer is not None
    broken = np.where(found.samples.answer != NOT_KEPT, NOT_FINITE, NOT_KEPT).astype(np.int32)
    named = [one.path for one in judge(rowed(found, answer=broken)) if one.code == "accuracy-in-performance"]
    assert named == [f"run.trials[{index}]" for index in range(5)]


def test_a_stream_certified_with_one_seed_and_refuted_with_another_is_contradicted() -> None:
    told = stream(slo={"metric": "latency_p90@1", "permille": 900, "limit_ns": 40 * MS, "least_effective": 50})
    found = served_in(OTHER_SEED, 80 * MS, told).evidence
    seen = [one.seen for one in judge(found) if one.code == "seed-contradicted"]
    assert "certified with one seed, refuted with another" in seen
