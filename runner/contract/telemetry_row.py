"""One row of telemetry: what it may hold, and nothing else, so that a process which only samples need not load a Parquet library."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

HOST = -1  # the `device` of rows about the host


@dataclass(frozen=True, slots=True)
class TelemetryRow:
    """One reading: ns from the start of the run, the device (-1 for the host), and what was measured; None where nothing was.

    Everything from `violation_power_ns` on came later: a column is in the file where some row holds a value in it. Counters grow from a zero of
    their own (driver load, boot), so only differences mean anything; `package_energy_mj` is the sum over the host's processor packages. A row that
    holds nothing but `energy_mj` was made for a tick of that counter and carries the time of the tick.
    """

    t_ns: int
    device: int = HOST
    power_instant_mw: int | None = None
    power_avg_mw: int | None = None
    energy_mj: int | None = None
    temperature_mc: int | None = None
    sm_clock_khz: int | None = None
    mem_clock_khz: int | None = None
    throttle_mask: int | None = None
    gpu_util_pct: int | None = None
    memory_used_bytes: int | None = None
    cpu_steal_ppm: int | None = None
    psi_cpu_some_avg10_ppm: int | None = None
    violation_power_ns: int | None = None
    violation_thermal_ns: int | None = None
    violation_sync_boost_ns: int | None = None
    violation_board_limit_ns: int | None = None
    violation_low_utilization_ns: int | None = None
    violation_reliability_ns: int | None = None
    slowdown_sw_thermal_ns: int | None = None
    slowdown_hw_thermal_ns: int | None = None
    slowdown_hw_power_brake_ns: int | None = None
    ecc_uncorrected: int | None = None
    ecc_corrected: int | None = None
    foreign_processes: int | None = None
    package_energy_mj: int | None = None
    cpu_total_ticks: int | None = None
    cpu_steal_ticks: int | None = None
    psi_cpu_some_ns: int | None = None


NAMES = tuple(field.name for field in fields(TelemetryRow))
FIRST_OPTIONAL = "violation_power_ns"
OPTIONAL = NAMES[NAMES.index(FIRST_OPTIONAL) :]
Window = tuple[int, int]  # (start_ns, end_ns), both in ns from the start of the run
Readings = list[tuple[int, int]]  # (t_ns, value), in order of time
MARGIN_NS = 5_000_000_000


def stretch(rows: Sequence[TelemetryRow], window: Window, margin_ns: int = MARGIN_NS) -> Sequence[TelemetryRow]:
    """The rows inside `window` and up to `margin_ns` outside of it, of rows in order of time."""
    return rows[bisect_left(rows, window[0] - margin_ns, key=_time) : bisect_right(rows, window[1] + margin_ns, key=_time)]


def _time(row: TelemetryRow) -> int:
    return row.t_ns


def readings(rows: Iterable[TelemetryRow], name: str, device: int) -> Readings:
    """Time and value of every row of `device` that holds a value of this name, in the order of the rows."""
    return [(row.t_ns, value) for row in rows if row.device == device and (value := getattr(row, name)) is not None]


def stamped(rows: Iterable[TelemetryRow], device: int) -> frozenset[int]:
    """The times of the rows of `device` that were made for a tick of its energy counter: they hold nothing else."""
    return frozenset(row.t_ns for row in rows if row.device == device and row == TelemetryRow(row.t_ns, device, energy_mj=row.energy_mj))


def bracketed(read: Readings, window: Window) -> Readings:
    """The readings inside `window` with the last one at or before its start and the first one at or after its end, where there are such."""
    start, end = window
    first = bisect_right(read, start, key=_at) - 1
    last = bisect_left(read, end, key=_at)
    return read[max(first, 0) : last + 1]


def _at(reading: tuple[int, int]) -> int:
    return reading[0]


def covers(read: Readings, window: Window, slack_ns: int = 0) -> bool:
    """Whether the readings reach from the start of the window to its end, give or take `slack_ns` at each."""
    return bool(read) and read[0][0] <= window[0] + slack_ns and read[-1][0] >= window[1] - slack_ns


def longest_gap_ns(read: Readings) -> int:
    """The longest time between two readings, one after the other; 0 below two."""
    return max((later - earlier for (earlier, _), (later, _) in pairwise(read)), default=0)


def devices_in(rows: Iterable[TelemetryRow]) -> tuple[int, ...]:
    """The accelerators of which there is a row."""
    return tuple(sorted({row.device for row in rows if row.device != HOST}))
