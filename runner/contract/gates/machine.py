"""Gates on the machine: isolation, link, throttling, health, clocks, the sensors and the gap between host and device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from runner.contract.evidence import Evidence
from runner.contract.findings import Finding
from runner.contract.methodology import GROWN_SEMANTICS
from runner.contract.run import Trial
from runner.contract.surroundings import device_count

Integers = npt.NDArray[np.int64]
MILLION = 1_000_000


def isolation(evidence: Evidence) -> Iterator[Finding]:
    """G-05: steal, processor pressure and foreign processes on the accelerator, trial by trial."""
    limits = evidence.methodology.gates
    for trial in evidence.run.trials:
        path = f"run.trials[{trial.index}]"
        for name, code, limit in (
            ("cpu_steal_ppm", "cpu-steal", limits.max_cpu_steal_ppm),
            ("psi_cpu_some_avg10_ppm", "cpu-pressure", limits.max_psi_cpu_some_ppm),
            ("foreign_gpu_processes", "foreign-gpu-process", 0),
        ):
            leaf = getattr(trial, name)
            if leaf.known and leaf.value > limit:
                yield Finding(code, f"{path}.{name}", f"{leaf.value}, limit {limit}")
            elif not leaf.known and leaf.status != "not_applicable":
                yield Finding("isolation-unknown", f"{path}.{name}", leaf.status)


def link(evidence: Evidence) -> Iterator[Finding]:
    """G-06: the PCIe link at its maximum while warm."""
    hw = evidence.after.hw
    for name, current, most in (("pcie_gen_cur", hw.pcie_gen_cur, hw.pcie_gen_max), ("pcie_width_cur", hw.pcie_width_cur, hw.pcie_width_max)):
        if current.value is not None and most.value is not None and current.value < most.value:
            yield Finding("link-below-maximum", f"executor.hw.{name}", f"{current.value} of {most.value}")


def throttle(evidence: Evidence) -> Iterator[Finding]:
    """G-07: a hardware slowdown asks for a look; governed by power is a regime, governed by heat one that only a sustained protocol asks for."""
    hot = evidence.methodology.shape == "sustained" or evidence.methodology.protocol.required_thermal_regime == "steady"
    for trial in evidence.run.trials:
        path, found = f"run.trials[{trial.index}].throttle", trial.throttle
        if found.value == "hw_slowdown":
            yield Finding("hardware-slowdown", path, "hw_slowdown")
        elif found.value == "thermal" and not hot:
            yield Finding("heat-governed", path, "thermal")
        elif _grown(evidence) and found.status.startswith("unreadable:") and device_count(evidence.before):
            yield Finding("throttle-unknown", path, found.status)


def _grown(evidence: Evidence) -> bool:
    """Whether the run is judged by rules that came with the measurement core; a run from before it keeps the findings that it had."""
    return evidence.methodology.protocol.measurement_semantics >= GROWN_SEMANTICS


def steady(evidence: Evidence) -> Iterator[Finding]:
    """G-08: the thermal regime is steady where the methodology asks for it."""
    found = evidence.run.thermal_regime
    if evidence.methodology.protocol.required_thermal_regime == "steady" and found.value != "steady":
        yield Finding("not-steady", "run.thermal_regime", str(found.value or found.status))


def clock(evidence: Evidence) -> Iterator[Finding]:
    """G-14: the wall clock's offset; durations come from the monotonic clock and need none."""
    if not evidence.run.clock_offset_ns.known:
        yield Finding("clock-offset-unknown", "run.clock_offset_ns", evidence.run.clock_offset_ns.status)


def health(evidence: Evidence) -> Iterator[Finding]:
    """G-15: no uncorrectable memory error between the two captures."""
    before, after = evidence.before.hw.ecc_uncorrected.value, evidence.after.hw.ecc_uncorrected.value
    if before is not None and after is not None and after > before:
        yield Finding("ecc-error", "executor.hw.ecc_uncorrected", f"{before} before, {after} after")
    counts: dict[int, list[int]] = {}
    for row in evidence.telemetry:
        if row.ecc_uncorrected is not None:
            counts.setdefault(row.device, []).append(row.ecc_uncorrected)
    for device, read in sorted(counts.items()):
        if any(later > earlier for earlier, later in pairwise(read)):
            yield Finding("ecc-error", f"telemetry.parquet:ecc_uncorrected (device {device})", f"{read[0]} at first, {max(read)} at most")


