"""What else the host did during a window: CPU time stolen, tasks that waited for a CPU, other processes on the devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.contract.telemetry_row import HOST, TelemetryRow, Window, bracketed, covers, readings, stretch

PPM = 1_000_000
GAP_NS = 500_000_000


@dataclass(frozen=True)
class HostLoad:
    """Shares in ppm and the most processes beside the measured one at any sample; None where that was not read around the window."""

    steal_ppm: int | None
    psi_some_ppm: int | None
    foreign_processes: int | None


def host_load(rows: Sequence[TelemetryRow], window: Window, device_count: int = 0, *, gap_ns: int = GAP_NS) -> HostLoad:
    """The load of the host over `window`, by differences between the rows around it, which miss its edges by `gap_ns` at most."""
    near = stretch(rows, window)
    stolen, total = (_grown(near, name, window, gap_ns) for name in ("cpu_steal_ticks", "cpu_total_ticks"))
    waited = _grown(near, "psi_cpu_some_ns", window, gap_ns)
    return HostLoad(
        None if stolen is None or not total or not total[0] else min(PPM, round(stolen[0] * PPM / total[0])),
        None if waited is None or not waited[1] else min(PPM, round(waited[0] * PPM / waited[1])),
        _foreign(near, window, device_count, gap_ns),
    )


def _grown(rows: Sequence[TelemetryRow], name: str, window: Window, gap_ns: int) -> tuple[int, int] | None:
    """(growth of a counter, ns in which it grew)."""
    read = bracketed(readings(rows, name, HOST), window)
    if len(read) < 2 or not covers(read, window, gap_ns) or read[-1][1] < read[0][1]:
        return None
    return read[-1][1] - read[0][1], read[-1][0] - read[0][0]


def _foreign(rows: Sequence[TelemetryRow], window: Window, device_count: int, gap_ns: int) -> int | None:
    reads = [bracketed(readings(rows, "foreign_processes", device), window) for device in range(device_count)]
    if not reads or not all(covers(read, window, gap_ns) for read in reads):
        return max((value for read in reads for _, value in read if value), default=None)
    return max(value for read in reads for _, value in read)
