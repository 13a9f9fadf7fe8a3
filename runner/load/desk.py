"""The desk on which the workers of a pool write down what they served; rows lie in due order and each is written by one worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.load.aside import known
from runner.load.clock import Clock
from runner.load.driver import Block, Columns, DeviceTime, Keep
from runner.load.lead import Lead
from runner.load.timetable import Timetable


@dataclass(frozen=True)
class Worker:
    """How one worker serves: what it calls, and with what for the requests from `first` up to `stop`."""

    run: Callable[[Any], object]
    asked: Callable[[int, int], object]


class Desk:
    """Room for the requests of one schedule; `batched` says that rows state how many were served together."""

    def __init__(self, plan: Timetable, device_ns: DeviceTime | None, keep: Keep | None, *, batched: bool) -> None:
        requests = len(plan.due)
        self._device_ns, self._keep, self._batched = device_ns, keep, batched
        self._wanted = frozenset(number + plan.first for number in keep.requests) if keep is not None else frozenset()
        self._block = Block(requests, device=device_ns is not None)
        self._closed, self._size = np.zeros(requests, np.int64), np.ones(requests, np.int32)
        self._kept: dict[int, object] = {}

    def work(self, worker: Worker, lead: Lead, read: Callable[[], int]) -> None:
        """The life of a worker: take a batch and serve it until nothing is left; a batch that raises becomes rows and the worker goes on."""
        while (batch := lead.take(worker.asked)) is not None:
            request, first, stop, closed = batch
            done, failure = None, None
            begun = read()
            try:
                answer = worker.run(request)
                done = read()
                lead.freed(done)
                self._aside(answer, first, stop)
            except Exception as error:
                failure = error
            if done is None:
                done = read()
                lead.freed(done)
            self._closed[first:stop], self._size[first:stop] = closed, stop - first
            self._write(first, stop, begun, done, failure)

    def _write(self, first: int, stop: int, begun: int, done: int, failure: Exception | None) -> None:
        block = self._block
        block.sent_ns[first:stop], block.last_ns[first:stop] = begun, done
        if failure is not None:
            for place in range(first, stop):
                block.failed(place, begun, done, failure)

    def _aside(self, answer: object, first: int, stop: int) -> None:
        """Device time and wanted outputs of a batch, once the clock was read."""
        if self._device_ns is not None:
            self._block.device_ns[first:stop] = known(self._device_ns(answer))
        if self._wanted and self._keep is not None:
            for place in self._wanted.intersection(range(first, stop)):
                self._kept[place] = self._keep.copied(answer, place - first)

    def columns(self, table: Timetable, taken: int, clock: Clock, spin: int) -> Columns:
        """The rows of the window; of those never taken, the wait goes on until they were given up."""
        self._block.used = taken
        now = clock.read()
        self._block.give_up(now)
        self._closed[taken:] = now
        queue = np.maximum(self._closed - table.due, 0)
        sizes = self._size if self._batched else None
        return table.columns(self._block, clock.origin_ns, spin, queue, sizes, self._kept)
