"""Energy of a board whose power is known: what is measured is power times time, and each reason against it is found and found alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from runner.contract.energy import Energy, best_method, energy_of, interval
from runner.contract.energy_validity import DROPPING, RULES
from runner.contract.metering import integrated, power_at
from runner.contract.telemetry_row import HOST, TelemetryRow
from tests.contract.telemetry_rows import MS, S, changed, clean_counters, host, ordered, steady, without

WINDOW = (20 * S, 140 * S)
IDLE = ((2 * S, 18 * S), (142 * S, 158 * S))
EVERY_10_MS = np.arange(20 * S, 140 * S, 10 * MS, dtype=np.int64)
Rows = list[TelemetryRow]


@cache
def run(load_mw: int = 300_000, idle_mw: tuple[int, int] = (60_000, 60_000)) -> Rows:
    """Idle, two minutes under load and idle again."""
    parts = [steady(0, 19, idle_mw[0]), steady(19, 141, load_mw), steady(141, 160, idle_mw[1])]
    counted, rows = 0, []
    for part in parts:
        first = part[0].energy_mj or 0
        rows += [replace(row, energy_mj=counted + (row.energy_mj or 0) - first) for row in part]
        counted += (part[-1].energy_mj or 0) - first
    unique = {(row.t_ns, row.power_instant_mw is None): row for row in rows}
    return ordered(clean_counters(unique.values()), host(0, 160, package_energy_mj=45_000, cpu_total_ticks=200))


def measured(rows: Rows, completed: Any = EVERY_10_MS, **kwargs: Any) -> Energy:
    window = kwargs.pop("window", WINDOW)
    given = {"scope": "gpu_board", "method": "nvml_counter", "tick_ns": 100 * MS, "device_count": 1} | kwargs
    return energy_of(rows, window, given.pop("device_count"), completed, given.pop("idle", IDLE), **given)


def test_energy_is_power_times_time() -> None:
    found = measured(run())
    assert (found.valid, found.codes, found.gross_mj, found.window_ns) == (True, (), 300 * 120 * 1000, 120 * S)


def test_net_energy_leaves_out_what_the_idle_board_draws() -> None:
    found = measured(run(idle_mw=(60_000, 62_000)))
    assert (found.net_mj, found.idle_before_mw, found.idle_after_mw) == ((300 - 61) * 120 * 1000, 60_000, 62_000)


def test_without_idle_phases_there_is_no_net_energy_and_gross_stands() -> None:
    found = measured(run(), idle=())
    assert (found.valid, found.net_mj, found.net_per_inference, found.gross_mj) == (True, None, None, 36_000_000)


def test_energy_is_per_inference_completed_between_the_two_ticks() -> None:
    found = measured(run())
    assert found.inferences == 11_999  # the one completed at the very first tick is not in it
    assert found.gross_per_inference == "3000.250021"


def test_the_ends_of_the_window_are_moved_to_ticks_inside_it() -> None:
    found = measured(run(), window=(20 * S + 1, 140 * S - 1))
    assert (found.start_ns, found.end_ns, found.gross_mj) == (20_100 * MS, 139_900 * MS, 300 * 119_800)


def test_a_tiny_model_does_not_round_to_nothing() -> None:
    found = measured(run(load_mw=300), np.arange(20 * S + 1, 140 * S, 30_000, dtype=np.int64), idle=())
    assert (found.inferences, found.gross_mj, found.gross_per_inference) == (4_000_000, 36_000, "0.009")


def test_the_interval_over_slices_is_students() -> None:
    values = [Fraction(value, 10) for value in (31, 29, 30, 33, 28)]
    low, high = interval(values)
    expected = stats.t.interval(0.95, 4, loc=3.02, scale=stats.sem([float(value) for value in values]))
    assert (float(low or 0), float(high or 0)) == pytest.approx(expected, abs=1e-5)


def test_equal_slices_have_an_interval_of_no_width() -> None:
    assert interval([Fraction(3), Fraction(3)]) == ("3", "3")


def test_the_interval_holds_the_value_and_is_within_two_percent_for_a_steady_board() -> None:
    found = measured(run())
    low, value, high = (float(text or "nan") for text in (found.gross_low, found.gross_per_inference, found.gross_high))
    assert low <= value * 1.001 and high >= value * 0.999 and (high - low) / 2 <= 0.02 * value


def test_a_slice_in_which_nothing_was_completed_leaves_no_interval() -> None:
    found = measured(run(), EVERY_10_MS[EVERY_10_MS > 60 * S])
    assert found.gross_per_inference is not None and (found.gross_low, found.gross_high) == (None, None)


def test_nothing_completed_is_no_energy_per_inference() -> None:
    found = measured(run(), EVERY_10_MS[:0])
    assert (found.inferences, found.gross_mj, found.gross_per_inference) == (0, 36_000_000, None)


def test_without_a_source_there_is_no_energy_and_no_code_speaks_of_one() -> None:
    assert measured(run(), method="none") == Energy("none", "gpu_board")


@pytest.mark.parametrize("word", ["mig", "vgpu"])
def test_a_share_of_a_board_without_a_source_says_why(word: str) -> None:
    assert measured(run(), method="none", refusals={"energy_mj": f"unreadable:{word}"}).codes == (word,)


def test_the_packages_counter_gives_energy_of_the_packages() -> None:
    found = measured(run(), method="rapl", scope="cpu_package", tick_ns=None)
    assert (found.method, found.valid, found.codes, found.gross_mj, found.integral_mj) == ("rapl", True, (), 45 * 120 * 1000, None)


def test_packages_that_are_not_read_give_none() -> None:
    found = measured(changed(run(), without("package_energy_mj")), method="rapl", scope="cpu_package")
    assert "device-missing" in found.codes and found.gross_mj is None


def test_the_integral_of_instant_power_stands_in_for_a_counter() -> None:
    found = measured(changed(run(), without("energy_mj")), method="nvml_power_integral")
    assert (found.codes, found.gross_mj, found.counter_mj) == ((), 36_000_000, None)


def test_average_power_is_never_integrated() -> None:
    rows = changed(changed(run(), without("energy_mj")), without("power_instant_mw"))
    assert measured(rows, method="nvml_power_integral").gross_mj is None


def test_an_integral_is_linear_between_readings_and_at_both_edges() -> None:
    read = [(0, 100), (10 * S, 200), (20 * S, 0)]
    assert integrated(read, (5 * S, 15 * S)) == Fraction(150 + 200, 2) * 5 + Fraction(200 + 100, 2) * 5
    assert power_at(read, 10 * S) == 200 and power_at(read, 15 * S) == 100


def test_an_integral_is_not_prolonged_past_its_readings() -> None:
    read = [(1 * S, 100), (9 * S, 100)]
    assert integrated(read, (0, 5 * S)) is None and integrated(read, (5 * S, 10 * S)) is None
    assert integrated(read, (1 * S, 9 * S)) == 800


def two() -> Rows:
    """Two boards whose ticks lie 40 ms apart; the second draws a third."""
    second = [replace(row, t_ns=row.t_ns + 40 * MS, device=1, energy_mj=row.energy_mj // 3 if row.energy_mj is not None else None,
                      power_instant_mw=row.power_instant_mw // 3 if row.power_instant_mw is not None else None)
              for row in run() if row.device == 0]  # fmt: skip
    return ordered(run(), second)


def test_energy_of_two_boards_is_the_sum_over_the_time_that_their_ticks_share() -> None:
    found = measured(two(), device_count=2)
    assert (found.codes, found.start_ns, found.end_ns) == ((), 20_040 * MS, 139_940 * MS)
    assert found.gross_mj == round(400_000 * (found.window_ns / S))


def test_a_board_that_is_missing_leaves_no_sum() -> None:
    found = measured(run(), device_count=2)
    assert (found.codes, found.gross_mj, found.gross_per_inference) == (("device-missing",), None, None)


def test_a_board_that_is_lost_in_the_window_leaves_no_sum() -> None:
    rows = [row for row in two() if row.device != 1 or row.t_ns < 90 * S]
    assert "device-missing" in measured(rows, device_count=2).codes and measured(rows, device_count=2).gross_mj is None


def test_more_than_five_percent_between_counter_and_integral_drop_energy_and_both_are_shown() -> None:
    rows = changed(run(), lambda row: replace(row, power_instant_mw=320_000) if row.power_instant_mw else row, 19, 141)
    found = measured(rows)
    assert found.codes == ("counter-vs-integral",) and found.gross_mj is None
    assert (found.counter_mj, found.integral_mj) == (36_000_000, 38_400_000)


def test_five_percent_between_counter_and_integral_are_allowed() -> None:
    rows = changed(run(), lambda row: replace(row, power_instant_mw=315_000) if row.power_instant_mw else row, 19, 141)
    assert measured(rows).codes == ()


def shift(mj: int) -> Callable[[TelemetryRow], TelemetryRow]:
    return lambda row: row if row.energy_mj is None else replace(row, energy_mj=row.energy_mj + mj)


def held(mj_of: int) -> Callable[[TelemetryRow], TelemetryRow]:
    return lambda row: row if row.energy_mj is None else replace(row, energy_mj=mj_of)


def foreign(count: int) -> Callable[[TelemetryRow], TelemetryRow]:
    return lambda row: row if row.foreign_processes is None else replace(row, foreign_processes=count)


def clock(khz: int) -> Callable[[TelemetryRow], TelemetryRow]:
    return lambda row: row if row.sm_clock_khz is None else replace(row, sm_clock_khz=khz)


def throttled(since_s: int) -> Callable[[TelemetryRow], TelemetryRow]:
    return lambda row: row if row.violation_power_ns is None else replace(row, violation_power_ns=max(0, row.t_ns - since_s * S) // 10)


def gap(from_s: float, to_s: float) -> Rows:
    return [row for row in run() if not from_s * S < row.t_ns < to_s * S or row.power_instant_mw is None]


AT_70_MJ = 60 * 19 * 1000 + 300 * (70 - 19) * 1000
# code -> (rows and arguments that raise it, and it alone; rows and arguments that just do not)
CASES: dict[str, tuple[tuple[Rows, dict[str, Any]], tuple[Rows, dict[str, Any]]]] = {
    "device-missing": (([row for row in run() if row.device == HOST], {}), (run(), {})),
    "edge-not-bracketed": (
        ([row for row in run() if row.t_ns >= 20 * S], {"idle": ()}),
        ([row for row in run() if row.t_ns >= 20 * S - 90 * MS], {"idle": ()}),
    ),
    "sample-gap": ((gap(50, 50.6), {}), (gap(50, 50.41), {})),
    "counter-reset": ((changed(run(), shift(-AT_70_MJ), 70), {"idle": ()}), (changed(run(), shift(10**9)), {"idle": ()})),
    "counter-stuck": ((changed(run(), held(AT_70_MJ), 70, 70.7), {}), (changed(run(), held(AT_70_MJ), 70, 70.5), {})),
    "foreign-process": ((changed(run(), foreign(1), 70, 70.1), {}), (changed(run(), foreign(1), 0, 19), {})),
    "mig": ((run(), {"refusals": {"energy_mj": "unreadable:mig"}}), (run(), {"refusals": {"energy_mj": "unreadable:not-supported"}})),
    "vgpu": ((run(), {"refusals": {"power_instant_mw": "unreadable:vgpu"}}), (run(), {"refusals": {"device": "unreadable:vgpu"}})),
    "window-too-short": ((run(), {"window": (30 * S, 130 * S - 1)}), (run(), {"window": (30 * S, 130 * S)})),
    "idle-drift": ((run(idle_mw=(60_000, 63_200)), {}), (run(idle_mw=(60_000, 63_000)), {})),
    "not-steady": ((changed(run(), throttled(100), 100), {}), (changed(run(), throttled(0)), {})),
    "counter-vs-integral": (
        (changed(run(), lambda row: replace(row, power_instant_mw=row.power_instant_mw * 2) if row.power_instant_mw else row, 19, 141), {}),
        (run(), {}),
    ),
}  # fmt: skip


def test_every_code_has_a_case_that_raises_it_and_one_that_just_does_not() -> None:
    assert set(CASES) == set(RULES) and set(RULES) >= DROPPING


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_code_is_raised_by_its_own_rule_alone(code: str) -> None:
    (rows, kwargs), (near, near_kwargs) = CASES[code]
    found = measured(rows, **kwargs)
    assert found.codes == (code,) and not found.valid
    assert (found.gross_mj is None) == (code in DROPPING)
    assert measured(near, **near_kwargs).codes == ()


def test_slices_below_a_hundred_ticks_are_too_short() -> None:
    assert measured(run(), tick_ns=241 * MS).codes == ("window-too-short",)


def test_a_clock_that_falls_by_a_percent_a_minute_is_not_steady() -> None:
    falling = [clock(1_755_000 - 17_550 * (row.t_ns - 20 * S) // (60 * S))(row) for row in run()]
    assert measured(falling).codes == ("not-steady",)


def test_a_clock_that_flickers_about_one_speed_is_steady() -> None:
    assert measured([clock(1_755_000 + (15_000 if place % 2 else -15_000))(row) for place, row in enumerate(run())]).codes == ()


def test_a_sampler_that_was_killed_leaves_an_energy_that_is_marked() -> None:
    found = measured([row for row in run() if row.t_ns < 130 * S], idle=())
    assert found.codes == ("edge-not-bracketed",) and found.end_ns is not None and found.end_ns <= 130 * S


def test_rows_of_before_the_counters_came_still_give_energy() -> None:
    old = [TelemetryRow(row.t_ns, row.device, row.power_instant_mw, row.power_avg_mw, row.energy_mj, row.temperature_mc) for row in run()]
    assert measured(old).gross_mj == 36_000_000


def test_the_best_method_is_the_one_that_the_rows_carry() -> None:
    rows, bare = run(), changed(run(), without("energy_mj"))
    assert best_method(rows, WINDOW, 1, scope="gpu_board") == "nvml_counter"
    assert best_method(bare, WINDOW, 1, scope="gpu_board") == "nvml_power_integral"
    assert best_method(changed(bare, without("power_instant_mw")), WINDOW, 1, scope="gpu_board") == "none"
    assert best_method(rows, WINDOW, 1, scope="cpu_package") == "rapl"
    assert best_method([], WINDOW, 0, scope="cpu_package") == best_method(rows, WINDOW, 0, scope="none") == "none"
