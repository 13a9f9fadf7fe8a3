"""Rows that the driver wrote pass; a generator that cheats in one way is named even when every digest was stated anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from runner.contract import generator
from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.run import Window
from runner.contract.samples import Samples, lag_queue_service
from runner.contract.schedule_check import load_at, schedule_problems
from runner.contract.schedules import class_sequence, departure, digest, due_times, offsets
from tests.builders import SECOND, evidence, executor, methodology, seen

START, LENGTH, RATE, SERVICE, LAG = 10 * SECOND, 5 * SECOND, "150", 2_000_000, 200
OPEN = {"load__loop": "open", "load__process": "poisson", "load__concurrency": None, "load__rate_per_s": RATE}
RECORDED = np.cumsum(np.random.default_rng(5).integers(0, 40_000_000, 400)).astype(np.int64)
Change = Callable[[Samples], Samples]


def table(scheduled: np.ndarray, sent: np.ndarray, last: np.ndarray, point: int = 0, **columns: np.ndarray) -> Samples:
    n = len(scheduled)
    return Samples(
        trial=np.zeros(n, np.int64), point=np.full(n, point, np.int64), request=np.arange(n, dtype=np.int64),
        t_scheduled_ns=np.asarray(scheduled, np.int64), t_sent_ns=np.asarray(sent, np.int64), t_last_ns=np.asarray(last, np.int64),
        **({"batch_size": np.ones(n, np.int32), "status": np.zeros(n, np.int8)} | columns),
    )  # fmt: skip


def served(due: np.ndarray, service_ns: int = SERVICE, workers: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(sent, last) of workers that take requests in due order, `LAG` after the later of due and free."""
    free = [0] * workers
    sent, last = np.empty_like(due), np.empty_like(due)
    for row, at in enumerate(due.tolist()):
        worker = free.index(min(free))
        sent[row] = max(at, free[worker]) + LAG
        last[row] = free[worker] = sent[row] + service_ns
    return sent, last


def serial(due: np.ndarray) -> Samples:
    return table(due, *served(due))


def opened(rows: Samples, trial: dict[str, Any] | None = None, trace: np.ndarray | None = None, what: Any = None, **load: Any) -> Evidence:
    """Evidence of one trial and one window; the digest of its schedule is that of the rows, whatever they are."""
    how, what = methodology(**{**OPEN, **load}), what or executor()
    found = evidence(how, what)
    offered = digest(rows.t_scheduled_ns - START) if how.load.loop == "open" else None
    changes = {"window_start_ns": START, "window_end_ns": START + LENGTH, "schedule_sha256": offered, **(trial or {})}
    trials = (found.run.trials[0].model_copy(update=changes),)
    return replace(found, run=found.run.model_copy(update={"trials": trials}), samples=rows, trace=trace)


def codes(found: Evidence) -> set[str]:
    return {problem.code for problem in schedule_problems(found)}


def due_of(load: Load, window_ns: int = LENGTH, **chosen: Any) -> np.ndarray:
    return START + due_times(load, window_ns, 0, 0, **chosen)


def loaded(**load: Any) -> Load:
    return methodology(**{**OPEN, **load}).load


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


def numbered(rows: Samples, kept: np.ndarray) -> Samples:
    return replace(rows.rows(kept), request=np.arange(int(kept.sum()), dtype=np.int64))


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


def at_sending(rows: Samples) -> Samples:
    return replace(rows, t_scheduled_ns=rows.t_sent_ns)


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
    slow = table(due, sent, sent + 10_000)
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


# -- Closed loops -----------------------------------------------------------------------------------------------------------------------------


def closed(slots: int, seed: int = 3, busy_before: bool = False, end: int = START + LENGTH) -> Samples:
    """Slots that each send their next request when the last one ended; `busy_before`: all but one were at work when the window opened."""
    random, parts = np.random.default_rng(seed), []
    for slot in range(slots):
        free = START + (int(random.integers(1, 8_000_000)) if busy_before and slot else 0)
        while free < end:
            sent = free + int(random.integers(100, 900))
            last = sent + int(random.integers(5_000_000, 12_000_000))
            parts.append((sent, free, last))
            free = last
    rows = np.array(sorted(parts))
    return table(rows[:, 1], rows[:, 0], rows[:, 2], queue_ns=np.zeros(len(rows), np.int64))


def streams(rows: Samples, slots: int, semantics: int = 2, **trial: Any) -> Evidence:
    process = "single_stream" if slots == 1 else "concurrent_streams"
    load = {"load__loop": "closed", "load__process": process, "load__concurrency": slots, "load__rate_per_s": None}
    return opened(rows, trial, **load, protocol__measurement_semantics=semantics)


