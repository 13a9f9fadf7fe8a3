"""Edges, replay, the host's counters and the rules of asking: nothing is invented, and nothing refused is asked twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import pytest

from runner.contract.telemetry import encode
from runner.sensors import NoSensor, SensorAbsent, open_sensor
from runner.sensors.answers import Questions, Refused, numbering, selected
from runner.sensors.edges import difference, telemetry_row
from runner.sensors.host import HostSensor, average_ppm
from runner.sensors.interface import Edge, Reading
from runner.sensors.nvml_words import SLOWDOWN_NUMBERING, averages_power, cuda_text, form_factor, memory_architecture
from runner.sensors.replay import Replay, Trace

UUIDS = ("GPU-aa000000", "GPU-ab000000", "GPU-b0000000")


def edge(t_ns: int, device: int = 0, refusals: dict[str, str] | None = None, **counters: int) -> Edge:
    return Edge(t_ns, 1000, device, counters, refusals or {})


def test_a_difference_is_the_growth_of_what_both_edges_read() -> None:
    grown = difference(edge(0, energy_mj=5_000, ecc_corrected=1), edge(10**9, energy_mj=305_000))
    assert grown.grown == {"energy_mj": 300_000} and grown.window_ns == 10**9


def test_a_refusal_at_either_edge_is_kept() -> None:
    refused = {"energy_mj": "unreadable:gpu-is-lost"}
    grown = difference(edge(0, energy_mj=1), edge(1, refusals=refused))
    assert grown.grown == {} and grown.refusals == refused


def test_a_counter_that_fell_is_a_reset() -> None:
    grown = difference(edge(0, energy_mj=9), edge(1, energy_mj=3))
    assert grown.grown == {} and grown.refusals == {"energy_mj": "unreadable:counter-reset"}


def test_edges_of_two_devices_have_no_difference() -> None:
    with pytest.raises(ValueError, match="pair edges by device"):
        difference(edge(0, device=0), edge(1, device=1))


@pytest.mark.parametrize(
    ("window_ns", "grown", "share"), [(10**9, 250_000_000, 250_000), (10**9, 0, 0), (0, 5, None)]
)  # fmt: skip
def test_a_share_is_of_the_window_and_of_no_window_there_is_none(window_ns: int, grown: int, share: int | None) -> None:
    assert difference(edge(0, violation_power_ns=0), edge(window_ns, violation_power_ns=grown)).share_ppm("violation_power_ns") == share


def test_a_share_of_a_counter_that_was_not_read_is_none() -> None:
    assert difference(edge(0), edge(10)).share_ppm("violation_power_ns") is None


def test_a_reading_becomes_a_row_with_gaps_where_nothing_was_read() -> None:
    row = telemetry_row(Reading(1_500, 10, 2, {"power_instant_mw": 640_000}), started_ns=500)
    assert (row.t_ns, row.device, row.power_instant_mw, row.energy_mj, row.temperature_mc) == (1_000, 2, 640_000, None, None)
    assert encode([row])


def test_a_trace_replayed_gives_the_same_reads_in_the_same_order() -> None:
    edges = ((edge(0, energy_mj=1), edge(0, device=1, energy_mj=4)), (edge(5, energy_mj=2), edge(5, device=1)))
    trace = Trace(edges, ((Reading(1, 1, 0, {"sm_clock_khz": 7}),),))
    replay = Replay(Trace.decode(trace.encode()))
    assert [replay.edge(), replay.edge()] == list(trace.edges) and replay.sample() == trace.readings[0]
    assert replay.device_count == 2 and replay.capabilities == {"sm_clock_khz"}


def test_a_trace_is_never_prolonged() -> None:
    replay = Replay(Trace(((edge(0),),)))
    replay.edge()
    with pytest.raises(EOFError, match="no further edge"):
        replay.edge()
    replay.open()
    assert replay.edge() == (edge(0),)


def test_the_none_sensor_measures_nothing_and_says_why() -> None:
    sensor = NoSensor("unreadable:library-not-found")
    assert (sensor.edge(), sensor.sample(), dict(sensor.describe()), sensor.device_count) == ((), (), {}, 0)
    assert sensor.refusals == {"device": "unreadable:library-not-found"}


def test_an_unknown_sensor_is_an_error_that_lists_the_names() -> None:
    with pytest.raises(ValueError, match="not one of nvml, none"):
        open_sensor("rapl2")
    assert open_sensor("none").refusals == {"device": "unreadable:switched-off"}


def counting(answers: list[int | str]) -> tuple[Callable[[], int], list[int]]:
    asked: list[int] = []

    def call() -> int:
        asked.append(1)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, str):
            raise Refused(answer)
        return answer

    return call, asked


def test_a_refused_call_is_asked_once() -> None:
    call, asked = counting(["unreadable:not-supported"])
    questions = Questions({"energy_mj": (call,)})
    questions.settle()
    assert [questions.ask(), questions.ask()] == [{}, {}] and len(asked) == 1
    assert questions.refusals == {"energy_mj": "unreadable:not-supported"}


def test_a_call_refused_inside_a_window_is_not_tried_again() -> None:
    call, asked = counting([1, 2, "unreadable:gpu-is-lost", 4])
    questions = Questions({"energy_mj": (call,)})
    questions.settle()
    assert [questions.ask(), questions.ask(), questions.ask()] == [{"energy_mj": 2}, {}, {}] and len(asked) == 3


def test_the_first_call_that_answers_is_the_one_asked_from_then_on() -> None:
    old, new = counting([7]), counting(["unreadable:function-not-found"])
    questions = Questions({"throttle_mask": (new[0], old[0])})
    questions.settle()
    assert questions.ask() == {"throttle_mask": 7} and len(new[1]) == 1 and questions.refusals == {}


@pytest.mark.parametrize(
    ("visible", "places"),
    [
        (None, (0, 1, 2)), ("", ()), ("-1", ()), ("2,0", (2, 0)), ("0,9,1", (0,)), ("1,1", (1,)), ("GPU-b0", (2,)), ("GPU-a", ()), ("0, 2", (0, 2)),
    ],
)  # fmt: skip
def test_visible_devices_are_chosen_as_cuda_chooses_them(visible: str | None, places: tuple[int, ...]) -> None:
    assert selected(visible, UUIDS) == places


@pytest.mark.parametrize(
    ("driver", "ids"),
    [("580.95.05", "269-271"), ("590.1", "269-271"), ("580.82", "269-271"), ("580.65.06", "251-253"), ("575.51.02", "251-253"), ("570.172.08", "")],
)
def test_the_numbering_of_fields_follows_the_version(driver: str, ids: str) -> None:
    assert numbering(driver, SLOWDOWN_NUMBERING) == ids


@pytest.mark.parametrize(
    ("product", "form", "memory"),
    [
        ("NVIDIA H100 80GB HBM3", "dc_sxm", "discrete"), ("NVIDIA H100 PCIe", "dc_pcie", "discrete"), ("NVIDIA H200", "dc_sxm", "discrete"),
        ("NVIDIA H200 NVL", "dc_pcie", "discrete"), ("NVIDIA A100-SXM4-80GB", "dc_sxm", "discrete"), ("NVIDIA A100 80GB PCIe", "dc_pcie", "discrete"),
        ("NVIDIA L40S", "dc_pcie", "discrete"), ("Tesla T4", "dc_pcie", "discrete"), ("NVIDIA B200", "dc_sxm", "discrete"),
        ("NVIDIA GeForce RTX 4090", "desktop", "discrete"), ("NVIDIA GeForce RTX 4090 Laptop GPU", "laptop", "discrete"),
        ("NVIDIA RTX A6000", "workstation", "discrete"), ("NVIDIA RTX 6000 Ada Generation", "workstation", "discrete"),
        ("Orin (nvgpu)", "soc", "unified"), ("NVIDIA GB10", "soc", "unified"), ("NVIDIA Something New", None, "discrete"),
    ],
)  # fmt: skip
def test_a_product_has_a_form_by_its_name_or_none_that_is_known(product: str, form: str | None, memory: str) -> None:
    assert (form_factor(product), memory_architecture(product, coherent_link=False)) == (form, memory)


def test_a_coherent_link_is_a_memory_architecture_of_its_own() -> None:
    assert memory_architecture("NVIDIA GH200 480GB", coherent_link=True) == "coherent_c2c"


@pytest.mark.parametrize(
    ("architecture", "capability", "average"),
    [("turing", "7.5", False), ("ampere", "8.0", False), ("ampere", "8.6", True), ("ada", "8.9", True), ("hopper", "9.0", True)],
)
def test_the_plain_power_call_is_an_average_from_ampere_on_except_ga100(architecture: str, capability: str, average: bool) -> None:
    assert averages_power(architecture, capability) is average


@pytest.mark.parametrize(("version", "text"), [(12090, "12.9"), (13000, "13.0"), (11080, "11.8")])
def test_the_drivers_cuda_version_is_major_and_minor(version: int, text: str) -> None:
    assert cuda_text(version) == text


def host_tree(root: Path, stat: str, pressure: str | None) -> Path:
    (root / "proc/pressure").mkdir(parents=True, exist_ok=True)
    (root / "proc/stat").write_text(stat, "utf-8")
    if pressure is not None:
        (root / "proc/pressure/cpu").write_text(pressure, "utf-8")
    return root


def pressure(percent: str, total_us: int) -> str:
    return f"some avg10={percent} avg60=0.00 avg300=0.00 total={total_us}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"


def test_steal_is_the_stolen_share_of_cpu_time_since_the_last_sample(tmp_path: Path) -> None:
    host = HostSensor(clock=iter(range(0, 10**6, 10)).__next__, root=host_tree(tmp_path, "cpu  10 0 10 70 0 0 0 10 5 0\n", pressure("0.50", 7)))
    host.open()
    host_tree(tmp_path, "cpu  60 0 10 110 0 0 0 20 50 0\n", pressure("12.34", 1007))
    (reading,) = host.sample()
    assert reading.values == {"cpu_steal_ppm": 100_000, "psi_cpu_some_avg10_ppm": 123_400}


def test_pressure_is_counted_in_ns(tmp_path: Path) -> None:
    root = host_tree(tmp_path, "cpu  1 0 0 1 0 0 0 0 0 0\n", pressure("0.00", 7))
    host = HostSensor(root=root)
    before = host.edge()[0]
    host_tree(tmp_path, "cpu  1 0 0 2 0 0 0 0 0 0\n", pressure("0.00", 1007))
    assert difference(before, host.edge()[0]).grown["psi_cpu_some_ns"] == 1_000_000


def test_a_kernel_without_pressure_information_says_so_and_steal_is_still_read(tmp_path: Path) -> None:
    host = HostSensor(root=host_tree(tmp_path, "cpu  1 0 0 1 0 0 0 0 0 0\n", None))
    host.open()
    assert host.capabilities == {"cpu_total_ticks", "cpu_steal_ticks"}
    assert host.refusals == {"psi_cpu_some_ns": "unreadable:no-such-file"}
    assert "psi_cpu_some_avg10_ppm" not in host.sample()[0].values


@pytest.mark.parametrize(("percent", "ppm"), [("0.00", 0), ("2.23", 22_300), ("100.00", 1_000_000), ("7.5", 75_000)])
def test_pressure_in_percent_becomes_ppm(percent: str, ppm: int) -> None:
    assert average_ppm(pressure(percent, 1)) == ppm


def test_this_machines_host_sensor_reads_or_gives_reasons() -> None:
    host = HostSensor()
    host.open()
    (first,) = host.edge()
    assert set(first.counters) | set(first.refusals) >= {"cpu_total_ticks", "cpu_steal_ticks", "psi_cpu_some_ns"}
    assert len(astuple(first)) == 5


def test_a_machine_without_the_driver_has_no_nvml_sensor(tmp_path: Path) -> None:
    try:
        sensor = open_sensor("nvml")
    except SensorAbsent as absent:
        assert str(absent).startswith(("unreadable:", "not_applicable"))
    else:
        sensor.close()
        pytest.skip("this machine has an NVIDIA driver")
