"""Open loop: one thread walks a schedule that was complete before the window opened.

It never moves a due time, never skips one and never puts two together: a late request keeps the time at which it was due, and its latency counts
from there. A request that cannot be sent before `deadline_ns` becomes a row with status timeout and counts against every limit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.load.aside import After, Aside
from runner.load.clock import SECOND_NS, Clock, no_collections, set_timer_slack, spin_ns
from runner.load.driver import Block, Columns, DeviceTime, Integers, Keep, Serve, in_order
from runner.load.timetable import LEAD_NS, Timetable, planned
from runner.load.warming import WarmSchedule


def open_loop(  # noqa: PLR0913
    run: Serve, prepared: Sequence[object], order: Integers, due_ns: Integers, window_ns: int, clock: Clock, *, spin: int | None = None,
    grace_ns: int = SECOND_NS, warm: WarmSchedule | None = None, device_ns: DeviceTime | None = None, keep: Keep | None = None,
) -> Columns:  # fmt: skip
    """Send request i at `due_ns[i]` (offsets from the start of the window) with sample `order[i mod len(order)]`.

    The driver sleeps until `spin` ns before a due time and polls the clock from there (None: measured now). Requests still unsent `grace_ns`
    after the window and the schedule have ended are given up. The window opens a millisecond after everything is ready, or with `warm` right
    behind its warm-up, on one schedule and without a pause. `device_ns` reads an answer's time on the device, between requests.
    """
    plan = planned(due_ns, window_ns, order, warm, grace_ns)
    set_timer_slack()
    ahead = spin_ns(clock) if spin is None else spin
    block, queue, aside = Block(len(plan.due), device=device_ns is not None), in_order(prepared, plan.places), Aside(device_ns, keep)
    with no_collections():
        table = plan.at(clock.read() + LEAD_NS)
        _walk_all(run, queue, table, block, clock, ahead, aside)
    block.give_up(clock.read())
    return table.columns(block, clock.origin_ns, ahead, _first_wait(table, block), None, aside.kept)


def _first_wait(table: Timetable, block: Block) -> Integers | None:
    """What each request waited for the one before, where the window's first waited for a request of the warm-up: no row of the window says so."""
    first = table.first
    if not first or block.last_ns[first - 1] <= table.due[first]:
        return None
    return np.maximum(np.concatenate([[0], block.last_ns[:-1]]) - table.due, 0)


def _walk_all(run: Serve, queue: list[object], table: Timetable, block: Block, clock: Clock, ahead: int, aside: Aside) -> None:
    """From one request whose output is wanted to the next; ends at the end of the schedule or at the deadline."""
    more = True
    while more and block.used < block.capacity:
        number = block.used - table.first
        next_kept = aside.next_kept(number) if number >= 0 else -number
        stop = min(block.capacity, block.used + max(next_kept, 1))
        after = aside.hook(block, 0, wanted=next_kept == 0)
        if after is None:
            more = _walk(run, queue, table, block, stop, clock, ahead)
        else:
            more = _walk_and(run, queue, table, block, stop, clock, ahead, after)


def _walk(run: Serve, queue: list[object], table: Timetable, block: Block, stop: int, clock: Clock, ahead: int) -> bool:
    """The hot loop; comes back at row `stop` and after a request that raised (True), or at the deadline (False)."""
    due, deadline, read, sleep = table.due.data, table.deadline, clock.read, clock.sleep
    sent, last = block.sent, block.last
    begun = place = block.used
    try:
        for place in range(block.used, stop):
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
    return True


def _walk_and(run: Serve, queue: list[object], table: Timetable, block: Block, stop: int, clock: Clock, ahead: int, after: After) -> bool:
    """The hot loop that also hands each answer to `after`, once the clock was read."""
    due, deadline, read, sleep = table.due.data, table.deadline, clock.read, clock.sleep
    sent, last = block.sent, block.last
    begun = place = block.used
    try:
        for place in range(block.used, stop):
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
            answer = run(queue[place])
            last[place] = read()
            sent[place] = begun
            after(answer, place)
    except Exception as error:
        block.failed(place, begun, read(), error)
    block.used = place + 1
    return True
