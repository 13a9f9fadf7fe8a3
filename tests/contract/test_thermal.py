"""Thermal regimes of boards that heat up, and peak against sustained throughput of systems whose course is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from runner.contract.telemetry_row import TelemetryRow
from runner.contract.thermal import MINUTE_NS, SettleRules, even, peak_and_sustained, regime, trend
from tests.contract.telemetry_rows import S

TEN_MINUTES = (0, 10 * MINUTE_NS)
Course = Callable[[float], float]


def board(temperature_c: Course = lambda _: 60, clock_mhz: Course = lambda _: 1755, until_s: int = 600) -> list[TelemetryRow]:
    """A row a second."""
    return [
        TelemetryRow(t * S, 0, temperature_mc=round(temperature_c(t)) * 1000, sm_clock_khz=round(clock_mhz(t)) * 1000) for t in range(until_s + 1)
    ]


def completed(per_s: Course = lambda _: 100, until_s: int = 600) -> Any:
    """Sorted completion times of a system with this rate, evenly spread in each second."""
    times = [t * S + S * (place + 1) // round(per_s(t)) for t in range(until_s) for place in range(round(per_s(t)))]
    return np.array(times, dtype=np.int64)


def heating(t: float) -> float:
    """From 40 to 70 °C with a time constant of 80 s."""
    return 70 - 30 * math.exp(-t / 80)


def test_a_board_that_stands_still_is_steady_from_the_start() -> None:
    found = regime(board(), TEN_MINUTES, completed(), 1)
    assert (found.name, found.settle_ns) == ("steady", 0)


def test_a_board_that_heats_up_settles_later() -> None:
    found = regime(board(heating), TEN_MINUTES, completed(), 1)
    assert found.name == "steady" and found.settle_ns is not None and 120 * S <= found.settle_ns <= 300 * S


@pytest.mark.parametrize(
    ("rows", "rate"),
    [
        (board(lambda t: 50 + t * 0.6 / 60), lambda _: 100),
        (board(clock_mhz=lambda t: 1755 - 1755 * 0.006 * t / 60), lambda _: 100),
        (board(), lambda t: 100 + 10 * (t // 10 % 2)),
        (board(), lambda t: 100 + t / 300),
    ],
)  # fmt: skip
def test_heat_clock_variation_or_trend_alone_make_it_transient(rows: list[TelemetryRow], rate: Course) -> None:
    assert regime(rows, TEN_MINUTES, completed(rate), 1).name == "transient"


@pytest.mark.parametrize(
    ("rows", "rate"),
    [
        (board(lambda t: 50 + t * 0.4 / 60), lambda _: 100),
        (board(clock_mhz=lambda t: 1755 - 1755 * 0.004 * t / 60), lambda _: 100),
        (board(), lambda t: 100 + 3 * (t // 10 % 2)),
    ],
)  # fmt: skip
def test_what_stays_below_the_limits_is_steady(rows: list[TelemetryRow], rate: Course) -> None:
    assert regime(rows, TEN_MINUTES, completed(rate), 1).name == "steady"


def test_after_five_minutes_at_rest_a_board_is_cold_until_it_settles() -> None:
    early = (0, 4 * MINUTE_NS)
    assert regime(board(heating), early, completed(), 1, idle_before_ns=5 * MINUTE_NS).name == "cold"
    assert regime(board(heating), early, completed(), 1, idle_before_ns=5 * MINUTE_NS - 1).name == "transient"
    assert regime(board(heating), TEN_MINUTES, completed(), 1, idle_before_ns=5 * MINUTE_NS).name == "steady"


def test_a_stretch_too_short_to_judge_is_transient_and_says_so() -> None:
    found = regime(board(), (0, 4 * MINUTE_NS), completed(), 1)
    assert found.name == "transient" and "shorter" in found.reason and found.settle_ns is None


def test_without_temperature_or_clock_there_is_no_regime() -> None:
    cool = [TelemetryRow(row.t_ns, 0, sm_clock_khz=row.sm_clock_khz) for row in board()]
    still = [TelemetryRow(row.t_ns, 0, temperature_mc=row.temperature_mc) for row in board()]
    assert regime(cool, TEN_MINUTES, completed(), 1).reason == "no-temperature"
    assert regime(still, TEN_MINUTES, completed(), 1).reason == "no-clock"
    assert regime([], TEN_MINUTES, completed(), 0).name is None


def test_minutes_without_a_reading_are_not_steady() -> None:
    rows = [row for row in board() if not 400 * S < row.t_ns < 430 * S]
    assert regime(rows, TEN_MINUTES, completed(), 1).name == "transient"


def test_each_of_two_boards_must_stand_still() -> None:
    second = [TelemetryRow(row.t_ns, 1, temperature_mc=row.temperature_mc, sm_clock_khz=row.sm_clock_khz) for row in board(lambda t: 40 + t / 60)]
    rows = sorted([*board(), *second], key=lambda row: row.t_ns)
    assert regime(rows, TEN_MINUTES, completed(), 2).name == "transient"


def test_a_step_throttle_shows_between_peak_and_sustained() -> None:
    found = peak_and_sustained(completed(lambda t: 200 if t < 120 else 150), TEN_MINUTES)
    assert found is not None
    assert (found.peak_per_s, found.sustained_per_s, found.ratio_ppm, found.settle_ns) == ("200", "150", 750_000, 120 * S)


def test_an_even_system_sustains_its_peak() -> None:
    found = peak_and_sustained(completed(), TEN_MINUTES)
    assert found is not None and (found.ratio_ppm, found.settle_ns) == (1_000_000, 0)


def test_a_system_that_never_settles_has_a_peak_and_nothing_sustained() -> None:
    found = peak_and_sustained(completed(lambda t: 400 - t / 2), TEN_MINUTES)
    assert found is not None and found.sustained_per_s is None and found.ratio_ppm is None and found.peak_per_s.startswith("385")


def test_a_settle_time_from_the_sensors_goes_before_that_of_the_throughput() -> None:
    found = peak_and_sustained(completed(lambda t: 200 if t < 540 else 150), TEN_MINUTES, settle_ns=540 * S)
    assert found is not None and found.sustained_per_s == "150"


def test_less_than_a_minute_has_no_best_minute() -> None:
    assert peak_and_sustained(completed(), (0, MINUTE_NS - 1)) is None


def test_a_trend_is_found_as_kendalls_test_finds_it() -> None:
    draw = np.random.default_rng(3)
    for tilt in (0.0, 0.3, 0.6, 1.0):
        values = [int(value) for value in draw.normal(1000, 10, 30) + tilt * np.arange(30)]
        p = stats.kendalltau(np.arange(30), values, method="asymptotic").pvalue
        if not 0.02 < p < 0.1:  # SciPy leaves out the correction for continuity
            assert trend(values) == (p <= 0.05)


def test_equal_values_have_no_trend_and_nothing_completed_is_not_even() -> None:
    assert not trend([5] * 30) and even([5] * 30) and not even([0] * 30)
    assert even([100, 102, 101], SettleRules(throughput_cv_ppm=20_000)) and not even([100, 110, 104], SettleRules(throughput_cv_ppm=20_000))
