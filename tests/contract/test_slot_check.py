"""Slots of a closed loop and waits for a worker: rows that a driver writes pass, rows that no slots could have written are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.samples import Samples, lag_queue_service
from tests.builders import executor, seen
from tests.contract.offered import LAG, LENGTH, START, at_sending, codes, due_of, loaded, numbered, opened, served, table


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


def test_a_stated_wait_does_not_hide_the_lag_of_a_single_stream() -> None:
    rows = closed(1)
    late = replace(rows, t_sent_ns=rows.t_sent_ns, queue_ns=rows.t_sent_ns - rows.t_scheduled_ns)
    assert late.queue_ns is not None and late.queue_ns.any()
    assert codes(streams(late, 1)) == {"queue-unfounded"} == codes(streams(late, 1, semantics=1))
    assert codes(streams(replace(rows, queue_ns=np.zeros(len(rows), np.int64)), 1)) == set()
