"""Who may import whom: import-linter's contracts are kept, and each has been seen to fail on an import planted in a copy of the tree."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, hand_written, imported, is_under, place

LINT = Path(sys.executable).with_name("lint-imports")
CONTRACT_MAY_IMPORT = ("runner.contract", "pydantic", "pydantic_core", "numpy", "pyarrow", "cryptography")

# contract: (file in the copy, what is planted there)
PLANTED = {
    "contract-stands-alone": ("runner/contract/fields.py", "import runner.sensors"),
    "runner-without-site": ("runner/sensors/planted.py", "import django"),
    "site-through-contract": ("lynxweb/registry/planted.py", "import runner.backends"),
    "site-without-runtimes": ("lynxweb/registry/planted.py", "import torch"),
    "runner-layers": ("runner/sensors/planted.py", "import runner.cli"),
    "site-layers": ("lynxweb/audit/planted.py", "import lynxweb.registry"),
    "torch-in-backends": ("runner/quality/planted.py", "import torch"),
    "onnxruntime-in-backends": ("runner/quality/planted.py", "import onnxruntime"),
    "pynvml-in-one-file": ("runner/sensors/planted.py", "import pynvml"),
    "http-client-in-one-file": ("runner/sensors/planted.py", "import httpx"),
    "no-cycles": ("runner/sensors/planted.py", "import runner.backends"),
}


def contracts() -> list[str]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [contract["id"] for contract in configuration["tool"]["importlinter"]["contracts"]]


def lint(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-cache", "--no-logo", *options]
    return subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder), "COLUMNS": "200"}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the two packages and the configuration."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.onnx", "*.np?", "__pycache__"))
    return folder


def test_every_contract_is_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_has_a_planted_import() -> None:
    assert sorted(PLANTED) == sorted(contracts())


@pytest.mark.parametrize("contract", sorted(PLANTED))
def test_a_planted_import_breaks_its_contract(contract: str, tree: Path) -> None:
    name, line = PLANTED[contract]
    path = tree / name
    before = path.read_text("utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", "utf-8")
    if contract == "no-cycles":
        (tree / "runner/backends/planted.py").write_text("import runner.sensors\n", "utf-8")
    try:
        done = lint(tree, "--contract", contract)
    finally:
        path.unlink() if before is None else path.write_text(before, "utf-8")
        (tree / "runner/backends/planted.py").unlink(missing_ok=True)
    assert done.returncode == 1 and "BROKEN" in done.stdout, done.stdout + done.stderr


def test_the_same_tree_without_the_planted_import_is_kept(tree: Path) -> None:
    assert lint(tree).returncode == 0


def strangers(name: str, source: str) -> list[str]:
    """Imports that the contract may not have: all but the standard library and the four base dependencies."""
    allowed = (*CONTRACT_MAY_IMPORT, *sys.stdlib_module_names)
    return [
        f"{name}:{line} imports {module}" for line, module in imported(ast.parse(source)) if not any(is_under(module, known) for known in allowed)
    ]


def test_the_contract_imports_its_four_dependencies_and_the_standard_library_only() -> None:
    assert [line for path in hand_written("runner/contract") for line in strangers(place(path), path.read_text("utf-8"))] == []


def test_a_stranger_in_the_contract_is_found() -> None:
    assert strangers("a.py", "import numpy.typing, json\nfrom requests import get\n") == ["a.py:2 imports requests"]


def test_every_folder_of_modules_is_a_package_that_the_linter_sees() -> None:
    folders = {path.parent for path in hand_written(*PACKAGES)}
    assert [place(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
