"""Dynamic batches: rows that a batcher writes pass, batches that contradict themselves or closed for no reason are named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runner.contract.samples import Samples
from tests.builders import executor, seen
from tests.contract.offered import LAG, START, codes, due_of, loaded, opened, table

FAST = {"load__rate_per_s": "800"}
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
