"""Throttling: each class by its counters to a millisecond, nothing from idle clocks, and what was not read is never shown as clean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.contract.telemetry_row import TelemetryRow
from runner.contract.throttling import COUNTERS, RibbonPart, ribbon, throttle_class, worst_class
from tests.contract.telemetry_rows import MS, S, changed, clean_counters, ordered, steady, without

WINDOW = (2 * S, 8 * S)
IDLE, APP_CLOCKS, POWER_CAP, HW, SYNC, SW_THERMAL, HW_THERMAL, BRAKE, DISPLAY = (1 << bit for bit in range(9))


def board(device: int = 0, mask: int = 0) -> list[TelemetryRow]:
    """Ten seconds of a board that nothing holds back, every counter and the mask read."""
    rows = clean_counters(steady(0, 10, device=device, throttle_mask=mask))
    zeros = dict.fromkeys(COUNTERS, 0)
    return [replace(row, **{name: getattr(row, name) or 0 for name in zeros}) if row.power_instant_mw else row for row in rows]


def event(rows: list[TelemetryRow], name: str, at_ns: int, length_ns: int) -> list[TelemetryRow]:
    """The rows with one counter running for a while."""
    return [row if getattr(row, name) is None else replace(row, **{name: min(max(0, row.t_ns - at_ns), length_ns)}) for row in rows]


def unread(rows: list[TelemetryRow], *names: str) -> list[TelemetryRow]:
    for name in names:
        rows = changed(rows, without(name))
    return rows


def test_a_board_that_nothing_holds_back_is_clean() -> None:
    found = throttle_class(board(), WINDOW)
    assert (found.name, found.sampled, found.codes, set(found.shares_ppm.values())) == ("clean", False, (), {0})


@pytest.mark.parametrize(
    ("counter", "name"),
    [
        ("violation_power_ns", "power_capped"), ("violation_board_limit_ns", "power_capped"), ("violation_thermal_ns", "thermal"),
        ("slowdown_sw_thermal_ns", "thermal"), ("slowdown_hw_thermal_ns", "hw_slowdown"), ("slowdown_hw_power_brake_ns", "hw_slowdown"),
    ],
)  # fmt: skip
def test_a_millisecond_of_a_counter_is_its_class_and_less_is_none(counter: str, name: str) -> None:
    assert throttle_class(event(board(), counter, 5 * S, MS), WINDOW).name == name
    assert throttle_class(event(board(), counter, 5 * S, MS - 1), WINDOW).name == "clean"


@pytest.mark.parametrize("counter", ["violation_sync_boost_ns", "violation_low_utilization_ns", "violation_reliability_ns"])
def test_what_is_only_recorded_has_a_share_and_no_class(counter: str) -> None:
    found = throttle_class(event(board(), counter, 2 * S, 6 * S), WINDOW)
    assert found.name == "clean" and found.shares_ppm[counter] > 950_000


def test_an_event_outside_the_window_is_not_the_windows() -> None:
    assert throttle_class(event(board(), "violation_power_ns", S, S // 2), WINDOW).name == "clean"
    assert throttle_class(event(board(), "violation_power_ns", 9 * S, S // 2), WINDOW).name == "clean"


def test_the_share_is_of_the_time_between_the_reads_around_the_window() -> None:
    found = throttle_class(event(board(), "violation_power_ns", 3 * S, 2 * S), WINDOW)
    assert found.shares_ppm["violation_power_ns"] == 2 * S * 10**6 // 6_100_000_000


def test_the_worst_of_two_reasons_is_the_class() -> None:
    rows = event(event(board(), "violation_power_ns", 3 * S, 3 * S), "slowdown_hw_thermal_ns", 4 * S, 2 * MS)
    assert throttle_class(rows, WINDOW).name == "hw_slowdown"


@pytest.mark.parametrize("mask", [0, IDLE, APP_CLOCKS, SYNC, DISPLAY, IDLE | APP_CLOCKS | SYNC | DISPLAY])
def test_idle_and_application_clocks_are_no_class(mask: int) -> None:
    assert throttle_class(unread(board(mask=mask), *COUNTERS), WINDOW).name == "clean"


@pytest.mark.parametrize(
    ("mask", "name"),
    [(POWER_CAP, "power_capped"), (SW_THERMAL, "thermal"), (HW, "hw_slowdown"), (HW_THERMAL, "hw_slowdown"), (BRAKE | IDLE, "hw_slowdown")],
)
def test_the_mask_stands_in_for_counters_and_says_that_it_was_sampled(mask: int, name: str) -> None:
    rows = unread(board(), *COUNTERS)
    found = throttle_class(changed(rows, lambda row: replace(row, throttle_mask=mask) if row.throttle_mask == 0 else row, 5, 5.1), WINDOW)
    assert (found.name, found.sampled) == (name, True)


def test_slowdown_fields_of_another_numbering_leave_the_mask_for_them_alone() -> None:
    rows = unread(board(), "slowdown_sw_thermal_ns", "slowdown_hw_thermal_ns", "slowdown_hw_power_brake_ns")
    found = throttle_class(rows, WINDOW)
    assert (found.name, found.sampled) == ("clean", True)
    assert throttle_class(unread(rows, "throttle_mask"), WINDOW).name == "unknown"
    assert throttle_class(event(unread(rows, "throttle_mask"), "violation_power_ns", 4 * S, S), WINDOW).name == "power_capped"


def test_a_mask_is_not_asked_where_the_counters_answer() -> None:
    found = throttle_class(board(mask=POWER_CAP), WINDOW)
    assert (found.name, found.sampled) == ("clean", False)


def test_a_mask_that_was_not_read_for_a_while_is_not_clean() -> None:
    rows = [row for row in unread(board(), *COUNTERS) if not 4 * S < row.t_ns < 4 * S + 600 * MS]
    assert throttle_class(rows, WINDOW).name == "unknown"


def test_a_counter_accounts_for_a_gap_in_the_reads() -> None:
    rows = [row for row in event(board(), "violation_power_ns", 5 * S, 2 * MS) if not 3 * S < row.t_ns < 7 * S]
    assert throttle_class(rows, WINDOW).name == "power_capped"


def test_a_counter_that_counts_more_than_all_of_the_time_is_implausible_and_the_mask_decides() -> None:
    wild = [row if row.violation_power_ns is None else replace(row, violation_power_ns=row.t_ns * 1000) for row in board()]
    found = throttle_class(wild, WINDOW)
    assert (found.name, found.sampled, found.codes) == ("clean", True, ("counter-implausible",))


def test_a_counter_that_counts_all_of_the_time_is_plausible() -> None:
    found = throttle_class(event(board(), "violation_power_ns", 0, 10 * S), WINDOW)
    assert (found.name, found.codes, found.shares_ppm["violation_power_ns"]) == ("power_capped", (), 1_000_000)


def test_a_counter_that_fell_is_not_read() -> None:
    rows = [row if row.violation_power_ns is None else replace(row, violation_power_ns=5 * S if row.t_ns < 5 * S else 0) for row in board()]
    assert throttle_class(rows, WINDOW).codes == ("counter-reset",)


def test_without_counters_and_mask_nothing_is_known() -> None:
    assert throttle_class(unread(board(), *COUNTERS, "throttle_mask"), WINDOW).name == "unknown"
    assert throttle_class([], WINDOW).name == "unknown"


def test_what_was_not_seen_to_the_end_is_not_clean_but_what_was_seen_counts() -> None:
    rows = [row for row in board() if row.t_ns < 7 * S]
    assert throttle_class(rows, WINDOW).name == "unknown"
    assert throttle_class(event(rows, "violation_power_ns", 5 * S, S), WINDOW).name == "power_capped"


def test_the_worst_device_labels_the_point_and_each_keeps_its_own() -> None:
    found = throttle_class(ordered(board(), event(board(1), "slowdown_sw_thermal_ns", 5 * S, S)), WINDOW)
    assert (found.name, found.devices) == ("thermal", ("clean", "thermal"))


def test_a_device_of_which_nothing_was_read_is_not_clean() -> None:
    assert throttle_class(board(), WINDOW, device_count=2).devices == ("clean", "unknown")


def test_the_worst_window_labels_the_run() -> None:
    rows = event(board(), "violation_thermal_ns", 5 * S, S)
    assert worst_class(rows, [(1 * S, 4 * S), (4 * S, 8 * S)]) == "thermal" and worst_class(rows, [(1 * S, 4 * S)]) == "clean"


def test_the_ribbon_shows_an_event_where_it_was_and_joins_what_is_equal() -> None:
    parts = ribbon(event(board(), "violation_power_ns", 4 * S, 2 * S), *WINDOW)
    assert [part.klass for part in parts] == ["clean", "power_capped", "clean"]
    assert abs(parts[1].start_ns - 4 * S) <= 100 * MS and abs(parts[1].end_ns - 6 * S) <= 100 * MS
    assert (parts[0].start_ns, parts[-1].end_ns) == WINDOW


def test_a_ribbon_has_no_more_bins_than_asked_for_and_no_gap() -> None:
    flicker = [row if row.violation_power_ns is None else replace(row, violation_power_ns=row.t_ns // S * S // 3) for row in board()]
    parts = ribbon(flicker, 0, 10 * S, most_bins=8)
    assert 1 < len(parts) <= 8
    assert all(one.end_ns == other.start_ns for one, other in zip(parts, parts[1:], strict=False))


def test_a_ribbon_is_unknown_where_nothing_was_read() -> None:
    assert ribbon([], 0, S) == (RibbonPart(0, S, "unknown"),)
    parts = ribbon([row for row in board() if row.t_ns < 5 * S], *WINDOW)
    assert [part.klass for part in parts] == ["clean", "unknown"]
