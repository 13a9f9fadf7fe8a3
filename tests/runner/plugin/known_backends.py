"""Backends of another distribution whose truth is known: each answers the digits with the sealed reference outputs and has one property.

Numbers come from the environment, LYNXWEB_KNOWN_TRUTH, as one JSON object: every backend knows `service_ns`; the rest stands at its class.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runner.backends.interface import Artifact, Batch, Capability, ExecutorConfig
from runner.backends.leaves import observed
from runner.backends.null import Null
from runner.contract.fields import AnyField
from runner.workloads import open_workload
from tests.runner.known_truth.systems import Run, asleep, batching, exploding, fixed, holding_the_lock, leak, slow_start, step_throttle

SETTINGS = "LYNXWEB_KNOWN_TRUTH"
MS = 1_000_000


@dataclass(eq=False)
class Request:
    """Samples by their place in the data set, what is right to answer, and the outputs; `number` counts the requests that were prepared."""

    number: int
    places: tuple[int, ...]
    truth: npt.NDArray[np.float32]
    logits: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.places)


class Known(Null):
    """What all of them share; `system` says how time passes in one request."""

    name = "known"
    precisions = ("fp32",)

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, Any] = json.loads(os.environ.get(SETTINGS, "{}"))
        self.service_ns = int(self.said.get("service_ns", MS))
        self._prepared = count()

    def load(self, artifact: Artifact, config: ExecutorConfig) -> None:
        """Remember what was asked for, and the answers."""
        super().load(artifact, config)
        workload = open_workload("digits-cnn")
        self.place_of = {image.tobytes(): place for place, image in enumerate(workload.inputs)}
        self.population, self.reference = len(workload.inputs), workload.reference
        self.serve = self.system()

    def system(self) -> Run:
        """What a request does to time."""
        return fixed(asleep, self.service_ns)

    def prepare(self, samples: Batch) -> Request:  # type: ignore[override]
        """A request that knows its answers."""
        outputs = super().prepare(samples).logits
        request = Request(next(self._prepared), (), np.empty_like(outputs), outputs)
        self.refill(request, samples)
        return request

    def refill(self, prepared: Request, samples: Batch) -> None:  # type: ignore[override]
        """Other samples, and their answers."""
        prepared.places = tuple(self.place_of[image.tobytes()] for image in samples)
        prepared.truth[:] = self.reference[list(prepared.places)]

    def run(self, prepared: Request) -> Request:  # type: ignore[override]
        """Let time pass and write the right answer."""
        self.serve(prepared)
        prepared.logits[:] = prepared.truth
        return prepared

    def describe(self) -> Mapping[str, AnyField]:
        """As the backend that does nothing, under another name."""
        named = {path: observed(self.name, "test") for path in ("sw.runtime.name", "serving.engine")}
        return {**super().describe(), **named, "sw.runtime.version": observed("1.0", "test")}


class FixedDelay(Known):
    """Every request takes `service_ns`, asleep."""

    name = "fixed-delay"


class GilHolder(Known):
    """Every request takes `service_ns` and holds the interpreter's lock: no second thread makes it faster."""

    name = "gil-holder"

    def system(self) -> Run:
        """Busy in Python."""
        return fixed(holding_the_lock, self.service_ns)


