"""A loaded backend under one serving shape, with every request prepared: what a window, a warm-up or a search step is served by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from runner.backends.interface import Backend, Batch, Prepared
from runner.contract.audit_answers import EPOCHS
from runner.contract.loads import Load
from runner.contract.schedules import class_sequence, offsets, requests_in, sample_order, span_ns
from runner.load.batcher import BatchRule
from runner.load.clock import SECOND_NS, Clock
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Integers, Keep
from runner.load.open import open_loop
from runner.load.pool import batched_loop, pool_loop
from runner.load.slots import concurrent_loop
from runner.load.warming import WarmSchedule, WarmUp
from runner.session.task import Task
from runner.workloads import Workload


@dataclass(frozen=True)
class Stretch:
    """What is served: a load for `length_ns` as point `point` of a trial; `due_ns` are its due times in open loop, `seed` its root seed.

    The window opens on a system that has been at work for `lead_ns`, without a pause: nothing is drained first.
    """

    load: Load
    point: int
    length_ns: int
    seed: str
    due_ns: Integers | None = None
    expected: int = 0
    keep: Keep | None = None
    lead_ns: int = 0

    @property
    def warm_up(self) -> WarmUp | None:
        """The work before a closed-loop window."""
        return WarmUp(self.lead_ns) if self.lead_ns else None

    @property
    def warm_schedule(self) -> WarmSchedule | None:
        """The work before an open-loop window."""
        if not self.lead_ns:
            return None
        due, lasts_ns = steady_arrivals(self.load, self.lead_ns, 1)
        return WarmSchedule(due, lasts_ns)


def steady_arrivals(load: Load, least_ns: int, least_requests: int) -> tuple[Integers, int]:
    """Evenly spaced due times at the load's rate (a ramp's first, one a millisecond for a recording) and the length they take."""
    rate = load.rate_per_s or "1000"
    length = max(least_ns, span_ns(least_requests + 1, rate))
    return offsets("constant", rate, requests_in(rate, length), load.seed, 0, 0), length


class Bench:
    """One backend and the prepared requests of every worker or slot; `ahead_ns` is how long before a due time the driver polls the clock."""

    def __init__(self, backend: Backend, workload: Workload, task: Task, load: Load, clock: Clock, ahead_ns: int | None) -> None:
        self.backend, self.clock, self.ahead_ns, self.task = backend, clock, ahead_ns, task
        self._inputs, self._population = workload.inputs, len(workload.inputs)
        self.sizes = [one.batch for one in load.classes] or [task.batch if task.batch_policy == "fixed" else 1]
        self._by_worker: list[list[Prepared]] = []
        self._joined_by_worker: list[Callable[[Sequence[int]], object]] = []
        self._device_ns = backend.device_ns if "device-time" in backend.capabilities else None

    def prepared(self, workers: int) -> Sequence[Sequence[Prepared]]:
        """Requests of each worker: for class k and sample s the request at place k * population + s, made once."""
        while len(self._by_worker) < workers:
            self._by_worker.append([self.backend.prepare(self._images(place, size)) for size in self.sizes for place in range(self._population)])
        return self._by_worker[:workers]

    def order(self, seed: str, point: int, *, repeat: bool = False) -> Integers:
        """Which sample each request asks for first, sixteen shuffles long; only ever the first of them for `repeat`."""
        order = sample_order(self._population, self._population * EPOCHS, seed, point, self.task.trial)
        return order[:1] if repeat else order

    @property
    def rule(self) -> BatchRule | None:
        """When batches close, under dynamic batching."""
        return BatchRule(self.task.batch, self.task.batch_timeout_ns or 0) if self.task.batch_policy == "dynamic" else None

    def serve(self, stretch: Stretch) -> Columns:
        """Serve the stretch with the driver that its load and the serving shape ask for; returns when its window has closed.

        A schedule may be served before its window ends, and what is read after the window has to lie behind it.
        """
        columns = self._served(stretch)
        if (left := columns.window_end_ns - self.clock.now_ns()) > 0:
            self.clock.sleep(left / SECOND_NS)
        return columns

    def _served(self, stretch: Stretch) -> Columns:
        order = self.order(stretch.seed, stretch.point, repeat=self.task.purpose == "repeat-one-sample")
        if stretch.load.loop == "closed":
            return self._closed(stretch, order)
        assert stretch.due_ns is not None
        due, length, clock, ahead = stretch.due_ns, stretch.length_ns, self.clock, self.ahead_ns
        if self.rule is not None:
            return batched_loop(
                self._joined(), order, due, length, clock, most=self.rule.most, timeout_ns=self.rule.timeout_ns, spin=ahead,
                device_ns=self._device_ns, keep=stretch.keep, warm=stretch.warm_schedule,
            )  # fmt: skip
        klass = class_sequence(stretch.load, len(due), stretch.point, self.task.trial, seed=stretch.seed) if stretch.load.classes else None
        places = order if klass is None else np.resize(order, len(due)) + klass.astype(np.int64) * self._population
        run, prepared, device_ns = self.backend.run, self.prepared(self.task.workers), self._device_ns
        if self.task.workers > 1:
            columns = pool_loop(
                run, prepared, places, due, length, clock, spin=ahead, device_ns=device_ns, keep=stretch.keep, warm=stretch.warm_schedule
            )
        else:
            columns = open_loop(
                run, prepared[0], places, due, length, clock, spin=ahead, device_ns=device_ns, keep=stretch.keep, warm=stretch.warm_schedule
            )
        return columns if klass is None else replace(columns, klass=klass, batch_size=np.array(self.sizes, np.int32)[klass])

    def _closed(self, stretch: Stretch, order: Integers) -> Columns:
        concurrency = stretch.load.concurrency or 1
        prepared = self.prepared(concurrency)
        if concurrency == 1:
            return closed_loop(
                self.backend.run, prepared[0], order, stretch.length_ns, self.clock, expected=stretch.expected, device_ns=self._device_ns,
                keep=stretch.keep, warm=stretch.warm_up,
            )  # fmt: skip
        return concurrent_loop(
            self.backend.run, prepared, order, stretch.length_ns, self.clock, expected=stretch.expected, device_ns=self._device_ns,
            keep=stretch.keep, warm=stretch.warm_up,
        )  # fmt: skip

    def _images(self, place: int, size: int) -> Batch:
        """`size` samples of the data set from `place` on, from its beginning again after its end."""
        return self._inputs[(place + np.arange(size)) % self._population]

    def _joined(self) -> Sequence[Callable[[Sequence[int]], object]]:
        """What serves the batches of each worker, made once."""
        while len(self._joined_by_worker) < self.task.workers:
            self._joined_by_worker.append(self._joining())
        return self._joined_by_worker

    def _joining(self) -> Callable[[Sequence[int]], object]:
        """Serves single requests together: their samples are copied into buffers of the size of the batch, which is part of serving."""
        backend, inputs = self.backend, self._inputs
        buffers = [backend.prepare(self._images(0, size)) for size in range(1, self.task.batch + 1)]

        def serve(places: Sequence[int]) -> object:
            buffer = buffers[len(places) - 1]
            backend.refill(buffer, inputs[list(places)])
            return backend.run(buffer)

        return serve