def clocks(evidence: Evidence) -> Iterator[Finding]:
    """G-14: the monotonic clock kept the rate of the raw one, the wall clock did not step, and its offset is small."""
    limits = evidence.methodology.gates
    offset = evidence.run.clock_offset_ns
    if _grown(evidence) and offset.value is not None and abs(offset.value) > limits.max_clock_offset_ns:
        yield Finding("clock-offset", "run.clock_offset_ns", f"{offset.value} ns, limit {limits.max_clock_offset_ns} ns")
    for trial in evidence.run.trials:
        path = f"run.trials[{trial.index}]"
        if trial.clock_slew_ppm is not None and abs(trial.clock_slew_ppm) > limits.max_clock_slew_ppm:
            yield Finding("clock-slewed", f"{path}.clock_slew_ppm", f"{trial.clock_slew_ppm} ppm, limit {limits.max_clock_slew_ppm} ppm")
        if trial.wall_step_ns is not None and abs(trial.wall_step_ns) > limits.max_wall_step_ns:
            yield Finding("clock-stepped", f"{path}.wall_step_ns", f"{trial.wall_step_ns} ns, limit {limits.max_wall_step_ns} ns")


def faults(evidence: Evidence) -> Iterator[Finding]:
    """What broke while a trial went on: each fault is a finding of its own code."""
    for trial in evidence.run.trials:
        for fault in trial.faults:
            yield Finding(fault.code, f"run.trials[{trial.index}].faults", fault.said)


def sensing(evidence: Evidence) -> Iterator[Finding]:
    """Telemetry reaches across every window without a gap, where the run has telemetry at all."""
    if not evidence.telemetry or not _grown(evidence):
        return
    limit, times = evidence.methodology.gates.max_sample_gap_ns, _times(evidence)
    for trial in evidence.run.trials:
        longest = _longest_gap(times, trial)
        if longest is None:
            yield Finding("telemetry-missing", f"run.trials[{trial.index}]", "no reading on either side of a window")
        elif longest > limit:
            yield Finding("telemetry-gap", f"run.trials[{trial.index}]", f"{longest} ns between two readings, limit {limit} ns")


def _times(evidence: Evidence) -> list[Integers]:
    """When each device, and the host, was read, in order of time."""
    found: dict[int, list[int]] = {}
    for row in evidence.telemetry:
        found.setdefault(row.device, []).append(row.t_ns)
    return [np.array(times, np.int64) for times in found.values()]


def _longest_gap(times: Sequence[Integers], trial: Trial) -> int | None:
    """The longest time between two readings of one device that touches a window of the trial; None where a side has none."""
    longest = 0
    for read in times:
        for window in trial.points:
            before, after = int(np.searchsorted(read, window.start_ns)) - 1, int(np.searchsorted(read, window.end_ns, side="right"))
            if before < 0 or after == len(read):
                return None
            longest = max(longest, int(np.diff(read[before : after + 1]).max()))
    return longest


def device_gap(evidence: Evidence) -> Iterator[Finding]:
    """Host against device: launches and copies weigh too much, or the device's own time is unsteady."""
    limits = evidence.methodology.gates
    for point in evidence.run.operating_points:
        found, path = point.device, f"run.operating_points.{point.name}.device"
        if found is None:
            continue
        host = found.p50_ns + max(0, found.gap_p50_ns)
        if host and found.gap_p50_ns * MILLION // host > limits.max_enqueue_gap_ppm:
            yield Finding("enqueue-bound", path, f"gap {found.gap_p50_ns} ns beside {found.p50_ns} ns on the device")
        if found.variation_ppm is not None and found.variation_ppm > limits.variation_warn_ppm:
            yield Finding("device-time-unstable", path, f"coefficient of variation {found.variation_ppm} ppm")
