"""What two edges say of the window between them: differences of counters, never a difference with something that was not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.contract.telemetry_row import TelemetryRow
from runner.sensors.interface import Edge, Reading

PPM = 1_000_000


@dataclass(frozen=True)
class Difference:
    """Growth of each counter over `window_ns`, and the status of each counter for which there is none."""

    window_ns: int
    uncertain_ns: int
    device: int
    grown: Mapping[str, int]
    refusals: Mapping[str, str]

    def share_ppm(self, part: str, whole: str | None = None) -> int | None:
        """`part` as a share of the counter `whole`, or of the window for a counter in ns; None where either is unknown or nothing passed."""
        total = self.grown.get(whole) if whole else self.window_ns
        grown = self.grown.get(part)
        return None if grown is None or not total else round(grown * PPM / total)


def difference(before: Edge, after: Edge) -> Difference:
    """Counters of `after` less those of `before`; a counter that fell is `unreadable:counter-reset`; ValueError for two different devices."""
    if before.device != after.device:
        raise ValueError(f"edges of device {before.device} and {after.device} have no difference; pair edges by device")
    refusals = {**after.refusals, **before.refusals}
    grown = {}
    for name in before.counters.keys() & after.counters.keys():
        if after.counters[name] < before.counters[name]:
            refusals[name] = "unreadable:counter-reset"
        else:
            grown[name] = after.counters[name] - before.counters[name]
    return Difference(after.t_ns - before.t_ns, (before.took_ns + after.took_ns) // 2, before.device, grown, refusals)


def telemetry_row(reading: Reading, started_ns: int = 0) -> TelemetryRow:
    """The reading as a row of `telemetry.parquet`, its time counted from `started_ns`; what was not read stays None."""
    return TelemetryRow(t_ns=reading.t_ns - started_ns, device=reading.device, **dict(reading.values))


def sampled_row(reads: Sequence[Edge | Reading], started_ns: int = 0, foreign: int | None = None) -> TelemetryRow:
    """Counters and momentary values of one device, read one right after the other, as one row at the middle of the time that took.

    Where two reads hold the same name the first one counts. ValueError for reads of two devices.
    """
    device = reads[0].device
    if any(read.device != device for read in reads):
        raise ValueError("reads of two devices make no row; pair them by device")
    values: dict[str, int] = {}
    for read in reversed(reads):
        values |= read.counters if isinstance(read, Edge) else read.values
    begun, ended = min(read.t_ns - read.took_ns // 2 for read in reads), max(read.t_ns + read.took_ns // 2 for read in reads)
    return TelemetryRow(t_ns=(begun + ended) // 2 - started_ns, device=device, foreign_processes=foreign, **values)
