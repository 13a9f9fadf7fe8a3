"""Why an energy may not stand: one rule for each code, over the rows of one window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from runner.contract.metering import Drawn, fell
from runner.contract.telemetry_row import HOST, Readings, TelemetryRow, Window, bracketed, longest_gap_ns, readings
from runner.contract.throttling import throttle_class

COUNTERS: Mapping[str, str] = {"nvml_counter": "energy_mj", "rapl": "package_energy_mj"}
POWER = "power_instant_mw"
TICKS_NS: Mapping[str, int] = {"nvml_counter": 100_000_000, "nvml_power_integral": 100_000_000, "rapl": 1_000_000}
MINUTE_NS, PPM = 60_000_000_000, 1_000_000


@dataclass(frozen=True)
class EnergyRules:
    """Into how many slices a window is cut, and the limits behind the codes; the defaults are ours, to be confirmed by measurement."""

    slices: int = 5
    window_least_ns: int = 100_000_000_000
    slice_least_ns: int = 10_000_000_000
    slice_least_ticks: int = 100
    longest_gap_ns: int = 500_000_000
    stuck_ticks: int = 5
    disagreement_ppm: int = 50_000
    idle_drift_ppm: int = 50_000
    clock_slope_ppm_per_min: int = 5_000


@dataclass(frozen=True)
class Case:
    """One window: its rows, what was drawn by the stated method and by the integral, and the idle phases before and after."""

    rows: Sequence[TelemetryRow]
    window: Window
    device_count: int
    method: str
    tick_ns: int
    slices: Sequence[Window]
    drawn: Drawn | None
    integral: Drawn | None
    idle: Sequence[Drawn | None]
    refusals: Mapping[str, str] = field(default_factory=dict)
    rules: EnergyRules = EnergyRules()

    @property
    def devices(self) -> tuple[int, ...]:
        """Those whose energy is asked for: the host's packages are one."""
        return (HOST,) if self.method == "rapl" else tuple(range(self.device_count))

    @cached_property
    def counts(self) -> Mapping[int, Readings]:
        """The counter's readings around the window by device; of a method without a counter, those of power."""
        return self._around(COUNTERS.get(self.method, POWER))

    @cached_property
    def powers(self) -> Mapping[int, Readings]:
        """The readings that must lie dense around the window: instant power, or for the packages the counter itself."""
        return self.counts if self.method == "rapl" else self._around(POWER)

    def _around(self, name: str) -> dict[int, Readings]:
        return {device: bracketed(readings(self.rows, name, device), self.window) for device in self.devices}

    def outside(self) -> tuple[bool, bool]:
        """Whether any row at all lies at or before the start, and at or after the end."""
        return bool(self.rows) and self.rows[0].t_ns <= self.window[0], bool(self.rows) and self.rows[-1].t_ns >= self.window[1]


def _missing(case: Case, device: int) -> bool:
    read, (before, after) = case.counts[device], case.outside()
    return not read or (before and read[0][0] > case.window[0]) or (after and read[-1][0] < case.window[1])


def device_missing(case: Case) -> bool:
    """A device has no reading, or none at an edge at which others have one."""
    return not case.devices or any(_missing(case, device) for device in case.devices)


def edge_not_bracketed(case: Case) -> bool:
    """Of a device that is there, no power (or package) reading lies outside an edge of the window."""
    there = [case.powers[device] for device in case.devices if not _missing(case, device)]
    return any(not read or read[0][0] > case.window[0] or read[-1][0] < case.window[1] for read in there)


def sample_gap(case: Case) -> bool:
    """Two of those readings lie too far apart."""
    return any(longest_gap_ns(read) > case.rules.longest_gap_ns for read in case.powers.values())


def counter_vs_integral(case: Case) -> bool:
    """The counter and the integral of power differ by more than 5 % of the counter."""
    if case.method != "nvml_counter" or case.drawn is None or case.integral is None:
        return False
    return abs(case.drawn.mj - case.integral.mj) * PPM > case.rules.disagreement_ppm * case.drawn.mj


def counter_reset(case: Case) -> bool:
    """A counter fell."""
    return case.method in COUNTERS and any(fell(read) for read in case.counts.values())


