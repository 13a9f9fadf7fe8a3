"""A closed loop at a concurrency: as many requests in flight as there are slots, no more, and each row belongs to one slot."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract.generator import in_flight_at_most
from runner.contract.samples import STATUS, decode, encode
from runner.contract.slot_check import closed_problems
from runner.load.clock import Clock
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Keep
from runner.load.slots import concurrent_loop
from runner.load.warming import WarmUp
from tests.runner.known_truth.systems import asleep, exploding, fixed, slow_start
from tests.runner.virtual_time import VirtualTime

ORDER = np.array([2, 0, 1])
MS = 1_000_000
A_MILLISECOND = fixed(asleep, MS)


def clock() -> Clock:
    return Clock(time.perf_counter_ns())


def per_slot(slots: int) -> list[list[str]]:
    """Requests that say whose they are."""
    return [[f"{slot}{sample}" for sample in "abc"] for slot in range(slots)]


def served(slots: int, run: Callable[[object], object] = A_MILLISECOND, **options: object) -> Columns:
    return concurrent_loop(run, per_slot(slots), ORDER, options.pop("window_ns", 40 * MS), clock(), **options)  # type: ignore[arg-type]


def problems(columns: Columns, slots: int) -> list[str]:
    rows = columns.samples(0, 0, 1)
    return [str(found) for found in closed_problems(rows, columns.window_start_ns, columns.window_end_ns, slots, "here", whole=True)]


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_as_many_requests_are_in_flight_as_there_are_slots(slots: int) -> None:
    columns = served(slots, fixed(asleep, 3 * MS), window_ns=60 * MS)
    assert in_flight_at_most(columns.samples(0, 0, 1)) == slots
    assert problems(columns, slots) == []


def test_no_two_slots_run_the_same_buffers() -> None:
    busy: set[object] = set()
    lock = threading.Lock()

    def run(prepared: object) -> None:
        with lock:
            assert prepared not in busy
            busy.add(prepared)
        time.sleep(0.001)
        busy.discard(prepared)

    columns = served(4, run)
    assert set(columns.status.tolist()) == {STATUS["ok"]}


def test_rows_come_in_the_order_in_which_they_were_sent_and_tell_which_sample_they_took() -> None:
    taken: list[object] = []
    columns = served(3, lambda prepared: (taken.append(prepared), time.sleep(0.001)), window_ns=30 * MS)
    assert (np.diff(columns.t_sent_ns) >= 0).all()
    assert columns.place is not None
    assert sorted("abc"[place] for place in columns.place.tolist()) == sorted(str(request)[1] for request in taken)


def test_each_slot_takes_its_share_of_the_order() -> None:
    taken: list[str] = []
    served(2, lambda prepared: (taken.append(str(prepared)), time.sleep(0.0005)), window_ns=None, requests=12)
    assert [request[1] for request in taken if request[0] == "0"] == list("cbacba")
    assert [request[1] for request in taken if request[0] == "1"] == list("acbacb")


@pytest.mark.parametrize("requests", [1, 3, 10])
def test_a_count_is_shared_out_between_the_slots(requests: int) -> None:
    assert len(served(3, window_ns=None, requests=requests)) == requests


def test_lag_queue_and_service_are_the_latency_and_a_free_slot_waits_for_nobody() -> None:
    columns = served(3)
    lag, queue, service = columns.parts()
    assert (lag + queue + service == columns.t_last_ns - columns.t_scheduled_ns).all()
    assert set(queue.tolist()) == {0}
    assert int(lag.min()) >= 0
    assert int(service.min()) >= MS
    decode(encode(columns.samples(0, 0, 1)))


def test_requests_that_raise_are_rows_and_their_slot_goes_on() -> None:
    columns = served(2, exploding(asleep, MS // 2, {0, 3, 4}), window_ns=None, requests=20)
    assert int((columns.status == STATUS["error"]).sum()) == 3
    assert len(columns) == 20
    assert columns.errors == ("RuntimeError: the device is gone",) * 3


def test_a_system_that_only_raises_still_ends_with_its_window() -> None:
    columns = served(2, exploding(asleep, MS))
    assert set(columns.status.tolist()) == {STATUS["error"]}
    assert columns.window_end_ns - columns.window_start_ns == 40 * MS


def test_an_error_that_is_no_failed_request_ends_all_slots_and_is_raised() -> None:
    def run(prepared: object) -> None:
        time.sleep(0.001)
        if str(prepared).startswith("1"):
            raise SystemExit("the process is to end")

    before = threading.active_count()
    with pytest.raises(SystemExit, match="is to end"):
        served(3, run, window_ns=3_600_000 * MS)
    assert threading.active_count() == before
    assert gc.isenabled()


def test_the_window_opens_on_slots_that_are_at_work() -> None:
    columns = served(3, fixed(asleep, 2 * MS), warm=WarmUp(30 * MS, 4))
    assert columns.warmup_requests >= 3 * 4
    assert columns.warmup_ns >= 30 * MS
    assert (columns.t_sent_ns >= columns.window_start_ns).all()
    assert (columns.t_scheduled_ns >= columns.window_start_ns).all()
    assert problems(columns, 3) == []
    assert int((columns.t_scheduled_ns == columns.window_start_ns).sum()) <= 1


def test_a_single_stream_opens_its_window_behind_its_warm_up() -> None:
    virtual = VirtualTime(cost_ns=1)
    columns = closed_loop(slow_start(virtual.spend, 998, 60, 10), "abc", ORDER, MS, virtual.clock(), warm=WarmUp(0, 100))
    assert columns.warmup_requests >= 100
    assert set(columns.parts()[2].tolist()) == {999}
    assert problems(columns, 1) == []
    assert columns.window_end_ns - columns.window_start_ns == MS
    assert columns.place is not None
    assert columns.place[:3].tolist() == np.resize(ORDER, 3).tolist()


def test_a_warm_up_lasts_as_long_as_it_must_even_if_requests_are_many() -> None:
    virtual = VirtualTime(cost_ns=1)
    columns = closed_loop(fixed(virtual.spend, 998), "abc", ORDER, MS, virtual.clock(), warm=WarmUp(50 * MS, 1))
    assert columns.warmup_ns >= 50 * MS
    assert columns.warmup_requests == pytest.approx(columns.warmup_ns / 1_000, rel=0.01)


def test_a_count_behind_a_warm_up_counts_the_window_alone() -> None:
    virtual = VirtualTime()
    assert len(closed_loop(fixed(virtual.spend, 900), "abc", ORDER, None, virtual.clock(), requests=7, warm=WarmUp(0, 20))) == 7


def test_outputs_are_kept_by_the_number_of_their_row() -> None:
    keep = Keep([0, 1, 7, 12], lambda answer, place: answer)
    columns = served(3, lambda prepared: (time.sleep(0.001), prepared)[1], window_ns=None, requests=20, keep=keep)
    assert columns.place is not None
    assert len(columns.kept) == 4
    assert all(str(output)[1] == "abc"[columns.place[row]] for row, output in columns.kept.items())


def test_device_times_of_all_slots_lie_beside_their_rows() -> None:
    columns = served(2, lambda prepared: (time.sleep(0.001), int(str(prepared)[0]))[1], device_ns=lambda answer: 100 + int(str(answer)))
    assert columns.device_ns is not None
    assert set(columns.device_ns.tolist()) == {100, 101}


@settings(max_examples=15, deadline=None)
@given(slots=st.integers(1, 6), requests=st.integers(1, 40), service_us=st.integers(0, 300), bad=st.sets(st.integers(0, 39), max_size=5))
def test_whatever_the_slots_rows_are_complete_add_up_and_never_overlap_too_often(slots: int, requests: int, service_us: int, bad: set[int]) -> None:
    columns = served(slots, exploding(asleep, service_us * 1_000, bad), window_ns=None, requests=requests)
    lag, queue, service = columns.parts()
    assert len(columns) == requests
    assert (lag + queue + service == columns.t_last_ns - columns.t_scheduled_ns).all()
    assert min(int(lag.min()), int(queue.min()), int(service.min())) >= 0
    assert in_flight_at_most(columns.samples(0, 0, 1)) <= slots
    assert int((columns.status == STATUS["error"]).sum()) == len([number for number in bad if number < requests])


def test_a_loop_without_slots_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a slot"):
        served(0)
