"""Telemetry of a board whose power, clock and counters are known: each test changes one thing in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from runner.contract.telemetry_row import HOST, TelemetryRow

MS, S = 10**6, 10**9
TICK_NS = 100 * MS
Change = Callable[[TelemetryRow], TelemetryRow]


def steady(from_s: int, to_s: int, mw: int = 300_000, device: int = 0, every_ms: int = 100, phase_ms: int = 13, **values: int) -> list[TelemetryRow]:
    """A row each `every_ms` of a board that draws `mw`, between ticks, and a row of its own for each tick of the counter."""
    rows = []
    for t_ms in range(from_s * 1000, to_s * 1000 + 1, 100):
        counted = mw * t_ms // 1000
        rows.append(TelemetryRow(t_ms * MS, device, energy_mj=counted))
    for t_ms in range(from_s * 1000 + phase_ms, to_s * 1000, every_ms):
        counted = mw * (t_ms // 100 * 100) // 1000
        held = {"power_instant_mw": mw, "power_avg_mw": mw, "sm_clock_khz": 1_755_000, "temperature_mc": 54_000, "foreign_processes": 0} | values
        rows.append(TelemetryRow(t_ms * MS, device, energy_mj=counted, **held))
    return ordered(rows)


def clean_counters(rows: Iterable[TelemetryRow], **shares_ppm: int) -> list[TelemetryRow]:
    """The sampled rows with throttle counters that have grown by these shares of the time; 0 for those not named."""
    names = ("violation_power_ns", "violation_board_limit_ns", "violation_thermal_ns", "slowdown_sw_thermal_ns",
             "slowdown_hw_thermal_ns", "slowdown_hw_power_brake_ns")  # fmt: skip
    return [replace(row, **{name: row.t_ns * shares_ppm.get(name, 0) // 1_000_000 for name in names}) if row.power_instant_mw is not None else row
            for row in rows]  # fmt: skip


def host(from_s: int, to_s: int, every_ms: int = 100, **grown_per_s: int) -> list[TelemetryRow]:
    """Rows of the host whose counters grow by so much a second."""
    return [
        TelemetryRow(t_ms * MS, HOST, **{name: each * t_ms // 1000 for name, each in grown_per_s.items()})
        for t_ms in range(from_s * 1000, to_s * 1000 + 1, every_ms)
    ]


def changed(rows: Iterable[TelemetryRow], change: Change, from_s: float = 0, to_s: float = 10**6) -> list[TelemetryRow]:
    """The rows with `change` made in those from one moment to another."""
    return [change(row) if from_s * S <= row.t_ns < to_s * S else row for row in rows]


def without(name: str) -> Change:
    """A change that leaves a value out."""
    return lambda row: replace(row, **{name: None})


def ordered(*parts: Iterable[TelemetryRow]) -> list[TelemetryRow]:
    """All rows in order of time."""
    return sorted((row for part in parts for row in part), key=lambda row: (row.t_ns, row.device))
