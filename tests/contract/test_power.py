"""Power over windows: of all devices together, by instants where there are any, and none where a device is silent."""

from __future__ import annotations

from dataclasses import replace

from runner.contract.power import power_of, power_trace
from runner.contract.telemetry_row import TelemetryRow
from tests.contract.telemetry_rows import S, changed, ordered, steady, without

WINDOW = (2 * S, 8 * S)


def stepped() -> list[TelemetryRow]:
    """A tenth of the window at 700 W, the rest at 300 W."""
    return changed(steady(0, 10), lambda row: replace(row, power_instant_mw=700_000) if row.power_instant_mw else row, 4, 4.6)


def test_a_steady_board_has_one_power() -> None:
    found = power_of(steady(0, 10), [WINDOW])
    assert found == {"column": "power_instant_mw", "mean_mw": 300_000, "p95_mw": 300_000, "p99_mw": 300_000, "peak_mw": 300_000}


def test_a_burst_shows_in_percentile_and_peak_and_only_a_little_in_the_mean() -> None:
    found = power_of(stepped(), [WINDOW])
    assert found is not None and found["peak_mw"] == found["p95_mw"] == 700_000 and abs(found["mean_mw"] - 340_000) < 2_000


def test_the_mean_is_over_time_and_not_over_readings() -> None:
    rows = [TelemetryRow(t * S, 0, power_instant_mw=mw) for t, mw in ((0, 100), (1, 100), (2, 100), (10, 300))]
    found = power_of(rows, [(0, 10 * S)])
    assert found is not None and found["mean_mw"] == (100 * 2 + 200 * 8) // 10


def test_windows_are_taken_together() -> None:
    rows = changed(steady(0, 30), lambda row: replace(row, power_instant_mw=500_000) if row.power_instant_mw else row, 20)
    found = power_of(rows, [(1 * S, 9 * S), (21 * S, 29 * S)])
    assert found is not None and abs(found["mean_mw"] - 400_000) < 1_000


def test_average_power_stands_in_and_says_so() -> None:
    found = power_of(changed(steady(0, 10), without("power_instant_mw")), [WINDOW])
    assert found is not None and found["column"] == "power_avg_mw"


def test_nothing_read_is_no_power() -> None:
    silent = changed(changed(steady(0, 10), without("power_instant_mw")), without("power_avg_mw"))
    assert power_of(silent, [WINDOW]) is None and power_of([], [WINDOW]) is None and power_of(steady(0, 10), []) is None


def test_a_window_in_which_a_device_is_silent_leaves_no_power() -> None:
    rows = ordered(steady(0, 10), [row for row in steady(0, 10, device=1) if row.t_ns < 2 * S])
    assert power_of(rows, [WINDOW]) is None
    assert power_of(steady(0, 10), [WINDOW], device_count=2) is None


def test_two_devices_are_added_at_the_same_moment() -> None:
    ramp = [replace(row, power_instant_mw=row.t_ns // 10**6) if row.power_instant_mw else row for row in steady(0, 10, device=1, phase_ms=63)]
    trace = power_trace(ordered(steady(0, 10), ramp), WINDOW, "power_instant_mw", 2)
    assert trace and all(mw == 300_000 + t_ns // 10**6 for t_ns, mw in trace)
