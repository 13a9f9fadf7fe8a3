"""Real sessions on an accelerator that is the stand-in for the driver: throttling, power, energy, device time, and a board that is lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.report.runs import run_lines
from runner.session.measure import Session
from tests.runner.fake_nvml import compiled, scenario_environ
from tests.runner.plugin import MS, SECOND, Case, at_once, codes, held, how, p50_ns, point, run_of, value

BOARD = {"scope": "gpu_board", "method": "nvml_counter", "idle_subtraction": True}
GROSS, NET = (f"energy_per_inference_{kind}@nvml_counter.gpu_board" for kind in ("gross", "net"))
METERED = {
    "protocol__energy": BOARD, "protocol__idle_ns": 300 * MS, "metrics__definitions": ["latency_p50@1", "throughput@1", GROSS, NET],
    "protocol__min_requests": 800,
}  # fmt: skip
AT = 600  # a request in the window
LOAD_MW, REST_MW = 300_000, 60_000

# name -> (scenario of the board, numbers of the backend); times count from the mark, which the backend sets at request AT.
BOARDS: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "healthy": ({"power_mw": LOAD_MW}, {}),
    "two": ({"power_mw": LOAD_MW, "count": 2}, {}),
    "power": ({"violation_power_events": "20-60"}, {}),
    "heat": ({"slowdown_sw_thermal_events": "20-60", "violation_power": 100}, {}),
    "hardware": ({"slowdown_hw_thermal_events": "20-60"}, {}),
    "no counters": ({"nvmlDeviceGetViolationStatus": 3, "slowdown_base": 0, "nvmlDeviceGetCurrentClocksEventReasons": 3,
                     "nvmlDeviceGetCurrentClocksThrottleReasons": 3}, {}),
    "lost": ({"lost_after_ms": 0}, {}),
    "thermometer": ({"nvmlDeviceGetTemperature": 999, "nvmlDeviceGetTemperature_after_ms": 0}, {}),
    "foreign": ({"processes": 1}, {}),
}  # fmt: skip
CLASSES = {"healthy": "clean", "power": "power_capped", "heat": "thermal", "hardware": "hw_slowdown"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("nvml"))


@pytest.fixture(scope="module")
def sessions(library: Path) -> dict[str, Session]:
    cases = {}
    for place, (name, (scenario, settings)) in enumerate(BOARDS.items()):
        mark = library / f"mark-{place}"
        environ = scenario_environ(library, library / f"scenario-{place}.txt", mark=mark, **scenario)
        said = {"service_ns": MS, "start": AT, "act": "mark", "mark": str(mark), **settings}
        cases[name] = Case("saboteur:fp32:cuda", how(**METERED), said, environ=environ)
    environ = scenario_environ(library, library / "scenario.txt")
    for name, permille in (("device time", 950), ("much beside the device", 500)):
        cases[name] = Case("device-time:fp32:cuda", how(), {"service_ns": 5 * MS, "device_permille": permille}, environ=environ)
    cases["no driver"] = Case("device-time:fp32:cuda", how(), {}, environ={"LD_LIBRARY_PATH": str(library / "nothing")})
    return at_once(cases)


@pytest.mark.parametrize("name", [*BOARDS, "device time", "much beside the device"])
def test_what_the_board_showed_is_computed_again_from_the_rows_and_agrees(sessions: dict[str, Session], name: str) -> None:
    found = run_of(sessions[name])
    assert found.evidence.before.hw.vendor.value == "nvidia" and found.evidence.telemetry
    assert run_lines(found)


@pytest.mark.parametrize(("name", "word"), CLASSES.items())
def test_a_throttle_class_is_stated_for_the_trial_and_the_point(sessions: dict[str, Session], name: str, word: str) -> None:
    assert (run_of(sessions[name]).evidence.run.trials[0].throttle.value, point(sessions[name]).throttle) == (word, word)


@pytest.mark.parametrize(("name", "code"), [("heat", "heat-governed"), ("hardware", "hardware-slowdown"), ("no counters", "throttle-unknown")])
def test_a_slowdown_that_asks_for_a_look_is_a_finding(sessions: dict[str, Session], name: str, code: str) -> None:
    assert code in codes(sessions[name])
    assert code not in codes(sessions["healthy"])


def test_a_board_whose_counters_cannot_be_read_is_never_called_clean(sessions: dict[str, Session]) -> None:
    assert run_of(sessions["no counters"]).evidence.run.trials[0].throttle.value is None
    assert point(sessions["no counters"]).throttle in (None, "unknown")


@pytest.mark.parametrize(("name", "boards"), [("healthy", 1), ("two", 2)])
def test_power_is_that_of_all_boards(sessions: dict[str, Session], name: str, boards: int) -> None:
    power = point(sessions[name]).power
    assert power is not None
    assert power.mean_mw == pytest.approx(boards * LOAD_MW, rel=0.01)


def test_energy_that_the_window_is_too_short_for_is_withheld_with_the_reason(sessions: dict[str, Session]) -> None:
    one = point(sessions["healthy"])
    assert {GROSS, NET} == {gone.definition for gone in one.withheld if gone.reason == "no-valid-energy"}
    assert [use.codes for use in one.energy] == [("window-too-short",)]
    assert "energy-invalid" in codes(sessions["healthy"])


def test_a_board_that_is_lost_ends_with_a_finding_no_energy_and_all_requests(sessions: dict[str, Session]) -> None:
    found = run_of(sessions["lost"])
    assert "device-lost" in codes(sessions["lost"]) and found.validity == "invalid"
    assert [(use.valid, use.gross_mj, use.gross_per_inference) for use in point(sessions["lost"]).energy] == [(False, None, None)]
    assert "device-missing" in point(sessions["lost"]).energy[0].codes
    assert len(found.evidence.samples) >= AT // 2


def test_a_sensor_that_breaks_on_the_way_is_named_and_its_later_values_are_absent(sessions: dict[str, Session]) -> None:
    found = run_of(sessions["thermometer"])
    assert any(finding.code == "sensor-error" and "temperature_mc" in finding.seen for finding in found.findings)
    read = [row.t_ns for row in found.evidence.telemetry if row.temperature_mc is not None]
    assert read and read[-1] < found.evidence.run.trials[0].window_end_ns
    assert point(sessions["thermometer"]).power is not None


def test_processes_that_cannot_be_told_apart_leave_isolation_unknown(sessions: dict[str, Session]) -> None:
    assert run_of(sessions["foreign"]).evidence.run.trials[0].foreign_gpu_processes.value is None
    assert "isolation-unknown" in codes(sessions["foreign"])


def test_device_time_and_its_gap_to_the_host_are_both_stated(sessions: dict[str, Session]) -> None:
    device = point(sessions["device time"]).device
    assert device is not None and device.p50_ns == 5 * MS * 950 // 1000
    assert device.p50_ns + device.gap_p50_ns == pytest.approx(p50_ns(sessions["device time"]), rel=0.05)


def test_much_time_beside_the_device_is_a_finding(sessions: dict[str, Session]) -> None:
    assert "enqueue-bound" in codes(sessions["much beside the device"])


def test_a_device_without_its_driver_is_a_failure_that_says_what_is_missing(sessions: dict[str, Session]) -> None:
    (failure,) = sessions["no driver"].failures
    assert "device cuda: its sensor cannot be opened (unreadable:library-not-found)" in failure.said


@pytest.mark.slow
def test_energy_of_a_window_long_enough_is_stated_gross_and_net_with_intervals(library: Path, tmp_path: Path) -> None:
    mark, loaded_s = tmp_path / "mark", 100
    steps = f"0:{LOAD_MW},{loaded_s * 1000}:{REST_MW}"
    environ = scenario_environ(library, tmp_path / "scenario.txt", mark=mark, power_mw=REST_MW, power_steps=steps)
    methodology = how(**METERED | {"protocol__idle_ns": 4 * SECOND, "protocol__min_duration_ns": 104 * SECOND})
    said = {"service_ns": 5 * MS, "start": 300, "act": "mark", "mark": str(mark)}
    session = held(Case("saboteur:fp32:cuda", methodology, said, environ=environ))
    (use,) = point(session).energy
    assert (use.valid, use.codes) == (True, ())
    assert use.net_mj == pytest.approx((LOAD_MW - REST_MW) * loaded_s, rel=0.01)
    assert use.gross_mj == pytest.approx(LOAD_MW * loaded_s + REST_MW * (use.window_ns / SECOND - loaded_s), rel=0.01)
    assert value(session, GROSS) == pytest.approx(use.gross_mj / use.inferences, rel=1e-6)
    assert use.gross_low is not None and use.gross_high is not None and float(use.gross_low) < value(session, GROSS) < float(use.gross_high)
    assert 0 < value(session, NET) < value(session, GROSS)
