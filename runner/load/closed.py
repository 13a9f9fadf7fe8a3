"""Closed loop, single stream: the next request leaves as soon as the last one has come back.

Per request the loop reads the clock, calls, reads the clock, stores twice and goes on; nothing that it makes lives longer than the request. A
request is scheduled at the moment the slot became free, which is the end of the one before, so the driver's own cost lies inside the latency
from schedule and outside the latency from issue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

import numpy as np

from runner.load.clock import Clock, no_collections
from runner.load.driver import Block, Columns, Integers, Serve, gathered, in_order

LEAST_ROOM, MOST_ROOM = 4_096, 8_000_000
NEVER = 2**63 - 1


def closed_loop(
    run: Serve, prepared: Sequence[object], order: Integers, window_ns: int | None, clock: Clock, *, requests: int | None = None, expected: int = 0
) -> Columns:
    """Serve for `window_ns`, or for `requests` requests, whichever ends first; request i takes sample `order[i mod len(order)]`.

    `expected` is how many requests the window is likely to hold (from the warm-up's rate); with too little room the loop makes more between
    two requests, and the time for it is that row's lag. The request that is under way when the window closes is finished and kept.
    """
    if window_ns is None and requests is None:
        raise ValueError("closed_loop: needs window_ns, or requests (got neither)")
    queue = cycle(in_order(prepared, order))
    room = requests if requests is not None and window_ns is None else min(max(expected * 5 // 4, LEAST_ROOM), MOST_ROOM)
    blocks = [Block(min(room, requests) if requests is not None else room)]
    with no_collections():
        start = clock.read()
        end = start + window_ns if window_ns is not None else NEVER
        while not _filled(run, queue, blocks[-1], clock.read, end):
            left = NEVER if requests is None else requests - sum(block.used for block in blocks)
            if left <= 0:
                break
            blocks.append(Block(min(blocks[-1].capacity * 2, MOST_ROOM, left)))
    return _columns(blocks, start, window_ns, clock.origin_ns)


def _filled(run: Serve, queue: Iterator[object], block: Block, read: Callable[[], int], end: int) -> bool:
    """Serve until the window closes (True) or the block is full (False); a request that raises becomes a row and the loop goes on."""
    closed = False
    while not closed and block.used < block.capacity:
        closed = _serve(run, queue, block, read, end)
    return closed


def _serve(run: Serve, queue: Iterator[object], block: Block, read: Callable[[], int], end: int) -> bool:
    """The hot loop; comes back when the window has closed (True), when the block is full, or after a request that raised."""
    sent, last = block.sent, block.last
    begun = place = 0
    try:
        for place, request in zip(range(block.used, block.capacity), queue):  # noqa: B905
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


def _columns(blocks: Sequence[Block], start: int, window_ns: int | None, origin: int) -> Columns:
    sent, last, status, errors = gathered(blocks)
    scheduled = np.empty_like(sent)
    scheduled[:1], scheduled[1:] = start, last[:-1]
    end = start + window_ns if window_ns is not None else int(last[-1])
    return Columns(scheduled - origin, sent - origin, last - origin, status, start - origin, end - origin, errors)
