"""Closed loop, single stream: the next request leaves as soon as the last one has come back.

Per request the loop reads the clock, calls, reads the clock, stores twice and goes on; nothing that it makes lives longer than the request. A
request is scheduled at the moment the slot became free, which is the end of the one before, so the driver's own cost lies inside the latency
from schedule and outside the latency from issue.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.load.clock import Clock, no_collections
from runner.load.driver import NEVER, Columns, DeviceTime, Integers, Keep, Serve
from runner.load.slot import LEAST_ROOM, MOST_ROOM, Slot, scheduled_in
from runner.load.warming import Opening, WarmUp, live


def closed_loop(
    run: Serve, prepared: Sequence[object], order: Integers, window_ns: int | None, clock: Clock, *, requests: int | None = None, expected: int = 0,
    warm: WarmUp | None = None, device_ns: DeviceTime | None = None, keep: Keep | None = None,
) -> Columns:  # fmt: skip
    """Serve for `window_ns`, or for `requests` requests, whichever ends first; request i takes sample `order[i mod len(order)]`.

    `expected` is how many requests the window is likely to hold (from the warm-up's rate); with too little room the loop makes more between
    two requests, and the time for it is that row's lag. The request that is under way when the window closes is finished and kept.
    With `warm` the window opens on the live slot, right behind its warm-up, and the order begins anew with it: request i of the window takes the
    same sample with a warm-up and without.
    `device_ns` reads an answer's time on the device, between requests.
    """
    if window_ns is None and requests is None:
        raise ValueError("closed_loop: needs window_ns, or requests (got neither)")
    most = NEVER if requests is None else requests
    room = most if window_ns is None else min(max(expected * 5 // 4, LEAST_ROOM), MOST_ROOM, most)
    slot = Slot(run, prepared, order, clock.read, room if warm is None else LEAST_ROOM, device_ns, keep)
    opening = Opening(1, window_ns, clock.read)
    with no_collections():
        begun = clock.read() if warm is not None else None
        live(slot, opening, clock.read, warm, most)
    return columns_of(slot, opening, begun, clock.origin_ns)


def columns_of(slot: Slot, opening: Opening, begun: int | None, origin: int) -> Columns:
    """The window of one slot; `begun` is when its warm-up did, None if it had none."""
    found, first, start = slot.found(), slot.first, opening.start
    scheduled = scheduled_in(found, start if begun is None else begun, start)
    end = opening.end if opening.end < NEVER else int(found.last.max(initial=start))
    return Columns(
        scheduled[first:] - origin, found.sent[first:] - origin, found.last[first:] - origin, found.status[first:], start - origin, end - origin,
        found.errors, place=slot.places()[first:], device_ns=None if found.device_ns is None else found.device_ns[first:],
        kept=slot.kept, warmup_requests=first, warmup_ns=0 if begun is None else start - begun,
    )  # fmt: skip
