"""Open loop: one thread walks a schedule that was complete before the window opened.

It never moves a due time, never skips one and never puts two together: a late request keeps the time at which it was due, and its latency counts
from there. A request that cannot be sent before `deadline_ns` becomes a row with status timeout and counts against every limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from runner.contract.samples import STATUS
from runner.load.clock import SECOND_NS, Clock, no_collections, set_timer_slack, spin_ns
from runner.load.driver import Block, Columns, Integers, Serve, gathered, in_order

LEAD_NS = 1_000_000


def open_loop(
    run: Serve, prepared: Sequence[object], order: Integers, due_ns: Integers, window_ns: int, clock: Clock, *, spin: int | None = None,
    grace_ns: int = SECOND_NS,
) -> Columns:  # fmt: skip
    """Send request i at `due_ns[i]` (offsets from the start of the window) with sample `order[i mod len(order)]`.

    The driver sleeps until `spin` ns before a due time and polls the clock from there (None: measured now). Requests still unsent `grace_ns`
    after the window and the schedule have ended are given up. The window opens a millisecond after everything is ready.
    """
    if not len(due_ns) or due_ns[0] < 0 or (np.diff(due_ns) < 0).any():
        raise ValueError("due_ns: must hold at least one offset, from 0 and in order; take it from runner.load.arrivals")
    set_timer_slack()
    ahead = spin_ns(clock) if spin is None else spin
    block = Block(len(due_ns))
    queue = in_order(prepared, np.resize(order, len(due_ns)))
    with no_collections():
        start = clock.read() + LEAD_NS
        due = due_ns + start
        deadline = max(start + window_ns, int(due[-1])) + grace_ns
        while _walk(run, queue, due.data, block, clock.read, clock.sleep, ahead, deadline):
            pass
    _give_up(block, clock.read())
    sent, last, status, errors = gathered([block])
    origin = clock.origin_ns
    return Columns(due - origin, sent - origin, last - origin, status, start - origin, start + window_ns - origin, errors, ahead)


def _walk(
    run: Serve, queue: list[object], due: memoryview, block: Block, read: Callable[[], int], sleep: Callable[[float], None], ahead: int, deadline: int
) -> bool:
    """The hot loop; comes back after a request that raised (True: there may be more), at the end of the schedule or at the deadline."""
    sent, last = block.sent, block.last
    begun = place = block.used
    try:
        for place in range(block.used, block.capacity):
            time = due[place]
            begun = read()
            if begun < time - ahead:
                sleep((time - ahead - begun) / SECOND_NS)
                begun = read()
            while begun < time:
                begun = read()
            if begun >= deadline:
                block.used = place
                return False
            run(queue[place])
            last[place] = read()
            sent[place] = begun
    except Exception as error:
        block.failed(place, begun, read(), error)
        block.used = place + 1
        return block.used < block.capacity
    block.used = block.capacity
    return False


def _give_up(block: Block, now: int) -> None:
    """Rows of requests that were never sent: status timeout, sent and ended at the moment of giving up."""
    block.sent_ns[block.used :] = now
    block.last_ns[block.used :] = now
    block.status[block.used :] = STATUS["timeout"]
    block.used = block.capacity
