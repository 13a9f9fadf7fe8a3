"""What the gates say of a machine: each code is found in a run that crosses its limit and not in the nearest one that does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.run import Fault
from runner.contract.telemetry import HOST, TelemetryRow
from tests.builders import absent, seen
from tests.contract.grown import MS, SECOND, altered, asking, board, executor, findings, pointing, stating, stream

Make = Callable[[], Evidence]
Pair = tuple[Make, Make]
FAULTS = ("sampler-died", "sensor-error", "sample-gap", "device-lost")


def sensed(**fields: Any) -> Make:
    return lambda: altered(board().evidence, 1, **fields)


def after(**leaves: Any) -> Make:
    found = stream().evidence
    return lambda: replace(found, before=executor(**{name: seen(0) for name in leaves}), after=executor(**leaves))


def offset(value_ns: int) -> Make:
    return lambda: stating(stream().evidence, clock_offset_ns=seen(value_ns))


def fault(code: str) -> Make:
    return lambda: altered(stream().evidence, 2, faults=(Fault.model_validate({"code": code, "said": "it went wrong"}),))


def limited(name: str, change: int, of: Callable[[Evidence], int]) -> Make:
    """A limit of the gates that differs by `change` from what the run has."""
    return lambda: asking(board().evidence, "gates", **{name: of(board().evidence) + change})


def gap_ppm(found: Evidence) -> int:
    device = found.run.operating_points[0].device
    assert device is not None
    return device.gap_p50_ns * 1_000_000 // (device.p50_ns + device.gap_p50_ns)


def spread_ppm(found: Evidence) -> int:
    device = found.run.operating_points[0].device
    assert device is not None and device.variation_ppm
    return device.variation_ppm


def readings(keep: Callable[[TelemetryRow], bool]) -> Make:
    found = stream().evidence
    return lambda: replace(found, telemetry=tuple(row for row in found.telemetry if keep(row)))


def hole(length_ms: int) -> Make:
    """No reading for so long in the middle of the first window."""
    middle = stream().trials[0].window_start_ns + 2 * SECOND
    return readings(lambda row: not middle < row.t_ns < middle + length_ms * MS)


def first_reading(at_ns: int) -> Make:
    found, start = stream().evidence, stream().trials[0].window_start_ns
    rows = (TelemetryRow(start + at_ns, HOST, cpu_total_ticks=1), *(row for row in found.telemetry if row.t_ns > start))
    return lambda: replace(found, telemetry=rows)


def throttled(word: str, shape: str = "point", regime: str = "any") -> Make:
    def make() -> Evidence:
        found = asking(altered(board().evidence, 0, throttle=seen(word)), "protocol", required_thermal_regime=regime)
        return replace(found, methodology=found.methodology.model_copy(update={"shape": shape}))

    return make


PAIRS: dict[str, Pair] = {
    "foreign-gpu-process": (sensed(foreign_gpu_processes=seen(1)), sensed(foreign_gpu_processes=seen(0))),
    "cpu-steal": (sensed(cpu_steal_ppm=seen(10_001)), sensed(cpu_steal_ppm=seen(10_000))),
    "cpu-pressure": (sensed(psi_cpu_some_avg10_ppm=seen(100_001)), sensed(psi_cpu_some_avg10_ppm=seen(100_000))),
    "isolation-unknown": (sensed(cpu_steal_ppm=absent("unreadable:no-reading")), sensed(cpu_steal_ppm=absent("not_applicable"))),
    "link-below-maximum": (after(hw__pcie_gen_cur=seen(3), hw__pcie_gen_max=seen(4)), after(hw__pcie_gen_cur=seen(4), hw__pcie_gen_max=seen(4))),
    "hardware-slowdown": (throttled("hw_slowdown"), throttled("power_capped")),
    "heat-governed": (throttled("thermal"), throttled("thermal", regime="steady")),
    "throttle-unknown": (
        sensed(throttle=absent("unreadable:no-counters")),
        lambda: altered(stream().evidence, throttle=absent("unreadable:no-counters")),
    ),
    "not-steady": (
        lambda: asking(board().evidence, "protocol", required_thermal_regime="steady"),
        lambda: stating(asking(board().evidence, "protocol", required_thermal_regime="steady"), thermal_regime=seen("steady")),
    ),
    "clock-offset-unknown": (lambda: stating(stream().evidence, clock_offset_ns=absent("unreadable:no-call")), offset(0)),
    "clock-offset": (offset(-100_000_001), offset(-100_000_000)),
    "clock-slewed": (sensed(clock_slew_ppm=-101), sensed(clock_slew_ppm=-100)),
    "clock-stepped": (sensed(wall_step_ns=100_000_001), sensed(wall_step_ns=100_000_000)),
    "ecc-error": (after(hw__ecc_uncorrected=seen(1)), after(hw__ecc_uncorrected=seen(0))),
    **{code: (fault(code), fault(other)) for code, other in zip(FAULTS, (*FAULTS[1:], FAULTS[0]), strict=True)},
    "telemetry-missing": (first_reading(0), first_reading(-1)),
    "telemetry-gap": (hole(501), hole(500)),
    "enqueue-bound": (limited("max_enqueue_gap_ppm", -1, gap_ppm), limited("max_enqueue_gap_ppm", 0, gap_ppm)),
    "device-time-unstable": (limited("variation_warn_ppm", -1, spread_ppm), limited("variation_warn_ppm", 0, spread_ppm)),
}


@pytest.mark.parametrize("code", PAIRS)
def test_a_code_is_found_beyond_its_limit_and_not_at_it(code: str) -> None:
    beyond, near = PAIRS[code]
    assert code in findings(beyond()) and code not in findings(near())


def test_heat_is_what_a_sustained_shape_asks_for() -> None:
    assert "heat-governed" not in findings(throttled("thermal", shape="sustained")())


def test_a_board_that_does_nothing_wrong_has_no_finding_of_the_machine() -> None:
    assert findings(board().evidence) == {"undeclared"}


@pytest.mark.parametrize(("counts", "wrong"), [((0, 0, 0), False), ((7, 7, 7), False), ((0, 1, 1), True), ((5, 0, 1), True), ((5, 0, 0), False)])
def test_memory_errors_counted_by_the_sensor_are_found_though_the_counter_begins_anew(counts: Sequence[int], wrong: bool) -> None:
    found = board().evidence
    rows = [row for row in found.telemetry if row.device == 0]
    shown = [replace(row, ecc_uncorrected=counts[place * 3 // len(rows)]) for place, row in enumerate(rows)]
    assert ("ecc-error" in findings(replace(found, telemetry=tuple(shown)))) is wrong


def test_no_reading_of_one_of_two_devices_is_missing_telemetry() -> None:
    found = board().evidence
    late = [replace(row, device=1) for row in found.telemetry if row.device == 0 and row.t_ns > 300 * SECOND]
    both = sorted((*found.telemetry, *late), key=lambda row: (row.t_ns, row.device))
    assert "telemetry-missing" in findings(replace(found, telemetry=tuple(both)))


def test_a_host_faster_than_its_device_is_bound_by_no_queue() -> None:
    device = board().evidence.run.operating_points[0].device
    assert device is not None
    faster = device.model_copy(update={"gap_p50_ns": -5_000})
    assert "enqueue-bound" not in findings(pointing(board().evidence, device=faster))


def test_a_gap_outside_of_every_window_is_no_gap() -> None:
    found = stream().evidence
    ends = [trial.window_end_ns for trial in found.run.trials]
    beside = [row for row in found.telemetry if not any(end + 200 * MS < row.t_ns < end + 900 * MS for end in ends)]
    assert len(beside) < len(found.telemetry) and np.diff([row.t_ns for row in beside]).max() > 500 * MS
    assert "telemetry-gap" not in findings(replace(found, telemetry=tuple(beside)))


def test_a_run_from_before_the_measurement_core_keeps_the_findings_that_it_had() -> None:
    found = stating(board().evidence, clock_offset_ns=seen(10**12))
    sparse = replace(found, telemetry=(found.telemetry[0], found.telemetry[-1]))
    blind = altered(sparse, 1, throttle=absent("unreadable:no-counters"))
    later = {"telemetry-gap", "telemetry-missing", "clock-offset", "throttle-unknown"}
    assert {"telemetry-missing", "clock-offset", "throttle-unknown"} <= findings(blind)
    assert not later & findings(asking(blind, "protocol", measurement_semantics=1))
