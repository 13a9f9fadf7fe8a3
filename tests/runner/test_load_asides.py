"""Beside the hot loop: device times, kept outputs and a warm-up in front never change what is timed, and never get lost."""

from __future__ import annotations

import numpy as np
import pytest

from runner.contract.samples import STATUS, decode, encode
from runner.contract.schedules import offsets
from runner.load.closed import closed_loop
from runner.load.driver import Columns, DeviceTime, Keep, Serve
from runner.load.open import open_loop
from runner.load.warming import WarmSchedule
from tests.runner.known_truth.systems import exploding
from tests.runner.virtual_time import VirtualTime

MS = 1_000_000
DUE = offsets("constant", "1000", 30, "7", 0, 0)
LOOPS = ["closed", "open"]


def looped(loop: str, run: Serve, virtual: VirtualTime, device_ns: DeviceTime | None = None, keep: Keep | None = None) -> Columns:
    """Thirty requests for the samples 0, 1, 2, 0 …"""
    if loop == "closed":
        return closed_loop(run, range(3), np.arange(3), None, virtual.clock(), requests=30, device_ns=device_ns, keep=keep)
    return open_loop(run, range(3), np.arange(3), DUE, 30 * MS, virtual.clock(), spin=20_000, device_ns=device_ns, keep=keep)


def echo(virtual: VirtualTime) -> Serve:
    return lambda prepared: (virtual.spend(500), prepared)[1]


@pytest.mark.parametrize("loop", LOOPS)
def test_the_time_to_read_a_device_time_is_in_no_service_time(loop: str) -> None:
    virtual = VirtualTime(cost_ns=10)
    columns = looped(loop, echo(virtual), virtual, lambda answer: (virtual.spend(9_000), 40 + int(str(answer)))[1])
    assert set(columns.parts()[2].tolist()) == {510}
    assert columns.device_ns is not None
    assert columns.device_ns.tolist() == [40, 41, 42] * 10
    decode(encode(columns.samples(0, 0, 1)))


@pytest.mark.parametrize("loop", LOOPS)
def test_a_backend_without_device_times_has_no_column_and_no_zeros(loop: str) -> None:
    virtual = VirtualTime()
    assert looped(loop, echo(virtual), virtual, lambda answer: None).device_ns is None
    assert looped(loop, echo(virtual), virtual).device_ns is None


@pytest.mark.parametrize("loop", LOOPS)
def test_one_missing_device_time_leaves_out_the_column(loop: str) -> None:
    virtual = VirtualTime()
    assert looped(loop, echo(virtual), virtual, lambda answer: None if answer == 2 else 7).device_ns is None


@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_that_failed_has_no_device_time(loop: str) -> None:
    virtual = VirtualTime()
    columns = looped(loop, exploding(virtual.spend, 500, {4}), virtual, lambda answer: 7)
    assert columns.device_ns is not None
    assert np.flatnonzero(columns.device_ns == 0).tolist() == [4]
    assert np.flatnonzero(columns.status == STATUS["error"]).tolist() == [4]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_device_time_that_cannot_be_read_is_an_error_of_its_request(loop: str) -> None:
    virtual = VirtualTime()
    columns = looped(loop, echo(virtual), virtual, lambda answer: {0: 7, 1: 7}[int(str(answer))])
    assert np.flatnonzero(columns.status == STATUS["error"]).tolist() == list(range(2, 30, 3))


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("numbers", [[0], [29], [3, 4, 5], [17, 2], list(range(30)), []], ids=str)
def test_wanted_outputs_are_copied_and_no_others(loop: str, numbers: list[int]) -> None:
    virtual = VirtualTime(cost_ns=10)
    keep = Keep(numbers, lambda answer, place: (virtual.spend(7_000), answer)[1])
    columns = looped(loop, echo(virtual), virtual, keep=keep)
    assert columns.kept == {number: number % 3 for number in numbers}
    assert len(columns) == 30
    assert set(columns.parts()[2].tolist()) == {510}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_wanted_output_of_a_request_that_failed_is_not_kept(loop: str) -> None:
    virtual = VirtualTime()
    columns = looped(loop, exploding(virtual.spend, 500, {4}), virtual, keep=Keep([3, 4, 5], lambda answer, place: answer))
    assert sorted(columns.kept) == [3, 5]


@pytest.mark.parametrize("loop", LOOPS)
def test_device_times_and_outputs_go_together(loop: str) -> None:
    virtual = VirtualTime()
    columns = looped(loop, echo(virtual), virtual, lambda answer: 7, Keep([1, 9], lambda answer, place: answer))
    assert columns.device_ns is not None
    assert set(columns.device_ns.tolist()) == {7}
    assert columns.kept == {1: 1, 9: 0}


def test_outputs_wanted_past_the_end_are_not_there() -> None:
    virtual = VirtualTime()
    assert looped("closed", echo(virtual), virtual, keep=Keep([5, 31, 1_000], lambda answer, place: answer)).kept == {5: 2}


def warmed(service_ns: int, before: np.ndarray, lasts_ns: int = 10 * MS, **options: object) -> Columns:
    virtual = VirtualTime(cost_ns=0)
    run: Serve = lambda prepared: (virtual.spend(service_ns), prepared)[1]  # noqa: E731
    warm = WarmSchedule(before, lasts_ns)
    return open_loop(run, range(3), np.arange(3), DUE, 30 * MS, virtual.clock(), spin=0, warm=warm, **options)  # type: ignore[arg-type]


def test_the_window_of_an_open_loop_begins_where_its_warm_up_ends() -> None:
    columns = warmed(1_000, offsets("constant", "1000", 10, "7", 0, 0))
    assert (columns.warmup_requests, columns.warmup_ns, len(columns)) == (10, 10 * MS, 30)
    assert (columns.t_scheduled_ns - columns.window_start_ns == DUE).all()
    assert columns.window_end_ns - columns.window_start_ns == 30 * MS
    assert columns.place is not None
    assert columns.place.tolist() == [0, 1, 2] * 10
    assert columns.queue_ns is None


def test_a_request_that_waits_for_one_of_the_warm_up_waits_in_the_queue() -> None:
    columns = warmed(4 * MS, np.array([9 * MS]), grace_ns=1_000 * MS)
    lag, queue, _ = columns.parts()
    assert set(lag.tolist()) == {0}
    assert queue[:3].tolist() == [3 * MS, 6 * MS, 9 * MS]


def test_kept_numbers_count_from_the_window() -> None:
    columns = warmed(1_000, np.zeros(4, np.int64), keep=Keep([0, 7], lambda answer, place: answer))
    assert columns.kept == {0: 0, 7: 1}


@pytest.mark.parametrize("before", [[11 * MS], [-1], [5, 4]], ids=["after it", "before it", "unsorted"])
def test_a_warm_up_out_of_bounds_is_refused(before: list[int]) -> None:
    with pytest.raises(ValueError, match=r"warm\.due_ns"):
        warmed(1, np.array(before))


def test_requests_of_several_classes_carry_their_class_and_its_batch() -> None:
    virtual = VirtualTime()
    columns = looped("open", echo(virtual), virtual).classed([0, 1, 1], [1, 8])
    rows = columns.samples(0, 0, 1)
    assert rows.klass is not None
    assert rows.klass.tolist() == [0, 1, 1] * 10
    assert rows.batch_size.tolist() == [1, 8, 8] * 10
    decode(encode(rows))
