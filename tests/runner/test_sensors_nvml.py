"""NVML through the real binding and a real shared library: what it says, what it refuses, and that neither becomes a number it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.sensors.interface import DEVICE_COUNTERS, ENERGY
from tests.runner.fake_nvml import Library, build

POWER_MW, TICK_MS = 300_000, 100


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with build(tmp_path_factory.mktemp("nvml")) as library:
        yield library


def test_a_healthy_board_answers_every_counter(board: Library) -> None:
    said = board.ask("describe")
    assert said["name"] == "nvml" and said["devices"] == 1
    assert set(DEVICE_COUNTERS) <= set(said["capabilities"]) and said["refusals"] == {}


def test_energy_over_a_window_is_the_power_times_the_window_within_a_tick(board: Library) -> None:
    (grown,) = board.ask("edges", 450, power_mw=POWER_MW)
    truth_mj = POWER_MW * grown["window_ns"] / 1e9
    assert abs(grown["grown"][ENERGY] - truth_mj) <= POWER_MW * TICK_MS / 1000
    assert grown["grown"][ENERGY] > 0


def test_a_counter_that_fell_is_a_reset_and_no_energy(board: Library) -> None:
    (grown,) = board.ask("edges", 500, energy_reset_ms=200)
    assert ENERGY not in grown["grown"] and grown["refusals"][ENERGY] == "unreadable:counter-reset"


@pytest.mark.parametrize(("code", "reason"), [(3, "not-supported"), (4, "permission-denied"), (999, "unknown-error"), (77, "nvml-error-77")])
def test_a_refused_energy_counter_has_the_reason_in_place_of_a_zero(board: Library, code: int, reason: str) -> None:
    (grown,) = board.ask("edges", 10, nvmlDeviceGetTotalEnergyConsumption=code)
    assert ENERGY not in grown["grown"] and grown["refusals"][ENERGY] == f"unreadable:{reason}"


def test_a_symbol_that_an_old_driver_lacks_is_function_not_found(tmp_path: Path) -> None:
    with build(tmp_path, without=["nvmlDeviceGetTotalEnergyConsumption"]) as old:
        said = old.ask("describe")
    assert said["refusals"] == {ENERGY: "unreadable:function-not-found"}


def test_the_old_name_of_the_throttle_reasons_serves_an_old_driver(tmp_path: Path) -> None:
    with build(tmp_path, without=["nvmlDeviceGetCurrentClocksEventReasons"]) as old:
        (reading,) = old.ask("sample", reasons=4)
    assert reading["values"]["throttle_mask"] == 4 and reading["refusals"] == {}


def test_instant_and_average_power_are_asked_as_fields_and_not_confused(board: Library) -> None:
    (reading,) = board.ask("sample", power_instant_mw=640_000, power_average_mw=410_000, power_usage_mw=1)
    assert (reading["values"]["power_instant_mw"], reading["values"]["power_avg_mw"]) == (640_000, 410_000)


@pytest.mark.parametrize(
    ("architecture", "minor", "column"), [(9, 0, "power_avg_mw"), (7, 6, "power_avg_mw"), (7, 0, "power_instant_mw"), (6, 5, "power_instant_mw")]
)
def test_without_the_fields_the_plain_power_fills_the_column_of_its_generation(board: Library, architecture: int, minor: int, column: str) -> None:
    major = {9: 9, 7: 8, 6: 7}[architecture]
    (reading,) = board.ask("sample", field_power=3, architecture=architecture, capability_major=major, capability_minor=minor, power_usage_mw=255_000)
    other = ({"power_avg_mw", "power_instant_mw"} - {column}).pop()
    assert reading["values"][column] == 255_000 and reading["refusals"] == {other: "unreadable:not-supported"}


def test_a_board_with_a_chip_to_chip_link_is_read_in_the_scope_of_the_module(board: Library) -> None:
    (reading,) = board.ask("sample", coherent_link=1, power_module_mw=880_000)
    assert reading["values"]["power_instant_mw"] == 880_000


def test_units_of_a_reading_are_base_units(board: Library) -> None:
    (reading,) = board.ask("sample", temperature_c=61, clock_sm_mhz=1755, utilization=42, memory_used=1024)
    shown = reading["values"]
    assert (shown["temperature_mc"], shown["sm_clock_khz"], shown["gpu_util_pct"], shown["memory_used_bytes"]) == (61_000, 1_755_000, 42, 1024)


@pytest.mark.parametrize(
    ("driver", "base", "readable"),
    [("580.95.05", 269, True), ("580.82.07", 269, True), ("580.65.06", 251, False), ("575.57.08", 251, False), ("570.172.08", 0, False)],
)
def test_slowdown_counters_are_read_only_where_binding_and_driver_number_fields_alike(board: Library, driver: str, base: int, readable: bool) -> None:
    (grown,) = board.ask("edges", 200, driver=driver, slowdown_base=base, slowdown_hw_thermal=500)
    name = "slowdown_hw_thermal_ns"
    if readable:
        assert abs(grown["grown"][name] - grown["window_ns"] / 2) < 1_000_000 + grown["uncertain_ns"]
    else:
        assert name not in grown["grown"] and grown["refusals"][name] == "unreadable:field-id-mismatch"


def test_a_throttled_share_is_accounted_to_a_millisecond_and_the_time_of_the_reads(board: Library) -> None:
    (grown,) = board.ask("edges", 300, violation_power=250)
    assert abs(grown["grown"]["violation_power_ns"] - grown["window_ns"] / 4) < 1_000_000 + grown["uncertain_ns"]
    assert grown["grown"]["violation_thermal_ns"] == 0


@pytest.mark.parametrize(("scenario", "reason"), [({"mig": 1}, "mig"), ({"virtualization": 2}, "vgpu")])
def test_a_share_of_a_board_has_no_energy_of_its_own(board: Library, scenario: dict[str, int], reason: str) -> None:
    said = board.ask("describe", **scenario)
    assert said["refusals"] == dict.fromkeys((ENERGY, "power_instant_mw", "power_avg_mw"), f"unreadable:{reason}")


def test_only_visible_devices_are_read_and_in_their_order(board: Library) -> None:
    scenario = {"count": 4, "power_instant_mw__1": 111, "power_instant_mw__3": 333}
    readings = board.ask("sample", environ={"CUDA_VISIBLE_DEVICES": "3,1"}, **scenario)
    assert [(reading["device"], reading["values"]["power_instant_mw"]) for reading in readings] == [(0, 333), (1, 111)]


def test_no_visible_device_gives_the_none_sensor_with_the_reason(board: Library) -> None:
    said = board.ask("describe", environ={"CUDA_VISIBLE_DEVICES": ""})
    assert said["name"] == "none" and said["refusals"] == {"device": "unreadable:no-visible-device"}


@pytest.mark.parametrize(("scenario", "reason"), [({"nvmlInitWithFlags": 9}, "unreadable:driver-not-loaded"), ({"count": 0}, "not_applicable")])
def test_a_library_without_a_driver_or_a_board_gives_the_none_sensor(board: Library, scenario: dict[str, int], reason: str) -> None:
    said = board.ask("describe", **scenario)
    assert said["name"] == "none" and said["refusals"] == {"device": reason} and said["capabilities"] == []


def test_devices_that_differ_are_no_single_value(board: Library) -> None:
    fields = board.ask("describe", count=2, name__1="NVIDIA A100-SXM4-80GB")["fields"]
    assert fields["hw.product_name"]["status"] == fields["hw.form_factor"]["status"] == "unreadable:devices-differ"
    assert fields["hw.count"]["value"] == 2


def test_what_a_product_lacks_does_not_apply_but_behind_vgpu_it_is_only_hidden(board: Library) -> None:
    assert board.ask("describe", nvmlDeviceGetEccMode=3)["fields"]["hw.ecc_enabled"]["status"] == "not_applicable"
    assert board.ask("describe", nvmlDeviceGetEccMode=3, virtualization=2)["fields"]["hw.ecc_enabled"]["status"] == "unreadable:not-supported"


def test_processes_on_the_board_are_counted(board: Library) -> None:
    assert board.ask("describe", processes=2)["processes"] == 2
    assert board.ask("describe", nvmlDeviceGetComputeRunningProcesses_v3=4)["processes"] is None
