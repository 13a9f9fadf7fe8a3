"""What a driver hands back: the columns of one window, and how they become rows of evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from runner.contract.samples import STATUS, Samples, lag_queue_service

MOST_MESSAGES = 8
NEVER = 2**63 - 1
NOT_MEASURED = -1
Serve = Callable[[object], object]
DeviceTime = Callable[[object], int | None]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Keep:
    """Outputs to be kept: request numbers of the window, and what copies the output of request `place_in_batch` out of an answer.

    The copy is made after the clock was read and before the next request leaves: it is in no service time, but in the next request's lag.
    """

    requests: Sequence[int]
    copied: Callable[[object, int], object]


@dataclass(frozen=True, eq=False)
class Columns:
    """One window: times in ns from the start of the run, a status per request, and the first few errors in words.

    Optional columns are None where nothing of the kind was recorded: `queue_ns` the wait for a busy system (None: it follows from the row before),
    `device_ns` the time on the device (0 for a request that failed), `klass` the request's class, `batch_size` the samples served together.
    `place` is the sample of each request, `kept` the outputs asked for by request number; the warm-up's requests are counted and not kept.
    """

    t_scheduled_ns: Integers
    t_sent_ns: Integers
    t_last_ns: Integers
    status: npt.NDArray[np.int8]
    window_start_ns: int
    window_end_ns: int
    errors: tuple[str, ...] = ()
    spin_ns: int | None = None
    queue_ns: Integers | None = None
    device_ns: Integers | None = None
    klass: npt.NDArray[np.int32] | None = None
    batch_size: npt.NDArray[np.int32] | None = None
    place: Integers | None = None
    kept: Mapping[int, object] = field(default_factory=dict)
    warmup_requests: int = 0
    warmup_ns: int = 0

    def __len__(self) -> int:
        return len(self.t_last_ns)

    def classed(self, class_of_place: Sequence[int], batch_of_class: Sequence[int] | None = None) -> Columns:
        """The same window with the class of every request, and its batch where a request of each class carries that many samples."""
        if self.place is None:
            raise ValueError("columns.place: needed to know the class of a request (got None); take the columns from a driver")
        klass = np.asarray(class_of_place, np.int32)[self.place]
        batch = self.batch_size if batch_of_class is None else np.asarray(batch_of_class, np.int32)[klass]
        return replace(self, klass=klass, batch_size=batch)

    def samples(self, trial: int, point: int, batch: int) -> Samples:
        """The rows of evidence of this window; `batch` is the batch of every request where no column says it."""
        n = len(self)
        return Samples(
            trial=np.full(n, trial, np.int64),
            point=np.full(n, point, np.int64),
            request=np.arange(n, dtype=np.int64),
            t_scheduled_ns=self.t_scheduled_ns,
            t_sent_ns=self.t_sent_ns,
            t_last_ns=self.t_last_ns,
            batch_size=np.full(n, batch, np.int32) if self.batch_size is None else self.batch_size,
            status=self.status,
            klass=self.klass,
            queue_ns=self.queue_ns,
            device_ns=self.device_ns,
        )

    def parts(self) -> tuple[Integers, Integers, Integers]:
        """(lag, queue, service) of each request in ns."""
        return lag_queue_service(self.samples(0, 0, 1))


class Block:
    """Room for `capacity` requests, touched once so that no page fault falls into a window; written through memory views."""

    def __init__(self, capacity: int, *, device: bool = False) -> None:
        self.sent_ns, self.last_ns = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        self.device_ns = np.empty(capacity if device else 0, np.int64)
        self.status = np.empty(capacity, np.int8)
        self.sent_ns.fill(0)
        self.last_ns.fill(0)
        self.device_ns.fill(0)
        self.status.fill(STATUS["ok"])
        self.capacity, self.used = capacity, 0
        self.sent, self.last, self.device = self.sent_ns.data, self.last_ns.data, self.device_ns.data
        self.messages: list[str] = []

    def failed(self, place: int, sent_ns: int, last_ns: int, error: Exception) -> None:
        """Write the row of a request that raised, with its real duration."""
        self.sent[place], self.last[place] = sent_ns, last_ns
        self.status[place] = STATUS["timeout" if isinstance(error, TimeoutError) else "error"]
        if len(self.device_ns):
            self.device[place] = 0
        if len(self.messages) < MOST_MESSAGES:
            self.messages.append(f"{type(error).__name__}: {error}"[:300])

    def give_up(self, now: int) -> None:
        """Rows of requests that were never sent: status timeout, sent and ended at the moment of giving up."""
        self.sent_ns[self.used :] = now
        self.last_ns[self.used :] = now
        self.status[self.used :] = STATUS["timeout"]
        self.used = self.capacity


@dataclass(frozen=True, eq=False)
class Gathered:
    """The used rows of some blocks, times as the clock read them; `device_ns` is None where any answered request has none."""

    sent: Integers
    last: Integers
    status: npt.NDArray[np.int8]
    device_ns: Integers | None
    errors: tuple[str, ...]


def gathered(blocks: Sequence[Block]) -> Gathered:
    """The used part of all blocks, one after the other."""
    sent = np.concatenate([block.sent_ns[: block.used] for block in blocks])
    last = np.concatenate([block.last_ns[: block.used] for block in blocks])
    status = np.concatenate([block.status[: block.used] for block in blocks])
    device = np.concatenate([block.device_ns[: block.used] for block in blocks])
    measured = len(device) == len(sent) and bool((device[status == STATUS["ok"]] != NOT_MEASURED).all())
    errors = tuple([message for block in blocks for message in block.messages][:MOST_MESSAGES])
    return Gathered(sent, last, status, device if measured and len(device) else None, errors)


def in_order(prepared: Sequence[object], order: Integers) -> list[object]:
    """The prepared requests in the order in which they will be sent."""
    if not len(order) or not 0 <= int(order.min()) <= int(order.max()) < len(prepared):
        raise ValueError(f"order: must hold places from 0 to {len(prepared) - 1} (got {len(order)} of them); prepare every sample that it names")
    return [prepared[place] for place in order.tolist()]
