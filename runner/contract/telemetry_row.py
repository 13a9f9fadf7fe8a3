"""One row of telemetry: what it may hold, and nothing else, so that a process which only samples need not load a Parquet library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

HOST = -1  # the `device` of rows about the host


@dataclass(frozen=True, slots=True)
class TelemetryRow:
    """One reading: ns from the start of the run, the device (-1 for the host), and what was measured; None where nothing was.

    Everything from `violation_power_ns` on came later: a column is in the file where some row holds a value in it. Counters grow from a zero of
    their own (driver load, boot), so only differences mean anything; `package_energy_mj` is the sum over the host's processor packages.
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


def readings(rows: Iterable[TelemetryRow], name: str, device: int) -> Iterator[tuple[int, int]]:
    """(time in ns, value) of every row of `device` that holds a value of this name, in the order of the rows."""
    for row in rows:
        if row.device == device and (value := getattr(row, name)) is not None:
            yield row.t_ns, value


def bracketed(read: Iterable[tuple[int, int]], window: Window) -> list[tuple[int, int]]:
    """The readings inside `window` with the last one at or before its start and the first one at or after its end, where there are such."""
    start, end = window
    before: list[tuple[int, int]] = []
    inside: list[tuple[int, int]] = []
    for t_ns, value in read:
        if t_ns <= start:
            before = [(t_ns, value)]
        elif t_ns < end:
            inside.append((t_ns, value))
        else:
            return [*before, *inside, (t_ns, value)]
    return [*before, *inside]
