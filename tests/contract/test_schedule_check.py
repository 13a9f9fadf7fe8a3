"""Rows that the driver wrote pass; a generator that cheats in one way is named even when every digest was stated anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from runner.contract import generator
from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.run import Window
from runner.contract.samples import Samples
from runner.contract.schedule_check import load_at, schedule_problems
from runner.contract.schedules import class_sequence, departure, digest, due_times, offsets
from tests.builders import SECOND, evidence
from tests.contract.offered import LAG, LENGTH, START, at_sending, codes, due_of, loaded, numbered, opened, serial, served, table

RECORDED = np.cumsum(np.random.default_rng(5).integers(0, 40_000_000, 400)).astype(np.int64)
Change = Callable[[Samples], Samples]


HONEST = serial(due_of(loaded()))


def test_rows_of_the_schedule_pass() -> None:
    assert codes(opened(HONEST)) == set()


@pytest.mark.parametrize(
    "load",
    [
        {"load__process": "constant"},
        {"load__process": "gamma", "load__gamma_shape": "0.5"},
        {"load__process": "ramp", "load__rate_to_per_s": "20"},
        {"load__process": "ramp_poisson", "load__rate_to_per_s": "20"},
    ],
    ids=lambda load: load["load__process"],
)
def test_each_process_is_derived_again_and_one_nanosecond_is_noticed(load: dict[str, str]) -> None:
    rows = serial(due_of(loaded(**load)))
    assert codes(opened(rows, **load)) == set()
    moved = replace(rows, t_scheduled_ns=rows.t_scheduled_ns + (rows.request == 60))
    assert codes(opened(moved, **load)) == {"schedule-mismatch"}


# -- A generator that cheats ------------------------------------------------------------------------------------------------------------------


def reanchored(rows: Samples) -> Samples:
    """After being late the rest of the schedule is moved to now."""
    late = np.where(rows.request >= 300, 15_000_000, 0)
    return replace(rows, t_scheduled_ns=rows.t_scheduled_ns + late, t_sent_ns=rows.t_sent_ns + late, t_last_ns=rows.t_last_ns + late)


def skipped(rows: Samples) -> Samples:
    """A request that would have to wait is left out."""
    return numbered(rows, np.concatenate([[True], rows.t_scheduled_ns[1:] >= rows.t_last_ns[:-1]]))


def coalesced(rows: Samples) -> Samples:
    """Requests due within two milliseconds are due together."""
    return replace(rows, t_scheduled_ns=START + (rows.t_scheduled_ns - START) // 2_000_000 * 2_000_000)


def after_the_semaphore(rows: Samples) -> Samples:
    """The time of scheduling is written once the wait is over."""
    return replace(rows, t_scheduled_ns=np.maximum(rows.t_scheduled_ns, np.concatenate([[0], rows.t_last_ns[:-1]])))


def thinned(rows: Samples) -> Samples:
    return numbered(rows, rows.request % 2 == 0)


def cut_short(rows: Samples) -> Samples:
    return numbered(rows, rows.request < len(rows) - 1)


def in_another_order(rows: Samples) -> Samples:
    order = np.arange(len(rows))
    order[[10, 11]] = order[[11, 10]]
    return replace(rows, t_scheduled_ns=rows.t_scheduled_ns[order])


def worker_seeds(rows: Samples, seeds: list[str]) -> Samples:
    """Each worker draws its share of the rate from a stream of its own."""
    share = len(rows) // len(seeds)
    parts = [offsets("poisson", str(150 // len(seeds)), share, seed, 0, worker) for worker, seed in enumerate(seeds)]
    return serial(START + np.sort(np.concatenate(parts)))


def another_seed(rows: Samples) -> Samples:
    return serial(due_of(loaded(load__seed="8")))


@pytest.mark.parametrize(
    "change",
    [
        reanchored, skipped, coalesced, after_the_semaphore, at_sending, thinned, cut_short, in_another_order, another_seed,
        partial(worker_seeds, seeds=["7", "8", "9"]),
    ],
    ids=["re-anchored", "skipped", "coalesced", "post-semaphore", "at sending", "thinned", "cut short", "out of order", "another seed",
         "seeds per worker"],
)  # fmt: skip
def test_a_generator_that_cheats_is_named_although_every_digest_is_that_of_its_rows(change: Change) -> None:
    changed = change(HONEST)
    assert codes(opened(changed)) == {"schedule-mismatch"}
    due = HONEST.t_scheduled_ns - START
    assert departure(changed.t_scheduled_ns - START, due, digest(changed.t_scheduled_ns - START), "here") is not None


def test_a_digest_that_is_not_that_of_the_rows_is_a_mismatch() -> None:
    assert codes(opened(HONEST, {"schedule_sha256": "0" * 64})) == {"schedule-mismatch"}


def test_workers_that_seed_alike_are_named_by_their_gaps_where_no_seed_is_known() -> None:
    gaps = np.diff(offsets("poisson", "30", 300, "7", 0, 0), prepend=0)
    alike = np.cumsum(np.repeat(gaps, 5)) // 5
    assert generator.repeated_gaps(alike)
    fit = generator.gap_fit(alike, "poisson", "150")
    assert fit is not None and fit.p < 0.001
    assert not generator.repeated_gaps(HONEST.t_scheduled_ns)


def test_re_anchoring_thinning_and_coalescing_are_named_by_the_law_of_the_gaps_where_no_seed_is_known() -> None:
    due = offsets("poisson", "1000", 20_000, "7", 0, 0)
    for cheated in (due[::2], due // 2_000_000 * 2_000_000, due[np.concatenate([[True], np.diff(due) > 300_000])]):
        fit = generator.gap_fit(cheated, "poisson", "1000")
        assert fit is not None and fit.p < 0.001


def test_a_slow_pacer_that_keeps_the_due_times_is_named_by_its_lag() -> None:
    due = HONEST.t_scheduled_ns
    sent = START + (due - START) * 102 // 100 + LAG
    slow = table(due, sent, sent + 1)
    facts = generator.lag_facts(slow)
    assert codes(opened(slow)) == set()
    assert facts is not None and facts.p99_ns > facts.limit_ns(100_000, 50_000)
    achieved = generator.achieved_ppm(slow, serial=False)
    assert achieved is not None and abs(achieved - 1_000_000) > 5_000


# -- Windows, seeds and points ----------------------------------------------------------------------------------------------------------------

SWEEP = {"shape": "sweep", "load__rate_per_s": None, "load__rates_per_s": ["100", "200"]}


def swept(rates: dict[int, str] | None = None) -> Evidence:
    """A trial with two windows, the point of the higher rate first."""
    load, parts, windows = loaded(**SWEEP), [], []
    for place, point in enumerate((1, 0)):
        start = START + place * 6 * SECOND
        due = start + due_times(load.points[point], LENGTH, point, 0)
        parts.append((point, table(due, *served(due, 1000), point=point)))
        stated = (rates or {}).get(point, load.points[point].rate_per_s)
        windows.append(Window(point=point, start_ns=start, end_ns=start + LENGTH, rate_per_s=stated, schedule_sha256=digest(due - start)))
    rows = [part for _, part in sorted(parts, key=lambda pair: pair[0])]
    joined = Samples(**{name: np.concatenate([part.present()[name] for part in rows]) for name in rows[0].present()})
    outer = {"windows": tuple(windows), "window_end_ns": windows[-1].end_ns, "schedule_sha256": None}
    return opened(joined, outer, **SWEEP)


def test_each_window_is_derived_with_its_own_point_and_rate() -> None:
    assert codes(swept()) == set()


def test_a_window_at_a_rate_that_the_methodology_does_not_have_is_a_mismatch() -> None:
    assert codes(swept({1: "201"})) == {"schedule-mismatch"}


def test_two_windows_that_changed_places_are_a_mismatch() -> None:
    assert codes(swept({0: "200", 1: "100"})) == {"schedule-mismatch"}


def test_a_trial_with_a_seed_of_its_own_is_derived_from_that_one() -> None:
    rows = serial(due_of(loaded(), seed="99"))
    assert codes(opened(rows, {"purpose": "alternate-seed", "seed": "99"})) == set()
    assert codes(opened(rows)) == {"schedule-mismatch"}


def test_a_search_may_try_any_rate_and_a_single_stream() -> None:
    load = Load.model_validate({"loop": "open", "process": "poisson", "seed": "7", "search": {}})
    window = Window(point=3, start_ns=0, end_ns=1, rate_per_s="123.4")
    found = load_at(load, window)
    assert found is not None and (found.rate_per_s, found.search) == ("123.4", None)
    single = load_at(load, window.model_copy(update={"rate_per_s": None, "concurrency": 1}))
    assert single is not None and single.loop == "closed"
    assert load_at(load, window.model_copy(update={"rate_per_s": None})) is None
    assert load_at(load, window.model_copy(update={"concurrency": 1})) is None


def test_a_window_far_longer_than_its_rows_is_refused_before_anything_is_derived() -> None:
    assert codes(opened(HONEST, {"window_end_ns": 2**53 - 1})) == {"schedule-mismatch"}


TRACE = {"load__process": "trace", "load__rate_per_s": None, "load__trace_sha256": digest(RECORDED), "load__trace_scale": "0.5"}


def test_a_trace_is_replayed_from_the_recorded_offsets_and_no_others() -> None:
    rows = serial(due_of(loaded(**TRACE), trace=RECORDED))
    assert codes(opened(rows, trace=RECORDED, **TRACE)) == set()
    assert codes(opened(rows, trace=RECORDED + 2, **TRACE)) == {"schedule-mismatch"}
    missing = list(schedule_problems(opened(rows, trace=None, **TRACE)))
    assert [problem.found for problem in missing] == ["no recorded offsets"]
    assert codes(opened(cut_short(rows), trace=RECORDED, **TRACE)) == {"schedule-mismatch"}


CLASSES = {"load__classes": [{"name": "small", "weight": 9, "batch": 1}, {"name": "large", "weight": 1, "batch": 8}]}


def test_each_request_is_of_the_class_that_was_drawn_for_it() -> None:
    drawn = class_sequence(loaded(**CLASSES), len(HONEST), 0, 0)
    assert codes(opened(replace(HONEST, klass=drawn), **CLASSES)) == set()
    easier = np.where(np.arange(len(drawn)) == int(np.argmax(drawn == 1)), 0, drawn).astype(np.int32)
    assert codes(opened(replace(HONEST, klass=easier), **CLASSES)) == {"schedule-mismatch"}
    assert codes(opened(HONEST, **CLASSES)) == {"schedule-mismatch"}
    assert codes(opened(replace(HONEST, klass=drawn))) == {"schedule-mismatch"}


def test_the_rows_of_the_first_light_are_judged_as_they_were() -> None:
    assert codes(evidence()) == set()
    old = evidence()
    kinder = replace(old.samples, t_scheduled_ns=old.samples.t_sent_ns)
    assert codes(replace(old, samples=kinder)) == {"schedule-mismatch"}


def test_more_requests_at_work_than_workers_are_named() -> None:
    due = HONEST.t_scheduled_ns
    crowd = table(due, due + LAG, due + LAG + 20_000_000)
    assert codes(opened(crowd)) == {"concurrency-exceeded"}