class BatchServer(Known):
    """A batch takes `service_ns` and `each_ns` more for each of its samples."""

    name = "batch-server"

    def system(self) -> Run:
        """Cost of a batch by its size."""
        return batching(asleep, self.service_ns, int(self.said.get("each_ns", MS // 10)))  # type: ignore[return-value]


class SlowStart(Known):
    """The first `slow` requests take `factor` times as long."""

    name = "slow-start"

    def system(self) -> Run:
        """Slow at first."""
        return slow_start(asleep, self.service_ns, int(self.said["slow"]), int(self.said.get("factor", 4)))


class Drifting(Known):
    """Every request takes `grows_by_ns` longer than the one before."""

    name = "drifting"

    def system(self) -> Run:
        """A leak."""
        return leak(asleep, self.service_ns, int(self.said["grows_by_ns"]))


class StepThrottle(Known):
    """Service takes twice as long from request number `from_request` on."""

    name = "step-throttle"

    def system(self) -> Run:
        """Twice as slow from then on."""
        numbers = count()
        return step_throttle(asleep, lambda: next(numbers), self.service_ns, int(self.said["from_request"]))


class Every(Container[int]):
    """Numbers of requests from `start` on, one in `one_in` of them."""

    def __init__(self, start: int, one_in: int) -> None:
        self._start, self._one_in = start, one_in

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number >= self._start and number % self._one_in == 0


class Exploding(Known):
    """Requests raise from number `start` on, one in `one_in` of them."""

    name = "exploding"

    def system(self) -> Run:
        """A device that is gone now and then."""
        return exploding(asleep, self.service_ns, Every(int(self.said.get("start", 0)), int(self.said.get("one_in", 1))))  # type: ignore[arg-type]


class Caching(Known):
    """A sample among the last eight is answered in a tenth of the time: answers are kept by content."""

    name = "caching"

    def system(self) -> Run:
        """A small cache."""
        kept: dict[tuple[int, ...], None] = {}

        def run(prepared: Any) -> None:
            asleep(self.service_ns // 10 if prepared.places in kept else self.service_ns)
            kept.pop(prepared.places, None)
            kept[prepared.places] = None
            if len(kept) > 8:
                del kept[next(iter(kept))]

        return run


class WrongUnderLoad(Known):
    """One in `one_in` answers is wrong for requests that were prepared before the load, as many as there are samples: evaluation sees none of it."""

    name = "wrong-under-load"

    def __init__(self) -> None:
        super().__init__()
        self._served = count(1)

    def run(self, prepared: Request) -> Request:  # type: ignore[override]
        """Every so often the classes are turned around."""
        super().run(prepared)
        if prepared.number < self.population and next(self._served) % int(self.said.get("one_in", 4)) == 0:
            prepared.logits[:] = np.roll(prepared.truth, 1, axis=1)
        return prepared


class Hanging(Known):
    """Request number `start` never comes back."""

    name = "hanging"

    def system(self) -> Run:
        """Asleep for an hour."""
        numbers, start = count(), int(self.said.get("start", 0))
        return lambda prepared: asleep(3_600 * 10**9 if next(numbers) == start else self.service_ns)


class DeviceTime(Known):
    """Says that `device_permille` of its service time pass on the device."""

    name = "device-time"
    capabilities: frozenset[Capability] = frozenset({"device-time"})

    def device_ns(self, done: object) -> int | None:
        """The known share."""
        return self.service_ns * int(self.said.get("device_permille", 900)) // 1000


class Saboteur(Known):
    """At request number `start` it does what `act` says: to the sampler, to itself, to the disk or to the board (`mark` is a file)."""

    name = "saboteur"

    def system(self) -> Run:
        """As fixed, but for one request."""
        numbers, start, act = count(), int(self.said["start"]), ACTS[self.said["act"]]

        def run(prepared: object) -> None:
            asleep(self.service_ns)
            if next(numbers) == start:
                act(self.said)

        return run


def kill_sampler(said: Mapping[str, Any]) -> None:
    """kill -9 of the process that reads the sensors."""
    for sampler in children("runner.sensors.sampler"):
        os.kill(sampler, signal.SIGKILL)


def kill_self(said: Mapping[str, Any]) -> None:
    """kill -9 of the process that measures."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill_disk(said: Mapping[str, Any]) -> None:
    """No file of this process grows beyond a few lines."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))


def set_mark(said: Mapping[str, Any]) -> None:
    """The board's scenario begins now."""
    path = Path(str(said["mark"]))
    part = path.with_suffix(".part")
    part.write_text(str(time.perf_counter_ns()), "utf-8")
    part.rename(path)


ACTS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "kill-sampler": kill_sampler, "kill-self": kill_self, "fill-disk": fill_disk, "mark": set_mark, "nothing": lambda said: None,
}  # fmt: skip


def children(module: str) -> list[int]:
    """Processes of this one that run `module`."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            parent = int((folder / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid() and module in words:
            found.append(int(folder.name))
    return found
