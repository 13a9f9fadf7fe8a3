"""Whether slots were used as slots are: each holds one request at a time, and a request that waited got the slot of one that had ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from runner.contract.generator import in_flight_at_most
from runner.contract.problems import Problem
from runner.contract.samples import STATUS, Samples

LONGEST_IDLE_NS = 1_000_000_000  # how long before the window's end a slot may have ended its last request: a slow reading of the clock is no lie
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def closed_problems(mine: Samples, start_ns: int, end_ns: int, concurrency: int, place: str, *, whole: bool) -> Iterator[Problem]:
    """Rows of one closed-loop window that `concurrency` slots could not have written.

    One slot is scheduled at the window's start, then at the end of the request before. Of several, each begins at the window's start or, where it was
    busy with a request of the warm-up, at that one's end; every other request is scheduled at the end of an earlier one, each end taken once.
    In a `whole` window a slot that became free was taken again, unless the window was about to close.
    """
    if not len(mine):
        return
    if mine.queue_ns is not None and mine.queue_ns.any():
        waited = f"{int(mine.queue_ns.max())} ns"
        yield Problem(f"{place}:queue_ns", waited, "0: nobody waits for a slot that sends when it is free", "state no wait", "queue-unfounded")
    if (found := in_flight_at_most(mine)) > concurrency:
        yield Problem(f"{place}:t_sent_ns", f"{found} in flight", f"{concurrency} at most", "keep to the concurrency", "concurrency-exceeded")
    if concurrency == 1:
        yield from _single(mine, start_ns, place)
    else:
        yield from _several(mine, start_ns, concurrency, place)
    if whole and (idle := _idle(mine, end_ns - LONGEST_IDLE_NS)):
        found_, expected = f"{idle} slots that nobody took again", "requests until the window closes"
        yield Problem(f"{place}:t_last_ns", found_, expected, "send every row that the driver wrote", "schedule-mismatch")


def _single(mine: Samples, start_ns: int, place: str) -> Iterator[Problem]:
    if mine.t_scheduled_ns[0] != start_ns or (mine.t_scheduled_ns[1:] != mine.t_last_ns[:-1]).any():
        expected = "the window's start, then the end of the request before"
        yield Problem(f"{place}:t_scheduled_ns", "other times", expected, "send the rows as the driver wrote them", "schedule-mismatch")


def _several(mine: Samples, start_ns: int, concurrency: int, place: str) -> Iterator[Problem]:
    begun = mine.t_scheduled_ns == start_ns
    begins = int(begun.sum()) + int(without_end(mine.t_scheduled_ns, mine, ~begun).sum())
    if begins > concurrency or bool((mine.t_scheduled_ns < start_ns).any()):
        found = f"{begins} requests scheduled when no request of the window had ended, or before it"
        expected = f"one for each of {concurrency} slots, the others at the end of an earlier request"
        yield Problem(f"{place}:t_scheduled_ns", found, expected, "send the rows as the driver wrote them", "schedule-mismatch")


def _idle(mine: Samples, until_ns: int) -> int:
    """How many ends before `until_ns` have no request scheduled at them."""
    ends, freed = np.unique(mine.t_last_ns[mine.t_last_ns < until_ns], return_counts=True)
    starts, taken = np.unique(mine.t_scheduled_ns, return_counts=True)
    return int(np.maximum(freed - _counts_at(ends, starts, taken), 0).sum())


def queue_problems(mine: Samples, workers: int, place: str) -> Iterator[Problem]:
    """`queue-unfounded`: stored waits of an open loop that did not end with an earlier request, beyond the one a worker may owe to its warm-up."""
    if mine.queue_ns is None:
        return
    unfounded = without_end(mine.t_scheduled_ns + mine.queue_ns, mine, (mine.queue_ns > 0) & ~never_sent(mine))
    if int(unfounded.sum()) > workers:
        row = int(np.flatnonzero(unfounded)[workers])
        found = f"{int(unfounded.sum())} waits that no request of the window ended, such as {int(mine.queue_ns[row])} ns"
        yield Problem(f"{place}:queue_ns[{row}]", found, f"{workers} at most", "write when the slot became free", "queue-unfounded")


def crowd_problems(mine: Samples, workers: int, place: str) -> Iterator[Problem]:
    """`concurrency-exceeded`: more requests at work at one moment than there are workers."""
    if (found := in_flight_at_most(mine.rows(~never_sent(mine)))) > workers:
        yield Problem(f"{place}:t_sent_ns", f"{found} at work at once", f"{workers} at most", "state the workers that served", "concurrency-exceeded")


def never_sent(mine: Samples) -> Flags:
    """Rows of requests that were given up before anything was asked of the system."""
    return np.asarray((mine.status == STATUS["timeout"]) & (mine.t_sent_ns == mine.t_last_ns), np.bool_)


def without_end(moments_ns: Integers, mine: Samples, asked: Flags) -> Flags:
    """Which of the `asked` rows say they got their slot at a moment at which no slot was left: each end of a request frees one slot once.

    A request without length hands its slot on at once, so it needs the moment but uses up no end.
    """
    long = mine.t_last_ns > mine.t_sent_ns
    ends, freed = np.unique(mine.t_last_ns[long], return_counts=True)
    place = np.searchsorted(ends, moments_ns)
    known = (place < len(ends)) & (ends[np.minimum(place, len(ends) - 1)] == moments_ns) if len(ends) else np.zeros(len(mine), np.bool_)
    late = asked & (~known | (moments_ns > mine.t_sent_ns))
    taking = asked & known & long
    order = np.argsort(moments_ns[taking], kind="stable")
    sorted_moments = moments_ns[taking][order]
    nth = np.arange(len(order)) - np.searchsorted(sorted_moments, sorted_moments)
    spare = np.zeros(len(order), np.bool_)
    spare[order] = nth >= _counts_at(sorted_moments, ends, freed)
    late[np.flatnonzero(taking)[spare]] = True
    return late


def _counts_at(moments: Integers, known: Integers, counts: Integers) -> Integers:
    """How often each moment occurs in a table of sorted moments with their counts; 0 where it does not."""
    if not len(known):
        return np.zeros(len(moments), np.int64)
    place = np.minimum(np.searchsorted(known, moments), len(known) - 1)
    return np.where(known[place] == moments, counts[place], 0)