@pytest.mark.parametrize("slots", [1, 2, 8, 45])
def test_slots_that_take_turns_pass(slots: int) -> None:
    assert codes(streams(closed(slots), slots)) == set()


def test_slots_that_were_at_work_when_the_window_opened_pass() -> None:
    assert codes(streams(closed(8, busy_before=True), 8)) == set()


def test_more_requests_in_flight_than_the_concurrency_are_named() -> None:
    assert "concurrency-exceeded" in codes(streams(closed(9), 8))


def test_a_request_scheduled_when_no_slot_was_free_is_a_mismatch() -> None:
    rows = closed(8)
    later = replace(rows, t_scheduled_ns=rows.t_scheduled_ns + np.where(rows.request == 100, 50, 0))
    assert codes(streams(later, 8)) == {"schedule-mismatch"}
    assert codes(streams(at_sending(rows), 8)) == {"schedule-mismatch"}


def test_one_end_frees_one_slot_once() -> None:
    rows = closed(8)
    again = replace(rows, t_scheduled_ns=np.where(rows.request == 101, rows.t_scheduled_ns[100], rows.t_scheduled_ns))
    assert codes(streams(again, 8, semantics=1)) == {"schedule-mismatch"}


def test_a_request_left_out_of_the_middle_or_a_slot_that_fell_silent_is_a_mismatch() -> None:
    rows = closed(8)
    assert codes(streams(numbered(rows, rows.request != 400), 8)) == {"schedule-mismatch"}
    silent = numbered(rows, rows.t_scheduled_ns < START + LENGTH // 2)
    assert codes(streams(silent, 8)) == {"schedule-mismatch"}
    assert codes(streams(closed(1, end=START + LENGTH // 2), 1)) == {"schedule-mismatch"}


def test_a_run_that_was_interrupted_may_have_slots_that_fell_silent() -> None:
    found = streams(closed(8, end=START + LENGTH // 2), 8)
    assert codes(replace(found, run=found.run.model_copy(update={"exit_reason": "interrupted"}))) == set()


def test_a_single_stream_begins_at_the_windows_start() -> None:
    rows = closed(1)
    assert codes(streams(replace(rows, t_scheduled_ns=rows.t_scheduled_ns + (rows.request == 0)), 1)) == {"schedule-mismatch"}


# -- Pools and dynamic batches ----------------------------------------------------------------------------------------------------------------

FAST = {"load__rate_per_s": "800"}


def pooled(workers: int = 3) -> Samples:
    """A pool that is busy: rows store how long each waited for a worker."""
    due = due_of(loaded(**FAST))
    sent, last = served(due, workers * 1_200_000, workers)
    return table(due, sent, last, queue_ns=np.maximum(sent - LAG - due, 0))


def pool(rows: Samples, workers: int = 3) -> set[str]:
    return codes(opened(rows, what=executor(serving__replicas=seen(workers)), **FAST))


def test_waits_that_end_with_an_earlier_request_pass() -> None:
    rows = pooled()
    lag, _, _ = lag_queue_service(rows)
    assert int((rows.queue_ns > 0).sum()) > 1000 and set(lag.tolist()) == {LAG}  # type: ignore[operator]
    assert pool(rows) == set()


def test_lag_that_is_booked_as_waiting_is_named() -> None:
    rows = pooled()
    hidden = replace(rows, queue_ns=rows.t_sent_ns - rows.t_scheduled_ns)
    assert pool(hidden) == {"queue-unfounded"}


def test_as_many_waits_may_end_with_requests_of_the_warm_up_as_there_are_workers() -> None:
    rows = pooled()
    assert rows.queue_ns is not None
    waits = np.flatnonzero(rows.queue_ns > 0)
    for count, found in ((3, set()), (4, {"queue-unfounded"})):
        queue = rows.queue_ns.copy()
        queue[waits[:count]] -= 1
        assert pool(replace(rows, queue_ns=queue)) == found


def test_one_end_ends_one_wait() -> None:
    rows = pooled(1)
    assert rows.queue_ns is not None
    free = rows.t_scheduled_ns + rows.queue_ns
    behind = np.flatnonzero((rows.queue_ns[:-1] > 0) & (rows.t_scheduled_ns[1:] < free[:-1]))[[3, 30]]
    queue = rows.queue_ns.copy()
    queue[behind + 1] = free[behind] - rows.t_scheduled_ns[behind + 1]
    assert pool(rows, 1) == set()
    assert pool(replace(rows, queue_ns=queue), 1) == {"queue-unfounded"}


def test_a_request_that_was_never_sent_waited_for_nothing_that_can_be_named() -> None:
    rows = pooled()
    given_up = rows.request >= len(rows) - 50
    now = int(rows.t_last_ns.max()) + 5
    times = {name: np.where(given_up, now, rows.present()[name]) for name in ("t_sent_ns", "t_last_ns")}
    lost = replace(
        rows, **times, status=np.where(given_up, 2, 0).astype(np.int8), queue_ns=np.where(given_up, now - rows.t_scheduled_ns, rows.queue_ns)
    )
    assert pool(lost) == set()


MOST, TIMEOUT = 4, 3_000_000


def batched(service_ns: int = 4_000_000, warm: int = 0) -> Samples:
    """One worker that serves batches; with `warm`, the first so many requests belong to the warm-up and have no rows."""
    due = due_of(loaded(**FAST)).tolist()
    due = [START - (warm - place) * 100_000 for place in range(warm)] + due
    columns: dict[str, list[int]] = {"sent": [], "last": [], "queue": [], "size": []}
    free, row = 0, 0
    while row < len(due):
        full = due[row + MOST - 1] if row + MOST <= len(due) else due[row] + TIMEOUT
        closed_at = max(free, min(full, due[row] + TIMEOUT))
        members = [at for at in due[row : row + MOST] if at <= closed_at]
        free = closed_at + LAG + service_ns
        for at in members:
            for name, value in (("sent", closed_at + LAG), ("last", free), ("queue", closed_at - at), ("size", len(members))):
                columns[name].append(value)
        row += len(members)
    found = {name: np.array(column[warm:], np.int64) for name, column in columns.items()}
    return table(np.array(due[warm:]), found["sent"], found["last"], queue_ns=found["queue"], batch_size=found["size"].astype(np.int32))


def batches(rows: Samples) -> set[str]:
    what = executor(serving__batch_policy=seen("dynamic"), serving__max_batch=seen(MOST), serving__batch_timeout_ns=seen(TIMEOUT))
    return codes(opened(rows, what=what, **FAST))


@pytest.mark.parametrize("service_ns", [500_000, 4_000_000], ids=["idle", "busy"])
def test_batches_that_fill_time_out_or_wait_for_the_worker_pass(service_ns: int) -> None:
    rows = batched(service_ns)
    assert {1, 2, 3, 4} >= set(rows.batch_size.tolist()) > {4}
    assert batches(rows) == set()


@pytest.mark.parametrize("warm", [1, 2, 3, 7])
def test_a_batch_may_have_begun_in_the_warm_up(warm: int) -> None:
    assert batches(batched(warm=warm)) == set()


def test_a_size_that_is_not_the_number_of_members_is_named() -> None:
    rows = batched()
    grown = replace(rows, batch_size=np.where(rows.batch_size == 2, 3, rows.batch_size).astype(np.int32))
    assert batches(grown) == {"batch-inconsistent"}
    assert batches(replace(rows, batch_size=np.full(len(rows), MOST + 1, np.int32))) == {"batch-inconsistent"}


def test_a_member_that_ended_apart_from_its_batch_is_named() -> None:
    rows = batched()
    row = int(np.flatnonzero(rows.batch_size == 4)[40])
    assert batches(replace(rows, t_last_ns=rows.t_last_ns - np.where(rows.request == row, 9, 0))) == {"batch-inconsistent"}


def test_members_that_waited_until_different_moments_are_named() -> None:
    rows = batched()
    assert rows.queue_ns is not None
    row = int(np.flatnonzero((rows.batch_size == 4) & (rows.queue_ns > 1000))[40])
    assert batches(replace(rows, queue_ns=rows.queue_ns - np.where(rows.request == row, 9, 0))) == {"batch-inconsistent"}


@pytest.mark.parametrize("service_ns", [500_000, 4_000_000], ids=["idle", "busy"])
def test_batches_that_closed_for_no_reason_are_named(service_ns: int) -> None:
    rows = batched(service_ns)
    assert rows.queue_ns is not None
    assert batches(replace(rows, queue_ns=rows.queue_ns + LAG)) == {"queue-unfounded"}


def test_a_batch_sent_before_its_last_member_was_due_is_named() -> None:
    rows = batched()
    firsts = np.flatnonzero(np.diff(rows.t_sent_ns, prepend=0))
    place = int(next(first for first in firsts if rows.batch_size[first] == 4 and rows.t_scheduled_ns[first + 3] > rows.t_scheduled_ns[first] + 9))
    mine = (rows.request >= place) & (rows.request < place + 4)
    early = replace(rows, t_sent_ns=np.where(mine, rows.t_scheduled_ns[place + 3] - 1, rows.t_sent_ns), queue_ns=None)
    assert batches(early) == {"batch-inconsistent"}


def test_the_rows_of_the_first_light_are_judged_as_they_were() -> None:
    assert codes(evidence()) == set()
    old = evidence()
    kinder = replace(old.samples, t_scheduled_ns=old.samples.t_sent_ns)
    assert codes(replace(old, samples=kinder)) == {"schedule-mismatch"}
