"""Warm-up and window in one go: the window opens on slots that are at work, so that nothing is drained and no cohort is released at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from runner.load.clock import SECOND_NS
from runner.load.driver import NEVER, Integers
from runner.load.slot import MOST_ROOM, Slot

STEP_NS = 5_000_000
LONGEST_STEP_NS = SECOND_NS // 2


@dataclass(frozen=True)
class WarmUp:
    """Serve at least this long and, slot by slot, at least this many requests before the window opens."""

    least_ns: int
    least_requests: int = 1


@dataclass(frozen=True, eq=False)
class WarmSchedule:
    """Requests due before the window (offsets in ns from the start of the warm-up), which lasts `lasts_ns`."""

    due_ns: Integers
    lasts_ns: int


class Opening:
    """The window of several slots: it opens when the last of them is ready, at `start`, and closes at `end` (NEVER: after a count)."""

    def __init__(self, slots: int, window_ns: int | None, read: Callable[[], int]) -> None:
        self._waiting, self._window_ns, self._read = slots, window_ns, read
        self._lock = threading.Lock()
        self._event = threading.Event()
        self.alone, self.stopped = slots == 1, False
        self.start, self.end = NEVER, NEVER

    def ready(self) -> None:
        """One more slot is ready."""
        with self._lock:
            self._waiting -= 1
            if self._waiting == 0:
                self.start = self._read()
                if self._window_ns is not None:
                    self.end = self.start + self._window_ns
                self._event.set()

    def wait(self) -> None:
        """Until the window opens or everybody goes home."""
        self._event.wait()

    def stop(self) -> None:
        """Everybody goes home: slots leave within half a second, those that wait at once."""
        self.stopped = True
        self._event.set()

    def planned(self, served: int, took_ns: int) -> int:
        """Room for the window of a slot that served so many in that time, a quarter more than its rate asks."""
        return MOST_ROOM if self._window_ns is None else served * self._window_ns // max(took_ns, 1) * 5 // 4


def live(slot: Slot, opening: Opening, read: Callable[[], int], warm: WarmUp | None, most: int = NEVER) -> None:
    """The life of a slot: warm up, open, serve until the window closes or `most` requests were served in it."""
    if warm is None:
        opening.ready()
        opening.wait()
        slot.first = 0
    else:
        _warmed(slot, opening, read, warm, most)
        slot.opened(opening.start)
    last = most if most == NEVER else slot.first + most
    if opening.alone:
        slot.serve(opening.end, last)
        return
    while not opening.stopped and slot.served < last and (now := read()) < opening.end:
        slot.serve(min(opening.end, now + LONGEST_STEP_NS), last)


def _warmed(slot: Slot, opening: Opening, read: Callable[[], int], warm: WarmUp, most: int) -> None:
    """Serve in short steps; the room for the window is made before it opens, and a request is served in between."""
    begun = read()
    while not opening.stopped and (slot.served < warm.least_requests or read() - begun < warm.least_ns):
        slot.serve(read() + STEP_NS)
    slot.make_room(min(most, opening.planned(slot.served, read() - begun)))
    slot.serve(read())
    opening.ready()
    while opening.start == NEVER and not opening.stopped:
        slot.serve(read() + STEP_NS)
