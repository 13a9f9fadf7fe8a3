"""Power over windows: mean, percentiles and peak of all devices together, and the series behind them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal, TypedDict

from runner.contract.metering import power_at
from runner.contract.statistics import rank
from runner.contract.telemetry_row import Readings, TelemetryRow, Window, devices_in, readings, stretch

PowerColumn = Literal["power_instant_mw", "power_avg_mw"]
COLUMNS: tuple[PowerColumn, ...] = ("power_instant_mw", "power_avg_mw")


class PowerStatistics(TypedDict):
    """Power in mW; `column` says whether the readings were instants or averages of the last second."""

    column: PowerColumn
    mean_mw: int
    p95_mw: int
    p99_mw: int
    peak_mw: int


def power_of(rows: Sequence[TelemetryRow], windows: Sequence[Window], device_count: int | None = None) -> PowerStatistics | None:
    """Power over all windows together, by instants where every device gave them in every window, else by averages; None where neither is whole.

    The mean is over time, percentiles and peak are of the readings. `device_count` is that of the executor, by default every device in the rows.
    """
    count = len(devices_in(rows)) if device_count is None else device_count
    for column in COLUMNS:
        traces = [power_trace(rows, window, column, count) for window in windows]
        if traces and all(traces):
            return _statistics(column, traces)
    return None


def power_trace(rows: Sequence[TelemetryRow], window: Window, column: PowerColumn, device_count: int) -> Readings:
    """(t_ns, mW) of all devices together at each reading of the first one inside the window; empty where a device has none.

    The devices are read one after the other, so the others' power is taken between their readings around that moment, on a straight line.
    """
    near = stretch(rows, window)
    reads = [readings(near, column, device) for device in range(device_count)]
    if not reads or not all(any(window[0] <= t_ns <= window[1] for t_ns, _ in read) for read in reads):
        return []
    found = []
    for t_ns, mw in reads[0]:
        others = [power_at(read, t_ns) for read in reads[1:]] if window[0] <= t_ns <= window[1] else [None]
        if all(other is not None for other in others):
            found.append((t_ns, mw + round(sum((other for other in others if other is not None), Fraction(0)))))
    return found


def _statistics(column: PowerColumn, traces: Sequence[Readings]) -> PowerStatistics:
    ordered = sorted(mw for trace in traces for _, mw in trace)
    area = sum((one + other) * (later - earlier) for trace in traces for (earlier, one), (later, other) in pairwise(trace))
    time_ns = sum(trace[-1][0] - trace[0][0] for trace in traces)
    mean = Fraction(area, 2 * time_ns) if time_ns else Fraction(sum(ordered), len(ordered))
    return PowerStatistics(
        column=column, mean_mw=round(mean), p95_mw=_percentile(ordered, 950), p99_mw=_percentile(ordered, 990), peak_mw=ordered[-1]
    )


def _percentile(ordered: Sequence[int], permille: int) -> int:
    return ordered[rank(len(ordered), permille) - 1]
