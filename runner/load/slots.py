"""Closed loop at a concurrency c: c slots, each the loop of its own thread with columns of its own, put together afterwards.

It overlaps what a backend does without the interpreter's lock; a backend that holds the lock is served by one thread at a time, and the time that
an answer waits for the lock is in its service time. Nothing spins here: a slot is inside the backend or between two requests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.load.clock import Clock, no_collections, set_timer_slack
from runner.load.closed import columns_of
from runner.load.driver import MOST_MESSAGES, NEVER, Columns, DeviceTime, Integers, Keep, Serve
from runner.load.slot import LEAST_ROOM, MOST_ROOM, Slot
from runner.load.threads import in_threads
from runner.load.warming import Opening, WarmUp, live


def concurrent_loop(
    run: Serve, prepared_by_slot: Sequence[Sequence[object]], order: Integers, window_ns: int | None, clock: Clock, *, requests: int | None = None,
    expected: int = 0, warm: WarmUp | None = None, device_ns: DeviceTime | None = None, keep: Keep | None = None,
) -> Columns:  # fmt: skip
    """Serve for `window_ns` with one request in flight per slot, or until `requests` (shared out evenly) were served.

    Slot s of c takes the samples s, s + c, s + 2c … of the order, from its own `prepared_by_slot[s]`: two slots never run the same buffers. Rows
    come in the order in which they were sent. Request numbers to keep are shared out alike; `kept` says which rows they became.
    """
    slots = len(prepared_by_slot)
    if not slots or (window_ns is None and requests is None):
        raise ValueError(f"concurrent_loop: needs a slot, and window_ns or requests (got {slots} slots, {window_ns}, {requests})")
    room = min(max(expected * 5 // 4 // slots, LEAST_ROOM), MOST_ROOM) if warm is None else LEAST_ROOM
    places = np.arange(len(order))
    made = [
        Slot(run, prepared, order[(place + slots * places) % len(order)], clock.read, room, device_ns, _share(keep, place, slots))
        for place, prepared in enumerate(prepared_by_slot)
    ]
    opening = Opening(slots, window_ns, clock.read)
    counts = [NEVER if requests is None else requests // slots + (place < requests % slots) for place in range(slots)]

    def serve(place: int) -> None:
        set_timer_slack()
        live(made[place], opening, clock.read, warm, counts[place])

    with no_collections():
        begun = clock.read()
        in_threads(serve, slots, opening.stop)
    return _merged([columns_of(slot, opening, begun if warm is not None else None, clock.origin_ns) for slot in made])


def _share(keep: Keep | None, slot: int, slots: int) -> Keep | None:
    return None if keep is None else Keep([number // slots for number in keep.requests if number % slots == slot], keep.copied)


def _merged(parts: Sequence[Columns]) -> Columns:
    """The rows of all slots in the order in which they were sent (ties: by slot); a free slot waits for nobody, so there is no queue."""
    sent = np.concatenate([part.t_sent_ns for part in parts])
    rows = np.argsort(sent, kind="stable")
    number = np.empty_like(rows)
    number[rows] = np.arange(len(rows))
    first_of = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    kept = {int(number[first + row]): output for first, part in zip(first_of, parts, strict=False) for row, output in part.kept.items()}
    devices = [part.device_ns for part in parts if part.device_ns is not None]
    return Columns(
        np.concatenate([part.t_scheduled_ns for part in parts])[rows], sent[rows], np.concatenate([part.t_last_ns for part in parts])[rows],
        np.concatenate([part.status for part in parts])[rows], parts[0].window_start_ns, max(part.window_end_ns for part in parts),
        tuple([message for part in parts for message in part.errors][:MOST_MESSAGES]), queue_ns=np.zeros(len(rows), np.int64),
        device_ns=np.concatenate(devices)[rows] if len(devices) == len(parts) else None,
        place=np.concatenate([part.place for part in parts if part.place is not None])[rows], kept=kept,
        warmup_requests=sum(part.warmup_requests for part in parts), warmup_ns=parts[0].warmup_ns,
    )  # fmt: skip
