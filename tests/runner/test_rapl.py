"""RAPL through the kernel's files: packages are added up, a counter that starts again goes on, and a refusal is a status."""

from __future__ import annotations

import os
from pathlib import Path, PosixPath

import pytest

from runner.sensors.interface import PACKAGE_ENERGY
from runner.sensors.rapl import Rapl

MOST_UJ = 65_532_610_987


def package(root: Path, place: str, energy_uj: int | str, name: str = "package-0", most_uj: int = MOST_UJ) -> Path:
    folder = root / "sys/class/powercap" / place
    folder.mkdir(parents=True, exist_ok=True)
    for file, value in (("name", name), ("energy_uj", energy_uj), ("max_energy_range_uj", most_uj)):
        (folder / file).write_text(f"{value}\n")
    return folder


def opened(root: Path) -> Rapl:
    rapl = Rapl(root=root)
    rapl.open()
    return rapl


def energy_mj(rapl: Rapl) -> int | None:
    (edge,) = rapl.edge()
    return edge.counters.get(PACKAGE_ENERGY)


def test_energy_is_the_sum_over_the_packages(tmp_path: Path) -> None:
    package(tmp_path, "intel-rapl:0", 5_000_999)
    package(tmp_path, "intel-rapl:1", 7_000_000, "package-1-die-0")
    rapl = opened(tmp_path)
    assert energy_mj(rapl) == 12_000 and rapl.capabilities == {PACKAGE_ENERGY} and rapl.refusals == {}


def test_what_lies_inside_a_package_or_is_no_package_is_not_counted_again(tmp_path: Path) -> None:
    package(tmp_path, "intel-rapl:0", 5_000_000)
    package(tmp_path, "intel-rapl:0:0", 4_000_000, "core")
    package(tmp_path, "intel-rapl:1", 9_000_000, "psys")
    package(tmp_path, "intel-rapl-mmio:0", 5_000_000)
    package(tmp_path, "dtpm", 1_000_000, "package-9")
    assert energy_mj(opened(tmp_path)) == 5_000


def test_a_counter_that_starts_again_goes_on(tmp_path: Path) -> None:
    package(tmp_path, "intel-rapl:0", MOST_UJ - 1_000_000)
    rapl = opened(tmp_path)
    before = energy_mj(rapl)
    package(tmp_path, "intel-rapl:0", 2_000_000)
    after = energy_mj(rapl)
    assert before is not None and after is not None and after - before == 3_000
    package(tmp_path, "intel-rapl:0", 4_000_000)
    assert energy_mj(rapl) == after + 2_000


def test_a_machine_without_the_files_says_so(tmp_path: Path) -> None:
    rapl = opened(tmp_path)
    assert energy_mj(rapl) is None and rapl.capabilities == frozenset()
    assert rapl.refusals == {PACKAGE_ENERGY: "unreadable:no-such-file"}


def test_a_folder_without_packages_is_no_zero(tmp_path: Path) -> None:
    (tmp_path / "sys/class/powercap").mkdir(parents=True)
    assert opened(tmp_path).refusals == {PACKAGE_ENERGY: "unreadable:no-such-file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_only_root_may_read_is_permission_denied(tmp_path: Path) -> None:
    (package(tmp_path, "intel-rapl:0", 5) / "energy_uj").chmod(0)
    assert opened(tmp_path).refusals == {PACKAGE_ENERGY: "unreadable:permission-denied"}


class Denied(PosixPath):
    """A tree in which one package's counter is for others to read, whoever asks."""

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        if self.parts[-2:] == ("intel-rapl:1", "energy_uj"):
            raise PermissionError(self)
        return super().read_text(encoding, errors)


def test_a_package_that_may_not_be_read_leaves_no_sum(tmp_path: Path) -> None:
    package(tmp_path, "intel-rapl:0", 5_000_000)
    package(tmp_path, "intel-rapl:1", 7_000_000)
    rapl = opened(Denied(tmp_path))
    assert energy_mj(rapl) is None and rapl.refusals == {PACKAGE_ENERGY: "unreadable:permission-denied"}


def test_a_package_without_its_range_is_not_read_for_it_could_not_be_followed(tmp_path: Path) -> None:
    (package(tmp_path, "intel-rapl:0", 5) / "max_energy_range_uj").unlink()
    assert opened(tmp_path).refusals == {PACKAGE_ENERGY: "unreadable:no-such-file"}


def test_a_counter_that_is_no_number_is_of_an_unknown_format(tmp_path: Path) -> None:
    package(tmp_path, "intel-rapl:0", "many")
    assert opened(tmp_path).refusals == {PACKAGE_ENERGY: "unreadable:unknown-format"}


def test_a_counter_that_goes_away_is_refused_and_not_asked_again(tmp_path: Path) -> None:
    folder = package(tmp_path, "intel-rapl:0", 5_000_000)
    rapl = opened(tmp_path)
    (folder / "energy_uj").unlink()
    assert energy_mj(rapl) is None and rapl.refusals == {PACKAGE_ENERGY: "unreadable:no-such-file"}
    package(tmp_path, "intel-rapl:0", 6_000_000)
    assert energy_mj(rapl) is None
