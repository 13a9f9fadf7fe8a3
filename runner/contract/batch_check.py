"""Whether dynamic batches are batches: members share their times, their number is the size they state, and the moment it closed has a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.contract.generator import most_at_once
from runner.contract.problems import Problem
from runner.contract.samples import Samples
from runner.contract.slot_check import never_sent

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
CODE = "batch-inconsistent"


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of one window in order of (sent, last, size, place): first and last due time, when each closed, and how many members it has.

    `closed_ns` is the largest of scheduled + queue over the members and `closed_first_ns` the smallest: equal where the queue is right.
    """

    sent_ns: Integers
    last_ns: Integers
    size: Integers
    members: Integers
    first_due_ns: Integers
    last_due_ns: Integers
    closed_first_ns: Integers
    closed_ns: Integers
    holds_first: Flags


def batches_of(mine: Samples) -> Batches:
    """Rows that share sent, last and size are one batch, or several of that size which were sent at one moment, filled in due order."""
    rows = np.flatnonzero(~never_sent(mine))
    rows = rows[np.lexsort((rows, mine.batch_size[rows], mine.t_last_ns[rows], mine.t_sent_ns[rows]))]
    sent, last, size = mine.t_sent_ns[rows], mine.t_last_ns[rows], mine.batch_size[rows].astype(np.int64)
    changed = np.ones(len(rows), np.bool_)
    changed[1:] = (sent[1:] != sent[:-1]) | (last[1:] != last[:-1]) | (size[1:] != size[:-1])
    alike = np.flatnonzero(changed)
    nth = np.arange(len(rows)) - np.repeat(alike, np.diff([*alike, len(rows)]))
    first = np.flatnonzero(nth % size == 0)
    due = mine.t_scheduled_ns[rows]
    closed = due + (mine.queue_ns[rows] if mine.queue_ns is not None else 0)
    if not len(first):
        none = np.zeros(0, np.int64)
        return Batches(none, none, none, none, none, none, none, none, np.zeros(0, np.bool_))
    return Batches(
        sent[first], last[first], size[first], np.diff([*first, len(rows)]), np.minimum.reduceat(due, first), np.maximum.reduceat(due, first),
        np.minimum.reduceat(closed, first), np.maximum.reduceat(closed, first), np.logical_or.reduceat(rows == 0, first),
    )  # fmt: skip


def batch_problems(
    mine: Samples, max_batch: int | None, timeout_ns: int | None, workers: int, place: str, *, owed: int | None = None
) -> Iterator[Problem]:
    """`batch-inconsistent` for batches that contradict themselves, `queue-unfounded` for closing moments without a reason.

    The batch that holds the window's first request may have begun in the warm-up, so fewer of its members than it states need to have rows. A batch
    may close with its last member's arrival; not full, when its first has waited `timeout_ns`; or at the end of an earlier batch, each end once. As
    many batches as are `owed` (there are `workers`) may have waited for one of the warm-up, and no more are at work at once than there are workers.
    """
    found = batches_of(mine)
    if max_batch is not None and (found.size > max_batch).any():
        yield Problem(f"{place}:batch_size", str(int(found.size.max())), f"{max_batch} at most", "keep to max_batch", CODE)
    if (wrong := (found.members != found.size) & ~(found.holds_first & (found.members < found.size))).any():
        batch = int(np.argmax(wrong))
        said = f"{int(found.members[batch])} rows sent at {int(found.sent_ns[batch])} ns that state a size of {int(found.size[batch])}"
        yield Problem(f"{place}:batch_size", said, "as many rows as the size", "write the size of each batch in its rows", CODE)
    if (wrong := found.last_due_ns > found.sent_ns).any():
        said = f"a batch sent at {int(found.sent_ns[np.argmax(wrong)])} ns"
        yield Problem(f"{place}:t_sent_ns", said, "sent after its last member was due", "write when the batch was sent", CODE)
    elif (crowd := most_at_once(found.sent_ns, found.last_ns)) > workers and not (found.members != found.size)[~found.holds_first].any():
        yield Problem(f"{place}:t_sent_ns", f"{crowd} batches at once", f"{workers} at most", "state the workers that served", "concurrency-exceeded")
    if mine.queue_ns is not None:
        yield from _closing(found, max_batch, timeout_ns, workers if owed is None else owed, place)


def _closing(found: Batches, max_batch: int | None, timeout_ns: int | None, owed: int, place: str) -> Iterator[Problem]:
    if (wrong := found.closed_first_ns != found.closed_ns).any():
        said = f"members of the batch sent at {int(found.sent_ns[np.argmax(wrong)])} ns that waited until different moments"
        yield Problem(f"{place}:queue_ns", said, "one moment at which the batch closed", "write scheduled + queue = closed for all members", CODE)
        return
    founded = found.closed_ns == found.last_due_ns
    if timeout_ns is not None:
        full = found.size == max_batch
        founded |= ~full & (found.closed_ns == found.first_due_ns + timeout_ns)
    unfounded = ~founded & ~_ended(found, ~founded)
    if int(unfounded.sum()) > owed:
        batch = int(np.flatnonzero(unfounded)[owed])
        said = f"{int(unfounded.sum())} batches that closed for no reason, such as at {int(found.closed_ns[batch])} ns"
        expected = f"{owed} at most; the others full, timed out, or when a batch ended"
        yield Problem(f"{place}:queue_ns", said, expected, "write the moment at which the batch closed", "queue-unfounded")


def _ended(found: Batches, asked: Flags) -> Flags:
    """Which of the `asked` batches closed at the end of an earlier one, each end used once."""
    ends, freed = np.unique(found.last_ns[found.last_ns > found.sent_ns], return_counts=True)
    left = dict(zip(ends.tolist(), freed.tolist(), strict=True))
    answer = np.zeros(len(asked), np.bool_)
    for batch in np.flatnonzero(asked).tolist():
        moment = int(found.closed_ns[batch])
        if left.get(moment, 0) > 0 and moment <= found.sent_ns[batch]:
            left[moment] -= 1
            answer[batch] = True
    return answer
