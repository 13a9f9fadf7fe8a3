"""The executor of a machine with a board, through the real binding and a real shared library."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from runner.contract.canary import scan
from runner.contract.executor import Executor
from runner.contract.fields import facts
from tests.runner.fake_nvml import Library, build

# Blocks and leaves that belong to a backend; only a run fills them.
BACKENDS = ("sw.framework", "sw.runtime", "sw.kernel_libs", "sw.cuda.framework_build", "compile.", "precision.", "serving.")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with build(tmp_path_factory.mktemp("nvml")) as library:
        yield library


def executor(board: Library, **scenario: object) -> Executor:
    return Executor.model_validate_json(json.dumps(board.ask("probe", **scenario)["document"]))


def test_every_mandatory_leaf_of_the_machine_is_answered(board: Library) -> None:
    silent = [path for path, fact, leaf in facts(executor(board)) if fact.need == "M" and not leaf.answered and not path.startswith(BACKENDS)]
    assert silent == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hw.vendor", "nvidia"), ("hw.product_name", "NVIDIA H100 80GB HBM3"), ("hw.architecture", "hopper"), ("hw.compute_capability", "9.0"),
        ("hw.count", 1), ("hw.memory_total_bytes", 85520809984), ("hw.ecc_enabled", True), ("hw.mig_mode", False),
        ("hw.virtualization_mode", "none"), ("hw.pcie_gen_max", 5), ("hw.pcie_width_max", 16), ("hw.memory_architecture", "discrete"),
        ("hw.form_factor", "dc_sxm"), ("hw.sm_clock_max_khz", 1980000), ("env.power_limit_mw.enforced", 700000),
        ("env.power_limit_mw.min", 200000), ("env.persistence_mode", True), ("env.app_clocks_khz", {"sm": 1980000, "memory": 2619000}),
        ("sw.driver.version", "580.95.05"), ("sw.cuda.driver_max", "13.0"),
    ],
)  # fmt: skip
def test_the_board_and_its_driver_are_named(board: Library, path: str, value: object) -> None:
    leaf = executor(board).field(path)
    assert (leaf.value, leaf.status) == (value, "observed")


@pytest.mark.parametrize(
    ("call", "path"),
    [
        ("nvmlDeviceGetName", "hw.product_name"), ("nvmlDeviceGetEccMode", "hw.ecc_enabled"), ("nvmlDeviceGetMigMode", "hw.mig_mode"),
        ("nvmlDeviceGetEnforcedPowerLimit", "env.power_limit_mw.enforced"), ("nvmlDeviceGetMaxPcieLinkWidth", "hw.pcie_width_max"),
        ("nvmlDeviceGetApplicationsClock", "env.app_clocks_khz"), ("nvmlDeviceGetTotalEccErrors", "hw.ecc_uncorrected"),
        ("nvmlSystemGetDriverVersion", "sw.driver.version"), ("nvmlSystemGetCudaDriverVersion_v2", "sw.cuda.driver_max"),
    ],
)  # fmt: skip
def test_a_refused_call_is_unreadable_with_its_reason_and_never_a_zero(board: Library, call: str, path: str) -> None:
    leaf = executor(board, **{call: 4}).field(path)
    assert (leaf.value, leaf.status) == (None, "unreadable:permission-denied")


def test_a_changed_power_limit_is_another_executor_and_a_changed_link_state_is_not(board: Library) -> None:
    usual = board.ask("probe")["fingerprint"]
    assert board.ask("probe", pcie_gen_cur=1, memory_used=1, temperature_c=80)["fingerprint"] == usual
    assert board.ask("probe", limit_mw=500_000)["fingerprint"] != usual


def test_the_reason_behind_unreadable_makes_no_other_executor(board: Library) -> None:
    assert board.ask("probe", nvmlDeviceGetVbiosVersion=4)["fingerprint"] == board.ask("probe", nvmlDeviceGetVbiosVersion=999)["fingerprint"]


def test_units_are_told_apart_by_a_pseudonym_and_no_identity_leaves_the_machine(board: Library) -> None:
    document = board.ask("probe")["document"]
    assert list(scan(document)) == [] and "GPU-a0000000" not in str(document)
    assert len(document["hw"]["uuid"]["value"]) == 64


def test_the_order_of_devices_does_not_change_the_unit(board: Library) -> None:
    there = board.ask("probe", count=2, environ={"CUDA_VISIBLE_DEVICES": "0,1"})["document"]["hw"]
    back = board.ask("probe", count=2, environ={"CUDA_VISIBLE_DEVICES": "1,0"})["document"]["hw"]
    assert there["uuid"] == back["uuid"] and there["count"]["value"] == 2


def test_a_count_of_strangers_is_given_only_where_the_driver_shows_us_too(board: Library) -> None:
    strangers = executor(board, processes=2).env.cotenancy.foreign_gpu_processes
    assert strangers.status == "unreadable:hidden-in-container" or strangers.value == 2
    assert executor(board, nvmlDeviceGetComputeRunningProcesses_v3=4).env.cotenancy.foreign_gpu_processes.status == "unreadable:refused-by-driver"
