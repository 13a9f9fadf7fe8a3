"""Samples: one row per request, as columns; their Parquet form, their order, and the three parts of a latency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.columns import DEFAULT_LIMITS, Column, Limits, Reader, Values, write
from runner.contract.problems import Problem, Problems

FILE = "samples.parquet"
STATUS = {"ok": 0, "error": 1, "timeout": 2, "cancelled": 3}
COLUMNS = (
    Column("trial", 64, runs=False),
    Column("point", 64, runs=False),
    Column("request", 64, runs=True),
    Column("t_scheduled_ns", 64, runs=True),
    Column("t_sent_ns", 64, runs=True),
    Column("t_last_ns", 64, runs=True),
    Column("batch_size", 32, runs=False),
    Column("status", 8, runs=False),
    Column("klass", 32, runs=False, optional=True),
    Column("queue_ns", 64, runs=True, optional=True),
    Column("device_ns", 64, runs=True, optional=True),
    Column("answer", 32, runs=False, optional=True),
    Column("sample", 32, runs=False, optional=True),
)
NOT_KEPT, NOT_FINITE = -1, -2
OPTIONAL = tuple(column.name for column in COLUMNS if column.optional)
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Samples:
    """Rows in order of (trial, point, request); times are ns from the start of the run on its one monotonic clock; `status` codes as in `STATUS`.

    Optional columns are None for a table that has none: `klass` is the request's class in the methodology's order, `queue_ns` the wait for a busy
    system where it does not follow from the row before, `device_ns` the time between a pair of device events (0 for a request that failed),
    `answer` the class that the request's first sample was given where its outputs were kept (`NOT_KEPT`, `NOT_FINITE`), `sample` that first sample
    where it does not follow from the request's number.
    """

    trial: Integers
    point: Integers
    request: Integers
    t_scheduled_ns: Integers
    t_sent_ns: Integers
    t_last_ns: Integers
    batch_size: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    klass: npt.NDArray[np.int32] | None = None
    queue_ns: Integers | None = None
    device_ns: Integers | None = None
    answer: npt.NDArray[np.int32] | None = None
    sample: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.request)

    def rows(self, chosen: slice | npt.NDArray[np.bool_]) -> Samples:
        """The chosen rows; a slice shares memory with this table."""
        return Samples(**{name: column[chosen] for name, column in self.present().items()})

    def present(self) -> dict[str, Values]:
        """Every column that this table has, by name."""
        return {column.name: found for column in fields(self) if (found := getattr(self, column.name)) is not None}

    def only(self, trial: int, point: int | None = None) -> Samples:
        """The rows of one trial, or of one of its points, without copying them."""
        start, stop = (int(place) for place in np.searchsorted(self.trial, [trial, trial + 1]))
        if point is not None:
            first, last = np.searchsorted(self.point[start:stop], [point, point + 1])
            start, stop = start + int(first), start + int(last)
        return self.rows(slice(start, stop))

    def groups(self) -> Iterator[tuple[int, int, Samples]]:
        """(trial, point, its rows) in order, without copying them."""
        for start, stop in pairwise(_edges(self).tolist()):
            yield int(self.trial[start]), int(self.point[start]), self.rows(slice(start, stop))


def joined(parts: Sequence[Samples]) -> Samples:
    """All rows of `parts`, one after the other; an optional column stays where every part has it."""
    names = [column.name for column in fields(Samples) if all(getattr(part, column.name) is not None for part in parts)]
    return Samples(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def encode(samples: Samples) -> bytes:
    """`samples.parquet`: the same rows give the same bytes; raises `Problems` if the rows break a rule of the table."""
    problems = list(problems_of(samples))
    if problems:
        raise Problems(problems)
    return write(COLUMNS, samples.present())


def decode(content: bytes | Path, limits: Limits = DEFAULT_LIMITS) -> Samples:
    """The rows in `samples.parquet`; `Problems` for any other file, refused by size and shape before a value is read."""
    reader = Reader(content, COLUMNS, limits, FILE)
    try:
        found = reader.integers()
    finally:
        reader.close()
    samples = Samples(**found)
    problems = list(problems_of(samples))
    if problems:
        raise Problems(problems)
    return samples


def problems_of(samples: Samples) -> Iterator[Problem]:
    """Every broken rule of the table, at its first row."""
    found = samples.present()
    if any(found[shape.name].shape != (len(samples),) or found[shape.name].dtype != shape.dtype for shape in COLUMNS if shape.name in found):
        shapes = {name: f"{column.dtype}{list(column.shape)}" for name, column in found.items()}
        yield Problem(FILE, str(shapes)[:200], "columns of one length and the agreed integer types", "build them with runner.load.driver")
        return
    for name, bad, expected in _rules(samples):
        if bad.any():
            row = int(np.argmax(bad))
            values = {column: int(found[column][row]) for column in name.split(",")}
            yield Problem(f"{FILE}[{row}]", str(values)[:160], expected, "send the rows as the driver wrote them", "samples-malformed")


def _rules(samples: Samples) -> Iterator[tuple[str, npt.NDArray[np.bool_], str]]:
    yield "trial,point", (samples.trial < 0) | (samples.point < 0), "trial and point from 0"
    yield "trial,point", _fallen(samples), "rows sorted by trial, then point"
    yield "request", samples.request != _counted(samples), "requests numbered 0, 1, 2 … within a trial and point"
    yield "t_scheduled_ns,t_last_ns", (samples.t_scheduled_ns < 0) | (samples.t_last_ns > LARGEST_INTEGER), "times from 0 to 2^53 - 1 ns"
    yield "t_scheduled_ns,t_sent_ns", samples.t_sent_ns < samples.t_scheduled_ns, "sent at or after the scheduled time"
    yield "t_sent_ns,t_last_ns", samples.t_last_ns < samples.t_sent_ns, "ended at or after it was sent"
    yield "batch_size", samples.batch_size < 1, "a batch of at least 1"
    yield "status", (samples.status < 0) | (samples.status >= len(STATUS)), f"a status code of {STATUS}"
    if samples.klass is not None:
        yield "klass", samples.klass < 0, "classes numbered from 0"
    if samples.queue_ns is not None:
        waited = (samples.queue_ns < 0) | (samples.queue_ns > samples.t_sent_ns - samples.t_scheduled_ns)
        yield "t_scheduled_ns,t_sent_ns,queue_ns", waited, "a wait from 0 to the time between scheduled and sent"
    if samples.device_ns is not None:
        yield "device_ns", (samples.device_ns < 0) | (samples.device_ns > LARGEST_INTEGER), "device times from 0 to 2^53 - 1 ns"
    if samples.sample is not None:
        yield "sample", samples.sample < 0, "samples numbered from 0"
    if samples.answer is not None:
        yield "answer", samples.answer < NOT_FINITE, f"a class, {NOT_KEPT} for outputs not kept or {NOT_FINITE} for outputs that are not finite"


def _fallen(samples: Samples) -> npt.NDArray[np.bool_]:
    fallen = np.zeros(len(samples), np.bool_)
    trial, point = samples.trial, samples.point
    fallen[1:] = (trial[1:] < trial[:-1]) | ((trial[1:] == trial[:-1]) & (point[1:] < point[:-1]))
    return fallen


def _counted(samples: Samples) -> Integers:
    counted = np.arange(len(samples), dtype=np.int64)
    for start, stop in pairwise(_edges(samples).tolist()):
        counted[start:stop] -= start
    return counted


def _edges(samples: Samples) -> Integers:
    """First rows of each (trial, point), then the number of rows."""
    if not len(samples):
        return np.zeros(1, np.int64)
    changed = (samples.trial[1:] != samples.trial[:-1]) | (samples.point[1:] != samples.point[:-1])
    return np.concatenate([[0], np.flatnonzero(changed) + 1, [len(samples)]]).astype(np.int64)


def lag_queue_service(samples: Samples, *, serial: bool = True) -> tuple[Integers, Integers, Integers]:
    """(lag, queue, service) of each row in ns, with latency = lag + queue + service.

    lag = sent − max(scheduled, free) is the generator's, queue = max(0, free − scheduled) is the wait for a busy system, service = last − sent.
    `free` is the end of the previous request of the same trial and point when one thread does all (`serial`); otherwise there is no queue term.
    Where the rows store their wait (`queue_ns`), it is that one.
    """
    if samples.queue_ns is not None:
        wait = samples.t_sent_ns - samples.t_scheduled_ns
        return wait - samples.queue_ns, samples.queue_ns, samples.t_last_ns - samples.t_sent_ns
    free = samples.t_scheduled_ns.copy()
    if serial and len(samples):
        free[1:] = samples.t_last_ns[:-1]
        first = _edges(samples)[:-1]
        free[first] = samples.t_scheduled_ns[first]
    queue = np.maximum(free - samples.t_scheduled_ns, 0)
    return samples.t_sent_ns - samples.t_scheduled_ns - queue, queue, samples.t_last_ns - samples.t_sent_ns
