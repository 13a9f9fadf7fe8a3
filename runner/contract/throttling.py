"""What held a device back during a window, by its cumulative counters: clean, power-capped, thermal, hardware slowdown, or not known.

Counters account for all of a window, a mask only for the moments at which it was read; so the mask stands in where a counter was not read, and the
class says that it was `sampled`. Idle and application clocks, sync boost, low utilisation and reliability are recorded and make no class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from runner.contract.telemetry_row import (
    Readings,
    TelemetryRow,
    Window,
    bracketed,
    covers,
    devices_in,
    longest_gap_ns,
    readings,
    stretch,
)  # fmt: skip

ThrottleName = Literal["clean", "power_capped", "thermal", "hw_slowdown", "unknown"]
# Worst last. What is not known outranks clean, which it may hide, and nothing else.
SEVERITY: tuple[ThrottleName, ...] = ("clean", "unknown", "power_capped", "thermal", "hw_slowdown")
# class -> its counters, each with the bits that show the same reason in the mask (nvml.h: 0x4 power cap, 0x8 hardware slowdown of any kind,
# 0x20 software thermal, 0x40 hardware thermal, 0x80 power brake)
CLASSES: Mapping[ThrottleName, Mapping[str, int]] = {
    "power_capped": {"violation_power_ns": 0x4, "violation_board_limit_ns": 0x4},
    "thermal": {"violation_thermal_ns": 0x20, "slowdown_sw_thermal_ns": 0x20},
    "hw_slowdown": {"slowdown_hw_thermal_ns": 0x48, "slowdown_hw_power_brake_ns": 0x88},
}
RECORDED = ("violation_sync_boost_ns", "violation_low_utilization_ns", "violation_reliability_ns")
COUNTERS = (*(name for counters in CLASSES.values() for name in counters), *RECORDED)
MASK = "throttle_mask"
LEAST_NS, SLACK_NS, GAP_NS = 1_000_000, 20_000_000, 500_000_000
PPM = 1_000_000


@dataclass(frozen=True)
class ThrottleClass:
    """The worst class of all devices, and each device's own.

    `sampled` says that a mask stood in for a counter. `shares_ppm` are of the time between the reads around the window, the largest of all
    devices. Codes: `counter-implausible` (more than all of the time), `counter-reset` (it fell); such a counter counts as not read.
    """

    name: ThrottleName
    sampled: bool = False
    codes: tuple[str, ...] = ()
    shares_ppm: Mapping[str, int] = field(default_factory=dict)
    devices: tuple[ThrottleName, ...] = ()


@dataclass(frozen=True)
class RibbonPart:
    """A stretch of one class, for a band under a series over time."""

    start_ns: int
    end_ns: int
    klass: ThrottleName


def worst(names: Sequence[ThrottleName]) -> ThrottleName:
    """The worst of these; unknown of none."""
    return max(names, key=SEVERITY.index, default="unknown")


def worst_class(rows: Sequence[TelemetryRow], windows: Sequence[Window], device_count: int | None = None) -> ThrottleName:
    """The worst class over all windows."""
    return worst([throttle_class(rows, window, device_count).name for window in windows])


def throttle_class(
    rows: Sequence[TelemetryRow], window: Window, device_count: int | None = None, *,
    least_ns: int = LEAST_NS, slack_ns: int = SLACK_NS, gap_ns: int = GAP_NS,
) -> ThrottleClass:  # fmt: skip
    """The class of a window: differences of counters between the rows around it, below `least_ns` none.

    `device_count` is that of the executor; without it every device in the rows counts. A difference above the time between the reads by more than
    `slack_ns` is implausible. Where the reads miss an edge by more than `gap_ns`, what was not seen is not clean.
    """
    found = devices_in(rows) if device_count is None else tuple(range(device_count))
    return _together(stretch(rows, window), found, window, (least_ns, slack_ns, gap_ns))


def _together(rows: Sequence[TelemetryRow], found: Sequence[int], window: Window, limits_ns: tuple[int, int, int]) -> ThrottleClass:
    each = [_device_class(rows, device, window, *limits_ns) for device in found]
    shares: dict[str, int] = {}
    for one in each:
        shares |= {name: max(share, shares.get(name, 0)) for name, share in one.shares_ppm.items()}
    codes = tuple(dict.fromkeys(code for one in each for code in one.codes))
    names = tuple(one.name for one in each)
    return ThrottleClass(worst(names), any(one.sampled for one in each), codes, shares, names)


def _device_class(rows: Sequence[TelemetryRow], device: int, window: Window, least_ns: int, slack_ns: int, gap_ns: int) -> ThrottleClass:
    read = {name: bracketed(readings(rows, name, device), window) for name in (*COUNTERS, MASK)}
    codes = {name: _defect(read[name], slack_ns) for name in COUNTERS}
    good = {name for name in COUNTERS if covers(read[name], window, gap_ns) and len(read[name]) > 1 and not codes[name]}
    grown = {name: read[name][-1][1] - read[name][0][1] for name in COUNTERS if len(read[name]) > 1 and not codes[name]}
    names: list[ThrottleName] = ["clean"]
    sampled = False
    for klass, counters in CLASSES.items():
        by_mask = [_masked(read[MASK], window, bits, gap_ns) for name, bits in counters.items() if name not in good]
        known = [mask for mask in by_mask if mask is not None]
        sampled |= bool(known)
        if any(grown.get(name, 0) >= least_ns for name in counters) or any(known):
            names.append(klass)
        elif len(known) < len(by_mask):
            names.append("unknown")
    spans_ns = {name: read[name][-1][0] - read[name][0][0] for name in grown}
    shares = {name: min(PPM, value * PPM // spans_ns[name]) for name, value in grown.items() if spans_ns[name]}
    found = tuple(dict.fromkeys(code for code in codes.values() if code))
    return ThrottleClass(worst(names), sampled, found, shares)


def _defect(read: Readings, slack_ns: int) -> str:
    if any(later < earlier for (_, earlier), (_, later) in pairwise(read)):
        return "counter-reset"
    if read and read[-1][1] - read[0][1] > read[-1][0] - read[0][0] + slack_ns:
        return "counter-implausible"
    return ""


def _masked(read: Readings, window: Window, bits: int, gap_ns: int) -> bool | None:
    """Whether some reading of the mask shows one of the bits; None where none does and too few were made to say so."""
    if any(mask & bits for _, mask in read):
        return True
    return False if covers(read, window, gap_ns) and longest_gap_ns(read) <= gap_ns else None


def ribbon(rows: Sequence[TelemetryRow], start_ns: int, end_ns: int, most_bins: int = 200, device_count: int | None = None) -> tuple[RibbonPart, ...]:
    """The class of each stretch between consecutive reads from `start_ns` to `end_ns`, equal neighbours joined; unknown where nothing was read.

    Where there are more stretches than `most_bins`, consecutive ones are taken together. The parts follow one another without a gap.
    """
    near = [row for row in stretch(rows, (start_ns, end_ns)) if any(getattr(row, name) is not None for name in (*COUNTERS, MASK))]
    found = devices_in(near) if device_count is None else tuple(range(device_count))
    first = min((row.device for row in near), default=0)
    times = [row.t_ns for row in near if row.device == first and start_ns < row.t_ns < end_ns]
    edges = [start_ns, *times[:: -(-len(times) // max(1, most_bins - 1)) or 1], end_ns]
    parts: list[RibbonPart] = []
    for start, end in pairwise(edges):
        least_ns = max(1, min(LEAST_NS, (end - start) // 100))  # two reads may lie closer together than a window's least
        klass = _together(stretch(near, (start, end), GAP_NS), found, (start, end), (least_ns, SLACK_NS, GAP_NS)).name
        begun = parts.pop().start_ns if parts and parts[-1].klass == klass else start
        parts.append(RibbonPart(begun, end, klass))
    return tuple(part for part in parts if part.end_ns > part.start_ns)
