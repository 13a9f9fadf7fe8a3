"""The doctor on machines made of files: each broken link is named with a remedy, and what is whole is not complained about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.contract.fields import AnyField, Text, Whole
from runner.doctor import Check, checks
from runner.doctor.board import boards_on_bus, link
from runner.doctor.software import needed, python, runtimes
from runner.doctor.surroundings import clock, disk, governor
from runner.sensors import NoSensor
from tests.runner.probe_tree import machine

BOARD = {"sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n", "sys/bus/pci/devices/0000:01:00.0/class": "0x030200\n"}
TOOLKIT_11 = {"usr/local/cuda/version.json": '{"cuda": {"version": "11.8.89"}}'}


class Driver(NoSensor):
    """A board whose driver says this."""

    name = "nvml"
    device_count = 1
    capabilities = frozenset({"energy_mj"})

    def __init__(self, **said: object) -> None:
        super().__init__()
        self._said = {"driver_max": "13.0", "width": 16, **said}

    @property
    def refusals(self) -> Mapping[str, str]:
        return {}

    def describe(self) -> Mapping[str, AnyField]:
        def seen(kind: type[Text] | type[Whole], value: object) -> AnyField:
            return kind.model_validate({"value": value, "status": "observed", "source": "test"})

        return {
            "sw.driver.version": seen(Text, "580.95.05"), "sw.cuda.driver_max": seen(Text, self._said["driver_max"]),
            "hw.compute_capability": seen(Text, "9.0"), "hw.pcie_width_cur": seen(Whole, self._said["width"]), "hw.pcie_width_max": seen(Whole, 16),
            "hw.pcie_gen_cur": seen(Whole, 1), "hw.pcie_gen_max": seen(Whole, 5), "hw.mig_mode": Text(status="not_applicable"),
        }  # fmt: skip


def examined(root: Path, cuda: str | None = None, **changes: object) -> dict[str, Check]:
    there = machine(root, **changes)  # type: ignore[arg-type]
    if cuda:
        (there.site_folders[0] / "torch").mkdir()
        (there.site_folders[0] / "torch/version.py").write_text(f"__version__ = '2.13.0'\ncuda: Optional[str] = '{cuda}'\n", "utf-8")
    return {check.name: check for check in checks(there, sleep=lambda _: None)}


def test_what_wants_something_says_what_to_do(tmp_path: Path) -> None:
    for check in examined(tmp_path, changed=BOARD, without=["sys/class/dmi"]).values():
        assert bool(check.remedy) == (check.outcome in ("warn", "fail")), check


def test_a_board_without_an_answering_library_fails_with_the_reason(tmp_path: Path) -> None:
    check = examined(tmp_path, changed=BOARD, sensor=NoSensor("unreadable:library-not-found"))["NVML"]
    assert check.outcome == "fail" and "library-not-found" in check.seen


def test_a_machine_without_a_board_is_not_blamed_for_it(tmp_path: Path) -> None:
    found = examined(tmp_path, sensor=NoSensor("unreadable:library-not-found"))
    assert {found[name].outcome for name in ("NVML", "nouveau", "CUDA axes", "persistence mode", "PCIe link", "MIG", "energy")} == {"not_applicable"}


def test_a_network_card_of_the_vendor_is_no_board(tmp_path: Path) -> None:
    changed = {"sys/bus/pci/devices/0000:02:00.0/vendor": "0x10de", "sys/bus/pci/devices/0000:02:00.0/class": "0x020000"}
    assert boards_on_bus(machine(tmp_path, changed)) == 0


def test_nouveau_fails(tmp_path: Path) -> None:
    modules = {"proc/modules": "ext4 1 2 - Live 0x0\nnouveau 2400 0 - Live 0x0\n"}
    assert examined(tmp_path, changed=BOARD | modules)["nouveau"].outcome == "fail"


def test_a_module_whose_name_only_holds_the_word_is_not_nouveau(tmp_path: Path) -> None:
    assert examined(tmp_path, changed=BOARD | {"proc/modules": "not_nouveau 1 0 - Live 0x0\n"})["nouveau"].outcome == "ok"


def test_an_old_toolkit_beside_a_new_build_is_listed_and_is_no_fault(tmp_path: Path) -> None:
    check = examined(tmp_path, cuda="13.0", changed=TOOLKIT_11, sensor=Driver())["CUDA axes"]
    assert check.outcome == "ok"
    assert all(part in check.seen for part in ("580.95.05", "13.0", "11.8.89", "9.0", "in effect: the framework's own build"))


@pytest.mark.parametrize(("build", "most", "outcome"), [("12.8", "12.4", "ok"), ("12.8", "13.0", "ok"), ("13.0", "12.9", "fail")])
def test_a_build_of_a_newer_major_version_than_the_driver_fails(tmp_path: Path, build: str, most: str, outcome: str) -> None:
    assert examined(tmp_path, cuda=build, sensor=Driver(driver_max=most))["CUDA axes"].outcome == outcome


def test_forward_compatibility_libraries_turn_the_failure_into_a_warning(tmp_path: Path) -> None:
    compatible = {"usr/local/cuda/compat/libcuda.so.1": "x"}
    assert examined(tmp_path, cuda="13.0", changed=compatible, sensor=Driver(driver_max="12.9"))["CUDA axes"].outcome == "warn"


def test_half_the_lanes_warn_and_a_generation_saved_at_idle_does_not(tmp_path: Path) -> None:
    assert examined(tmp_path / "half", sensor=Driver(width=8))["PCIe link"].outcome == "warn"
    assert examined(tmp_path / "full", sensor=Driver(width=16))["PCIe link"].outcome == "ok"
    hidden = Whole(status="unreadable:not-supported")
    assert link(dict.fromkeys(("hw.pcie_width_cur", "hw.pcie_width_max", "hw.pcie_gen_cur", "hw.pcie_gen_max"), hidden)).outcome == "not_applicable"


@pytest.mark.parametrize(("version", "outcome"), [("3.10.14", "fail"), ("3.11.0", "ok"), ("3.13.1", "ok")])
def test_an_interpreter_that_is_too_old_fails(version: str, outcome: str) -> None:
    assert python(version).outcome == outcome


def test_missing_packages_are_named() -> None:
    check = needed({"numpy": "2.4.6"})
    assert check.outcome == "fail" and "pydantic" in check.seen and "numpy" not in check.seen


@pytest.mark.parametrize(
    ("versions", "outcome"), [({}, "fail"), ({"onnxruntime": "1.32.0"}, "ok"), ({"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.32.0"}, "warn")]
)
def test_without_a_runtime_there_is_nothing_to_measure_and_two_of_one_folder_clash(versions: dict[str, str], outcome: str) -> None:
    assert runtimes(versions).outcome == outcome


def test_another_torch_than_the_tested_one_warns_and_says_its_build(tmp_path: Path) -> None:
    check = examined(tmp_path, cuda="13.0", installed=("torch-2.14.1+cu130",))["torch build"]
    assert check.outcome == "warn" and check.seen == "2.14.1+cu130, built for CUDA 13.0"


def test_a_wandering_governor_warns_and_an_invisible_one_does_not() -> None:
    assert governor(Text(value="powersave", status="observed", source="")).outcome == "warn"
    assert governor(Text(status="unreadable:no-such-file", source="")).outcome == "not_applicable"


@pytest.mark.parametrize(("step_ns", "outcome"), [(50, "ok"), (4_000_000, "warn")])
def test_a_coarse_clock_warns(step_ns: int, outcome: str) -> None:
    assert clock(Text(value="tsc", status="observed", source=""), iter(range(0, 10**12, step_ns)).__next__).outcome == outcome


def test_a_quota_on_the_cpu_warns(tmp_path: Path) -> None:
    check = examined(tmp_path, changed={"sys/fs/cgroup/job.slice/cpu.max": "150000 100000"})["CPU quota"]
    assert (check.outcome, check.seen) == ("warn", "1.5 CPUs")


@pytest.mark.parametrize(("free", "outcome"), [(10**8, "fail"), (10**9, "warn"), (10**11, "ok")])
def test_the_disk_of_an_outbox_that_does_not_exist_yet_is_judged_by_its_parent(tmp_path: Path, free: int, outcome: str) -> None:
    asked: list[Path] = []
    assert disk(tmp_path / "node/outbox", lambda folder: asked.append(folder) or free).outcome == outcome
    assert asked == [tmp_path]


def test_every_unread_mandatory_fact_is_listed_with_its_reason_and_a_declaration_answers_one(tmp_path: Path) -> None:
    there = machine(tmp_path, without=["sys/class/dmi/id/sys_vendor"])
    before = next(check for check in checks(there, sleep=lambda _: None) if check.name == "mandatory facts")
    assert before.outcome == "warn" and "host.sys_vendor (no-such-file)" in before.seen and "env.cooling (not-declared)" in before.seen
    declared = {"env.cooling": "air_active", "host.sys_vendor": "Supermicro"}
    after = next(check for check in checks(there, declared=declared, sleep=lambda _: None) if check.name == "mandatory facts")
    assert "env.cooling" not in after.seen and "host.sys_vendor" not in after.seen
