"""What the sensors say of a window: differences of counters, a reason where there is none, and never a zero for want of a sensor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.contract.telemetry import HOST
from runner.load.clock import Clock
from runner.sensors.edges import Difference, difference
from runner.sensors.host import HostSensor
from runner.sensors.interface import Edge, Reading
from runner.sensors.none import NoSensor
from runner.sensors.replay import Replay, Trace
from runner.session.sensing import Senses, Watch, energy, foreign_processes, pressure, throttle

NONE: Mapping[str, str] = {}
PRESSURE = "some avg10=12.34 avg60=0.00 avg300=0.00 total=1000\n"


def grown(**counters: int) -> Difference:
    return Difference(1_000, 0, 0, counters, NONE)


class Processes(Replay):
    """A replayed device whose driver lists these processes."""

    def __init__(self, found: frozenset[int] | None) -> None:
        super().__init__(Trace(edges=((Edge(0, 0, device=0),),)))
        self._found = found

    def process_ids(self) -> frozenset[int] | None:
        return self._found


def test_energy_that_a_methodology_does_not_ask_for_is_not_applicable() -> None:
    assert energy([grown(energy_mj=5)], "none", "").status == "not_applicable"


def test_energy_without_a_sensor_is_unreadable_and_not_zero() -> None:
    leaf = energy([], "gpu_board", "not_applicable")
    assert (leaf.value, leaf.status) == (None, "unreadable:no-sensor")


def test_energy_of_all_devices_is_added_up() -> None:
    assert energy([grown(energy_mj=5), grown(energy_mj=7)], "gpu_board", "").value == 12


def test_energy_is_unreadable_when_one_of_two_devices_does_not_tell() -> None:
    assert energy([grown(energy_mj=5), grown()], "gpu_board", "unreadable:not-supported").status == "unreadable:not-supported"


@pytest.mark.parametrize(
    ("counters", "word"),
    [
        ({"slowdown_hw_thermal_ns": 1, "violation_power_ns": 9}, "hw_slowdown"),
        ({"slowdown_sw_thermal_ns": 1, "violation_power_ns": 9}, "sw_thermal"),
        ({"violation_power_ns": 9}, "power_cap"),
        ({"violation_power_ns": 0}, "none"),
    ],
)
def test_the_gravest_reason_for_a_slowdown_is_named(counters: dict[str, int], word: str) -> None:
    assert throttle([grown(**counters)], "").value == word


def test_slowdowns_that_no_counter_tells_of_are_unreadable() -> None:
    assert throttle([grown(energy_mj=1)], "unreadable:not-supported").status == "unreadable:not-supported"


def test_a_processor_has_no_foreign_gpu_processes() -> None:
    assert foreign_processes(NoSensor(), 7).status == "not_applicable"


def test_processes_beside_this_one_are_counted() -> None:
    assert foreign_processes(Processes(frozenset({7, 8, 9})), 7).value == 2


def test_processes_numbered_in_another_name_space_are_unreadable() -> None:
    assert foreign_processes(Processes(frozenset({1})), 7).status == "unreadable:hidden-in-container"


def test_processes_that_the_driver_does_not_list_are_unreadable() -> None:
    assert foreign_processes(Processes(None), 7).status == "unreadable:not-supported"


def machine(folder: Path, steal: int, total: int) -> HostSensor:
    (folder / "proc/pressure").mkdir(parents=True, exist_ok=True)
    (folder / "proc/pressure/cpu").write_text(PRESSURE)
    (folder / "proc/stat").write_text(f"cpu {total - steal} 0 0 0 0 0 0 {steal} 0 0\n")
    return HostSensor(root=folder)


def test_steal_is_its_share_of_all_processor_time_in_the_window(tmp_path: Path) -> None:
    with Senses("cpu", host=machine(tmp_path, steal=10, total=1_000)) as senses:
        watch = Watch(senses, Clock(0))
        machine(tmp_path, steal=30, total=2_000)
        watched = watch.ended("none")
    assert watched.facts["cpu_steal_ppm"].value == 20_000
    assert [row.device for row in watched.telemetry] == [-1, -1]


def host_edge(t_ns: int, **counters: int) -> Edge:
    return Edge(t_ns, 0, HOST, counters)


def test_pressure_is_its_share_of_the_window_and_not_the_average_that_covers_the_warm_up(tmp_path: Path) -> None:
    with Senses("cpu", host=machine(tmp_path, steal=0, total=1_000)) as senses:
        watched = Watch(senses, Clock(0)).ended("none")
    leaf = watched.facts["psi_cpu_some_avg10_ppm"]
    assert (leaf.value, leaf.source) == (0, "/proc/pressure/cpu total over the window")


def test_pressure_is_counted_in_parts_per_million_of_the_window() -> None:
    passed = difference(host_edge(0, psi_cpu_some_ns=7_000), host_edge(5_000_000_000, psi_cpu_some_ns=250_007_000))
    assert pressure(passed, []).value == 50_000


def test_pressure_never_exceeds_the_whole_window() -> None:
    assert pressure(difference(host_edge(0, psi_cpu_some_ns=0), host_edge(100, psi_cpu_some_ns=103)), []).value == 1_000_000


def test_the_kernels_average_stands_in_where_the_total_was_not_read_and_says_so() -> None:
    reading = Reading(1, 0, HOST, {"psi_cpu_some_avg10_ppm": 123_400})
    leaf = pressure(difference(host_edge(0), host_edge(100)), [reading])
    assert (leaf.value, leaf.source) == (123_400, "/proc/pressure/cpu avg10 at the end of the window")


def test_a_kernel_without_pressure_information_is_said_to_have_none(tmp_path: Path) -> None:
    host = machine(tmp_path, steal=0, total=1_000)
    (tmp_path / "proc/pressure/cpu").unlink()
    with Senses("cpu", host=host) as senses:
        watch = Watch(senses, Clock(0))
        watched = watch.ended("none")
    assert watched.facts["psi_cpu_some_avg10_ppm"].status == "unreadable:no-such-file"


def test_a_device_is_read_at_both_edges(tmp_path: Path) -> None:
    edges = tuple((Edge(t, 0, 0, {"energy_mj": t * 3, "violation_power_ns": 0}),) for t in (100, 200))
    readings = tuple((Reading(t, 0, 0, {"temperature_mc": 40_000 + t}),) for t in (99, 201))
    with Senses("cuda", accelerator=Replay(Trace(edges, readings)), host=machine(tmp_path, 0, 10)) as senses:
        watched = Watch(senses, Clock(0)).ended("gpu_board")
    assert (watched.facts["energy_mj"].value, watched.facts["throttle"].value) == (300, "none")
    assert [row.temperature_mc for row in watched.telemetry if row.device == 0] == [40_099, 40_201]
