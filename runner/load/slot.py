"""One slot of a closed loop: a stream of requests, each sent as soon as the one before has come back; the hot loops live here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

import numpy as np

from runner.load.aside import After, Aside
from runner.load.driver import NEVER, Block, DeviceTime, Gathered, Integers, Keep, Serve, gathered, in_order

LEAST_ROOM, MOST_ROOM = 4_096, 8_000_000


class Slot:
    """Serves prepared requests in order, again and again, and remembers when each was sent and done."""

    def __init__(
        self, run: Serve, prepared: Sequence[object], order: Integers, read: Callable[[], int], room: int,
        device_ns: DeviceTime | None = None, keep: Keep | None = None,
    ) -> None:  # fmt: skip
        self._run, self._read, self._order = run, read, order
        self._device, self._aside = device_ns is not None, Aside(device_ns, keep)
        self._queue: Iterator[object] = cycle(in_order(prepared, order))
        self._again: Iterator[object] = cycle(in_order(prepared, order))
        self._blocks = [Block(room, device=self._device)]
        self._before = self._turned = 0
        self.first = NEVER

    @property
    def served(self) -> int:
        """Requests so far."""
        return self._before + self._blocks[-1].used

    @property
    def kept(self) -> dict[int, object]:
        """Outputs that were wanted, by request number of the window."""
        return {row - self.first: output for row, output in self._aside.kept.items()}

    def serve(self, end: int, most: int = NEVER) -> bool:
        """Serve until a request ends at or after `end` (True), or until `most` requests were served in all (False)."""
        closed = False
        while not closed and (left := most - self.served) > 0:
            block = self._roomy(left)
            ahead = NEVER if self.first == NEVER else self._aside.next_kept(self.served - self.first)
            stop = min(block.capacity, block.used + min(left, max(ahead, 1)))
            after = self._aside.hook(block, self._before, wanted=ahead == 0)
            if after is None:
                closed = _serve(self._run, self._queue, block, stop, self._read, end)
            else:
                closed = _serve_and(self._run, self._queue, block, stop, self._read, end, after)
        return closed

    def opened(self, start: int) -> None:
        """The window opened at `start`: requests are numbered from the first that was sent since, and the order begins anew with the next one."""
        self.first = sum(int(np.searchsorted(block.sent_ns[: block.used], start)) for block in self._blocks)
        self._queue, self._turned = self._again, self.served

    def make_room(self, capacity: int) -> None:
        """The next requests go to a block of this size."""
        self._before = self.served
        self._blocks.append(Block(min(max(capacity, LEAST_ROOM), MOST_ROOM), device=self._device))

    def found(self) -> Gathered:
        """All rows, the warm-up's too."""
        return gathered(self._blocks)

    def places(self) -> Integers:
        """Which sample each request took."""
        return np.concatenate([np.resize(self._order, self._turned), np.resize(self._order, self.served - self._turned)])

    def _roomy(self, left: int) -> Block:
        block = self._blocks[-1]
        if block.used == block.capacity:
            self._before += block.used
            block = Block(min(max(block.capacity * 2, 1), MOST_ROOM, left), device=self._device)
            self._blocks.append(block)
        return block


def scheduled_in(found: Gathered, begun: int, start: int) -> Integers:
    """When the slot was free for each request: the end of the one before, and not before the window of the first request inside it."""
    free = np.empty_like(found.sent)
    free[:1], free[1:] = begun, found.last[:-1]
    return np.where(found.sent >= start, np.maximum(free, start), free)


def _serve(run: Serve, queue: Iterator[object], block: Block, stop: int, read: Callable[[], int], end: int) -> bool:
    """The hot loop; comes back when the window has closed (True), when row `stop` is reached, or after a request that raised."""
    sent, last = block.sent, block.last
    begun = place = 0
    try:
        for place, request in zip(range(block.used, stop), queue):  # noqa: B905
            begun = read()
            run(request)
            done = read()
            sent[place] = begun
            last[place] = done
            if done >= end:
                break
    except Exception as error:
        done = read()
        block.failed(place, begun, done, error)
    block.used = place + 1
    return done >= end


def _serve_and(run: Serve, queue: Iterator[object], block: Block, stop: int, read: Callable[[], int], end: int, after: After) -> bool:
    """The hot loop that also hands each answer to `after`, once the clock was read."""
    sent, last = block.sent, block.last
    begun = place = 0
    try:
        for place, request in zip(range(block.used, stop), queue):  # noqa: B905
            begun = read()
            answer = run(request)
            done = read()
            sent[place] = begun
            last[place] = done
            after(answer, place)
            if done >= end:
                break
    except Exception as error:
        done = read()
        block.failed(place, begun, done, error)
    block.used = place + 1
    return done >= end
