"""What a driver hands back: the columns of one window, and how they become rows of evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.contract.samples import STATUS, Samples

MOST_MESSAGES = 8
Serve = Callable[[object], object]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Columns:
    """One window: times in ns from the start of the run, a status per request, and the first few errors in words."""

    t_scheduled_ns: Integers
    t_sent_ns: Integers
    t_last_ns: Integers
    status: npt.NDArray[np.int8]
    window_start_ns: int
    window_end_ns: int
    errors: tuple[str, ...] = ()
    spin_ns: int | None = None

    def __len__(self) -> int:
        return len(self.t_last_ns)

    def samples(self, trial: int, point: int, batch: int) -> Samples:
        """The rows of evidence of this window."""
        n = len(self)
        return Samples(
            trial=np.full(n, trial, np.int64),
            point=np.full(n, point, np.int64),
            request=np.arange(n, dtype=np.int64),
            t_scheduled_ns=self.t_scheduled_ns,
            t_sent_ns=self.t_sent_ns,
            t_last_ns=self.t_last_ns,
            batch_size=np.full(n, batch, np.int32),
            status=self.status,
        )


class Block:
    """Room for `capacity` requests, touched once so that no page fault falls into a window; written through memory views."""

    def __init__(self, capacity: int) -> None:
        self.sent_ns, self.last_ns = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        self.status = np.empty(capacity, np.int8)
        self.sent_ns.fill(0)
        self.last_ns.fill(0)
        self.status.fill(STATUS["ok"])
        self.capacity, self.used = capacity, 0
        self.sent, self.last = self.sent_ns.data, self.last_ns.data
        self.messages: list[str] = []

    def failed(self, place: int, sent_ns: int, last_ns: int, error: Exception) -> None:
        """Write the row of a request that raised, with its real duration."""
        self.sent[place], self.last[place] = sent_ns, last_ns
        self.status[place] = STATUS["timeout" if isinstance(error, TimeoutError) else "error"]
        if len(self.messages) < MOST_MESSAGES:
            self.messages.append(f"{type(error).__name__}: {error}"[:300])


def gathered(blocks: Sequence[Block]) -> tuple[Integers, Integers, npt.NDArray[np.int8], tuple[str, ...]]:
    """(sent, last, status, first errors) over the used part of all blocks; times as the clock read them."""
    sent = np.concatenate([block.sent_ns[: block.used] for block in blocks])
    last = np.concatenate([block.last_ns[: block.used] for block in blocks])
    status = np.concatenate([block.status[: block.used] for block in blocks])
    return sent, last, status, tuple([message for block in blocks for message in block.messages][:MOST_MESSAGES])


def in_order(prepared: Sequence[object], order: Integers) -> list[object]:
    """The prepared requests in the order in which they will be sent."""
    if not len(order) or not 0 <= int(order.min()) <= int(order.max()) < len(prepared):
        raise ValueError(f"order: must hold places from 0 to {len(prepared) - 1} (got {len(order)} of them); prepare every sample that it names")
    return [prepared[place] for place in order.tolist()]
