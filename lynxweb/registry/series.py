"""What the sensors read, device by device, thinned for drawing: the mean of each short stretch with its lowest and highest reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from runner.contract.telemetry_row import HOST, TelemetryRow, readings

MOST_READINGS: Final = 300  # of one series, after thinning; fewer where many devices share a picture
LEAST_READINGS: Final = 60
MOST_DEVICES: Final = 8  # drawn; a run with more devices shows the first ones
# kind -> columns; the first that a device has is drawn
KINDS: Final = {"power": ("power_instant_mw", "power_avg_mw"), "temperature": ("temperature_mc",), "clock": ("sm_clock_khz",)}
PACKAGE: Final = "package_energy_mj"
Integers = npt.NDArray[np.int64]
Read = list[tuple[int, int]]
Source = tuple[str, str, int]  # kind, column, device


@dataclass(frozen=True, eq=False)
class Series:
    """One kind of reading of one device over time: where (ns), the mean of each stretch, and its lowest and highest reading, in `column`'s unit.

    `kind` is power, temperature or clock. The column `package_energy_mj` stands for power in mW between two readings of that counter.
    """

    kind: str
    column: str
    device: int
    readings: int
    t_ns: Integers = field(repr=False)
    mean: Integers = field(repr=False)
    low: Integers = field(repr=False)
    high: Integers = field(repr=False)


def series_of(rows: Sequence[TelemetryRow], start_ns: int, end_ns: int) -> Iterator[Series]:
    """Power, temperature and clock of each device between two times, where there are readings; nothing for what was not read."""
    devices = sorted({row.device for row in rows} - {HOST})[:MOST_DEVICES]
    most = max(LEAST_READINGS, MOST_READINGS // max(len(devices), 1))
    for kind, columns in KINDS.items():
        for device in devices:
            found = ((name, list(readings(rows, name, device))) for name in columns)
            column, read = next(((name, read) for name, read in found if read), ("", []))
            yield from _thinned((kind, column, device), read, (start_ns, end_ns), most)
        if kind == "power":
            watts = list(_watts(list(readings(rows, PACKAGE, HOST))))
            yield from _thinned((kind, PACKAGE, HOST), watts, (start_ns, end_ns), most)


def _watts(read: Read) -> Iterator[tuple[int, int]]:
    """Mean power in mW between two readings of a counter in mJ, at the middle; nothing where the counter fell."""
    for (before, low), (after, high) in pairwise(read):
        if after > before and high >= low:
            yield (before + after) // 2, (high - low) * 10**9 // (after - before)


def _thinned(what: Source, read: Read, span: tuple[int, int], most: int) -> Iterator[Series]:
    """One series of at most `most` stretches of the span; none where nothing was read."""
    start_ns, end_ns = span
    inside = [(t_ns, value) for t_ns, value in read if start_ns <= t_ns <= end_ns]
    if not inside:
        return
    times, values = np.array(inside, np.int64).T
    place = (times - start_ns) * most // max(end_ns - start_ns + 1, 1) if len(times) > most else np.arange(len(times))
    first = np.flatnonzero(np.diff(place, prepend=-1))
    found = np.diff(first, append=len(times))
    mean, when = np.add.reduceat(values, first) // found, times[first + found // 2]
    yield Series(*what, len(times), when, mean, np.minimum.reduceat(values, first), np.maximum.reduceat(values, first))
