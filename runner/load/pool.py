"""Open loop with several workers, or with dynamic batches: an idle worker leads, the others follow.

The leader holds the only lock, waits for the next batch to close, takes it, hands the lead on and serves the batch itself: no queue lies between
the schedule and a worker, and no thread wakes another one to serve. All workers walk one schedule. A request waits (`queue_ns`) until the moment
its batch closed, which for a single request is the later of its due time and the end of an earlier request; what goes by from there until it
is sent is lag, the lock and the hand-over of the lead included. One worker needs no thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from runner.load.batcher import BatchRule
from runner.load.clock import SECOND_NS, Clock, no_collections, set_timer_slack, spin_ns
from runner.load.desk import Desk, Worker
from runner.load.driver import Columns, DeviceTime, Integers, Keep, Serve, in_order
from runner.load.lead import Lead
from runner.load.threads import in_threads
from runner.load.timetable import LEAD_NS, Timetable, planned
from runner.load.warming import WarmSchedule

Joined = Callable[[Sequence[int]], object]


def pool_loop(  # noqa: PLR0913
    run: Serve, prepared_by_worker: Sequence[Sequence[object]], order: Integers, due_ns: Integers, window_ns: int, clock: Clock, *,
    spin: int | None = None, grace_ns: int = SECOND_NS, warm: WarmSchedule | None = None, device_ns: DeviceTime | None = None,
    keep: Keep | None = None,
) -> Columns:  # fmt: skip
    """Like `open_loop`, with one request in flight per worker, each from the worker's own `prepared_by_worker[w]`."""
    plan = planned(due_ns, window_ns, order, warm, grace_ns)
    workers = [Worker(run, partial(_single, in_order(prepared, plan.places))) for prepared in prepared_by_worker]
    return _served(workers, BatchRule(), plan, clock, spin, Desk(plan, device_ns, keep, batched=False))


def batched_loop(  # noqa: PLR0913
    serve_by_worker: Sequence[Joined], order: Integers, due_ns: Integers, window_ns: int, clock: Clock, *, most: int, timeout_ns: int,
    spin: int | None = None, grace_ns: int = SECOND_NS, warm: WarmSchedule | None = None, device_ns: DeviceTime | None = None,
    keep: Keep | None = None,
) -> Columns:  # fmt: skip
    """Like `open_loop`, in batches of up to `most` that close after `timeout_ns`: worker w serves a batch's samples by `serve_by_worker[w]`.

    Every request keeps its due time; it shares sent, last, status, device time and `batch_size` with the rest of its batch.
    """
    plan = planned(due_ns, window_ns, order, warm, grace_ns + timeout_ns)
    places = plan.places.tolist()
    workers = [Worker(serve, partial(_several, places)) for serve in serve_by_worker]
    return _served(workers, BatchRule(most, timeout_ns), plan, clock, spin, Desk(plan, device_ns, keep, batched=True))


def _single(queue: list[object], first: int, stop: int) -> object:
    return queue[first]


def _several(places: list[int], first: int, stop: int) -> object:
    return places[first:stop]


def _served(workers: Sequence[Worker], rule: BatchRule, plan: Timetable, clock: Clock, spin: int | None, desk: Desk) -> Columns:
    if not workers:
        raise ValueError("workers: needs at least one (got none)")
    set_timer_slack()
    ahead = spin_ns(clock) if spin is None else spin
    with no_collections():
        table = plan.at(clock.read() + LEAD_NS * len(workers))
        lead = Lead(table, rule, len(workers), clock, ahead)

        def work(place: int) -> None:
            set_timer_slack()
            desk.work(workers[place], lead, clock.read)

        in_threads(work, len(workers), lead.stop)
    return desk.columns(table, lead.taken, clock, ahead)
