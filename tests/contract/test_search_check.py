"""A search is the one that its rules ask for: no step left out, reordered, doubled or cut short, and no bracket that its steps do not give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.run import SearchOutcome, SearchStep, Trial, Window
from runner.contract.samples import STATUS
from runner.contract.search_check import outcome_of, search_problems
from runner.contract.window_check import window_problems
from tests.builders import SECOND, seen
from tests.contract.grown import (
    MS,
    altered,
    executor,
    findings,
    joined,
    refusals,
    rowed,
    rows,
    searched,
    served,
    stating,
    streamed,
    sweep,
    window_of,
)  # fmt: skip

FOUND = searched().evidence
assert FOUND.run.search is not None
STATED: SearchOutcome = FOUND.run.search
STEPS = len(STATED.steps)


def told(found: Evidence) -> set[str]:
    return {problem.path for problem in search_problems(found)}


def outcome(**fields: Any) -> Evidence:
    return stating(FOUND, search=STATED.model_copy(update=fields))


def step(place: int, **fields: Any) -> Evidence:
    steps = [one.model_copy(update=fields) if at == place else one for at, one in enumerate(STATED.steps)]
    return outcome(steps=tuple(steps))


def again(steps: list[SearchStep]) -> SearchOutcome:
    """What these steps would add up to, so that nothing else is wrong."""
    return outcome_of(STATED.capacity_per_s, STATED.bounded, steps)


def without_points(found: Evidence, points: set[int]) -> Evidence:
    """Windows and rows of some points taken out of the search trial."""
    trial = found.run.trials[0]
    windows = tuple(one for one in trial.windows if one.point not in points)
    kept = ~((found.samples.trial == 0) & np.isin(found.samples.point, sorted(points)))
    changed = altered(found, 0, windows=windows, window_end_ns=max(one.end_ns for one in windows))
    return replace(changed, samples=found.samples.rows(kept))


def test_a_search_that_kept_to_its_rules_is_accepted() -> None:
    assert not told(FOUND) and STEPS >= 3 and STATED.confirmed_per_s and STATED.lo_per_s and STATED.hi_per_s
    assert {one.answer for one in STATED.steps} >= {"certified", "refuted"} and STATED.steps[-1].purpose == "confirm"


@pytest.mark.parametrize("place", range(STEPS))
def test_a_step_that_was_left_out_is_missed(place: int) -> None:
    """Its rows may go or stay, and the outcome may be made to fit: the rules still ask for it."""
    steps = [one for at, one in enumerate(STATED.steps) if at != place]
    kept = stating(FOUND, search=again(steps))
    assert told(kept)
    gone = without_points(kept, set(STATED.steps[place].points))
    assert told(gone)


@pytest.mark.parametrize("place", range(1, STEPS))
def test_steps_in_another_order_are_refused(place: int) -> None:
    steps = list(STATED.steps)
    steps[place - 1], steps[place] = steps[place], steps[place - 1]
    assert told(stating(FOUND, search=again(steps)))


def test_steps_that_end_before_the_rules_do_are_refused() -> None:
    for kept in range(STEPS):
        steps = list(STATED.steps[:kept])
        gone = {point for one in STATED.steps[kept:] for point in one.points}
        assert told(without_points(stating(FOUND, search=again(steps)), gone))


def test_a_step_that_is_counted_twice_is_refused() -> None:
    first = STATED.steps[0]
    twice = first.model_copy(update={"points": (*first.points, *first.points)})
    assert "run.json:search.steps[0].points" in told(stating(FOUND, search=again([twice, *STATED.steps[1:]])))
    copied = STATED.steps[-1].model_copy(update={"points": STATED.steps[-2].points})
    assert told(stating(FOUND, search=again([*STATED.steps[:-1], copied])))


def test_chunks_doubled_within_a_step_do_not_certify() -> None:
    """Twice the rows would be twice the effective requests."""
    first = next(one for one in STATED.steps if len(one.points) > 1 or one.purpose == "step")
    doubled = first.model_copy(update={"points": first.points * 2, "n": first.n * 2, "over": first.over * 2, "effective": first.effective * 2})
    steps = [doubled if one == first else one for one in STATED.steps]
    assert told(stating(FOUND, search=again(steps)))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"lo_per_s": "1"}, "run.json:search"),
        ({"hi_per_s": "999"}, "run.json:search"),
        ({"lo_per_s": None}, "run.json:search"),
        ({"hi_per_s": None, "above": None}, "run.json:search"),
        ({"above": "capacity"}, "run.json:search"),
        ({"confirmed_per_s": None}, "run.json:search"),
        ({"confirmed_per_s": STATED.hi_per_s}, "run.json:search"),
        ({"cliff": not STATED.cliff}, "run.json:search"),
        ({"bounded": False}, "run.json:search.bounded"),
        ({"capacity_per_s": "1000"}, "run.json:search.capacity_per_s"),
        ({"capacity_per_s": "0"}, "run.json:search.capacity_per_s"),
        ({"capacity_per_s": "-5"}, "run.json:search.capacity_per_s"),
    ],
)
def test_an_outcome_that_the_steps_do_not_give_is_refused(fields: dict[str, Any], path: str) -> None:
    assert path in told(outcome(**fields))


@pytest.mark.parametrize("place", range(STEPS))
@pytest.mark.parametrize(
    "fields",
    [
        {"n": 0}, {"n": 10**9}, {"over": 0, "n": 1}, {"over": 10**6}, {"effective": 10**6}, {"answer": "generator-limited"},
        {"answer": "undetermined"},
        {"quantile_ppm": 1}, {"quantile_ppm": None}, {"over_saturated": True}, {"rate_per_s": "77.5"}, {"rate_per_s": "0"}, {"rate_per_s": "-1"},
        {"n": 0, "over": 0, "effective": 7}, {"points": (5_000,)}, {"points": (0,)}, {"points": (1, 2, 3, 4, 5, 6, 7)},
    ],
)  # fmt: skip
def test_a_step_that_its_rows_do_not_give_is_refused(place: int, fields: dict[str, Any]) -> None:
    changed = step(place, **fields)
    assert bool(told(changed)) is (changed.run.search != STATED)


def test_no_effective_request_beyond_those_that_were_sent_is_taken() -> None:
    """A step of constant latencies is worth all of its requests; one more is a number that no certificate can be made of."""
    for place, one in enumerate(STATED.steps):
        assert f"run.json:search.steps[{place}]" in told(step(place, effective=one.n + 1))


WINDOWS: dict[str, Callable[[Window], dict[str, Any]]] = {
    "another rate": lambda one: {"rate_per_s": "12.5"},
    "no rate": lambda one: {"rate_per_s": None, "concurrency": 1},
    "shorter": lambda one: {"end_ns": one.end_ns - 1},
    "a tenth of its length": lambda one: {"end_ns": one.start_ns + (one.end_ns - one.start_ns) // 10},
    "another number": lambda one: {"point": one.point + 40},
}


@pytest.mark.parametrize("kind", WINDOWS)
@pytest.mark.parametrize("place", [0, 1, -1])
def test_a_window_of_another_length_load_or_number_is_refused(kind: str, place: int) -> None:
    windows = list(FOUND.run.trials[0].windows)
    windows[place] = windows[place].model_copy(update=WINDOWS[kind](windows[place]))
    changed = altered(FOUND, 0, windows=tuple(windows), window_end_ns=max(one.end_ns for one in windows))
    assert told(changed) or (kind == "no rate" and place == 0)


def test_windows_that_no_step_names_are_refused() -> None:
    last = FOUND.run.trials[0].windows[-1]
    spare = last.model_copy(update={"point": last.point + 64, "start_ns": last.end_ns, "end_ns": last.end_ns + 2 * SECOND})
    found = altered(FOUND, 0, windows=(*FOUND.run.trials[0].windows, spare), window_end_ns=spare.end_ns)
    assert "run.json:trials[0].windows" in told(found)


def test_the_capacity_is_measured_by_one_stream_in_closed_loop() -> None:
    first = FOUND.run.trials[0].windows[0]
    assert (first.point, first.rate_per_s, first.concurrency) == (0, None, 1)
    assert told(altered(FOUND, 0, windows=(first.model_copy(update={"concurrency": 2}), *FOUND.run.trials[0].windows[1:])))


@pytest.mark.parametrize(("what", "bounded"), [(executor(), True), (executor(serving__replicas=seen(4)), False)])
def test_one_stream_bounds_a_system_that_serves_one_at_a_time(what: Any, bounded: bool) -> None:
    found = replace(FOUND, before=what)
    assert ("run.json:search.bounded" in told(found)) is not bounded


def test_a_second_search_or_none_at_all_is_refused() -> None:
    second = FOUND.run.trials[1].model_copy(update={"purpose": "search"})
    assert "run.json:search" in told(stating(FOUND, trials=(FOUND.run.trials[0], second, *FOUND.run.trials[2:])))
    none: tuple[Trial, ...] = tuple(one.model_copy(update={"purpose": "measure"}) for one in FOUND.run.trials)
    assert "run.json:search" in told(stating(FOUND, trials=none)) and "run.json:search" in told(stating(FOUND, search=None))


def test_failures_count_as_over_the_limit() -> None:
    """Rows of the first step that failed though the step states them as answered."""
    table = FOUND.samples
    mine = (table.trial == 0) & (table.point == STATED.steps[0].points[0])
    failed = rowed(FOUND, status=np.where(mine & (table.request % 3 == 0), STATUS["error"], table.status).astype(np.int8))
    assert "run.json:search.steps[0]" in told(failed)


def test_rows_of_a_refuted_step_made_quicker_are_refused() -> None:
    """Whoever would move the upper end has to change rows, and the schedule, the waits or the counts then say so."""
    refuted = next(one for one in STATED.steps if one.answer == "refuted")
    table, mine = FOUND.samples, np.isin(FOUND.samples.point, refuted.points) & (FOUND.samples.trial == 0)
    quick = rowed(FOUND, t_last_ns=np.where(mine, table.t_sent_ns + MS, table.t_last_ns))
    assert refusals(quick) and "run.json:search.steps" in str(told(quick))


def test_a_slower_server_ends_its_search_lower() -> None:
    slow = searched(service_ns=8 * MS).evidence
    assert not told(slow) and findings(slow) == {"undeclared"} and slow.run.search is not None
    assert float(slow.run.search.confirmed_per_s or 0) < float(STATED.confirmed_per_s or 0)


def test_a_search_in_which_nothing_was_answered_is_an_answer() -> None:
    """No step could be tried: one request a second is measured after it, and no rate is confirmed."""
    told_ = searched()
    assert told_.how.load.search is not None
    first = told_.trials[0].windows[0]
    times = streamed(first.start_ns, 2 * SECOND, 5 * MS, 1)
    nothing = rows(0, 0, times, status=np.full(len(times[0]), STATUS["error"], np.int8))
    trials = [told_.trials[0].model_copy(update={"windows": (first,), "window_end_ns": first.end_ns})]
    parts = [nothing]
    for index in (1, 2, 3):
        window, due = window_of(told_.how.load.at_rate("1"), 0, index, told_.trials[index].window_start_ns, 5 * SECOND)
        trials.append(told_.trials[index].model_copy(update={"windows": (window,), "window_end_ns": window.end_ns}))
        parts.append(rows(index, 0, served(due, 5 * MS)))
    found = told_.changed(trials=tuple(trials), samples=joined(parts), changes={"search": outcome_of("0", True, []).model_dump(mode="json")}).evidence
    assert not refusals(found) and {"not-confirmed", "too-few-requests"} <= findings(found)


def test_a_methodology_without_a_search_has_none_to_check() -> None:
    assert not told(sweep().evidence) and not list(window_problems(sweep().evidence))
