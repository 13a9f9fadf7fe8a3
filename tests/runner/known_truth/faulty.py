"""Load generators with one fault each, as other tools have had them; every one serves one request at a time and believes what it writes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.contract.schedules import offsets
from runner.load.driver import Columns, Integers

LATE_NS = 10_000_000
Rows = list[tuple[int, int, int]]


def columns_of(rows: Rows) -> Columns:
    """A window that opens at 0, from (scheduled, sent, last) of each request."""
    scheduled, sent, last = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Columns(scheduled, sent, last, np.zeros(len(rows), np.int8), 0, int(last[-1]), queue_ns=np.maximum(0, np.append(0, last[:-1]) - scheduled))


def honest(due_ns: Integers, services_ns: Sequence[int]) -> Columns:
    """No fault: what the others are held against."""
    rows: Rows = []
    now = 0
    for due, service in zip(due_ns.tolist(), services_ns, strict=True):
        sent = max(now, due)
        now = sent + service
        rows.append((due, sent, now))
    return columns_of(rows)


def re_anchored(due_ns: Integers, services_ns: Sequence[int]) -> Columns:
    """More than 10 ms late, it calls now the due time and moves all later ones along."""
    rows: Rows = []
    now = moved = 0
    for due, service in zip(due_ns.tolist(), services_ns, strict=True):
        if now - (due + moved) > LATE_NS:
            moved = now - due
        sent = max(now, due + moved)
        now = sent + service
        rows.append((due + moved, sent, now))
    return columns_of(rows)


def skipped(due_ns: Integers, services_ns: Sequence[int]) -> Columns:
    """More than 10 ms late, it leaves the request out."""
    rows: Rows = []
    now = 0
    for due, service in zip(due_ns.tolist(), services_ns, strict=True):
        if now - due <= LATE_NS:
            sent = max(now, due)
            now = sent + service
            rows.append((due, sent, now))
    return columns_of(rows)


def after_the_semaphore(due_ns: Integers, services_ns: Sequence[int]) -> Columns:
    """It waits for the one free slot first and looks at the clock then: nobody ever waits."""
    return columns_of([(sent, sent, last) for sent, last in zip(*_times(honest(due_ns, services_ns)), strict=True)])


def late(due_ns: Integers, services_ns: Sequence[int], by_ns: int) -> Columns:
    """It wakes up `by_ns` after each due time and says so."""
    rows: Rows = []
    now = 0
    for due, service in zip(due_ns.tolist(), services_ns, strict=True):
        sent = max(now, due) + by_ns
        now = sent + service
        rows.append((due, sent, now))
    return columns_of(rows)


def seeded_alike(rate_per_s: int, requests: int, workers: int) -> Integers:
    """Due times of workers that each draw their share of the rate from the same seed."""
    mine = offsets("poisson", str(rate_per_s // workers), requests // workers, "7", 0, 0)
    return np.sort(np.tile(mine, workers))


def _times(columns: Columns) -> tuple[list[int], list[int]]:
    return columns.t_sent_ns.tolist(), columns.t_last_ns.tolist()