def counter_stuck(case: Case) -> bool:
    """A counter was read again and again and did not move for more than five ticks."""
    longest = case.rules.stuck_ticks * case.tick_ns
    return case.method in COUNTERS and any(_still_ns(read) > longest for read in case.counts.values())


def _still_ns(read: Readings) -> int:
    longest, since = 0, read[0][0] if read else 0
    for (_, before), (t_ns, value) in pairwise(read):
        since = t_ns if value != before else since
        longest = max(longest, t_ns - since)
    return longest


def foreign_process(case: Case) -> bool:
    """Another process was on a device at an edge or a sample."""
    return any(value for device in range(case.device_count) for _, value in bracketed(readings(case.rows, "foreign_processes", device), case.window))


def share_of_a_board(word: str) -> Callable[[Case], bool]:
    """The device is a share of a board, and its meter is the board's."""
    return lambda case: f"unreadable:{word}" in (case.refusals.get(COUNTERS["nvml_counter"]), case.refusals.get(POWER))


def window_too_short(case: Case) -> bool:
    """The window is shorter than 100 s, or its slices than 10 s or 100 ticks."""
    least = max(case.rules.slice_least_ns, case.rules.slice_least_ticks * case.tick_ns)
    return case.window[1] - case.window[0] < case.rules.window_least_ns or min(end - start for start, end in case.slices) < least


def idle_drift(case: Case) -> bool:
    """Power at idle before and after differs by more than 5 % of its mean."""
    found = [one.mw for one in case.idle if one is not None]
    return len(found) > 1 and abs(found[-1] - found[0]) * 2 * PPM > case.rules.idle_drift_ppm * (found[0] + found[-1])


def not_steady(case: Case) -> bool:
    """The throttle class changed from slice to slice, or a clock did not hold its speed."""
    if case.method == "rapl":
        return False
    classes = {throttle_class(case.rows, one, case.device_count).name for one in case.slices} - {"unknown"}
    return len(classes) > 1 or any(_clock_moves(case, device) for device in case.devices)


def _clock_moves(case: Case, device: int) -> bool:
    """A line through the clock's readings changes by more than the limit a minute, and within a window shorter than that by as much in all."""
    read = [one for one in readings(case.rows, "sm_clock_khz", device) if case.window[0] <= one[0] <= case.window[1]]
    slope = slope_per_ns(read)
    if slope is None:
        return False
    length, mean = read[-1][0] - read[0][0], Fraction(sum(value for _, value in read), len(read))
    return abs(slope) * min(length, MINUTE_NS) * PPM > case.rules.clock_slope_ppm_per_min * mean


def slope_per_ns(read: Sequence[tuple[int, int]]) -> Fraction | None:
    """Slope of the line of least squares through (t_ns, value); None where there are not two moments."""
    n, first = len(read), read[0][0] if read else 0
    t_sum, v_sum = sum(t - first for t, _ in read), sum(value for _, value in read)
    spread = n * sum((t - first) ** 2 for t, _ in read) - t_sum**2
    return Fraction(n * sum((t - first) * value for t, value in read) - t_sum * v_sum, spread) if spread else None


RULES: Mapping[str, Callable[[Case], bool]] = {
    "device-missing": device_missing,
    "edge-not-bracketed": edge_not_bracketed,
    "sample-gap": sample_gap,
    "counter-vs-integral": counter_vs_integral,
    "counter-reset": counter_reset,
    "counter-stuck": counter_stuck,
    "foreign-process": foreign_process,
    "mig": share_of_a_board("mig"),
    "vgpu": share_of_a_board("vgpu"),
    "window-too-short": window_too_short,
    "idle-drift": idle_drift,
    "not-steady": not_steady,
}
# What leaves no number at all; the others leave one that is marked.
DROPPING = frozenset({"device-missing", "counter-vs-integral", "counter-reset", "counter-stuck", "mig", "vgpu"})


def codes_of(case: Case) -> tuple[str, ...]:
    """The codes whose rules the case breaks, in the order of the table."""
    return tuple(code for code, breaks in RULES.items() if breaks(case))
