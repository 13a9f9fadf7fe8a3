"""A real shared library in the place of the driver's, loaded by the real binding: build it, then ask a child process under a scenario."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

SOURCE = Path(__file__).with_name("nvml.c")
ROOT = Path(__file__).resolve().parents[3]
SCENARIO = "LYNXWEB_FAKE_NVML"
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


def compiler() -> str:
    """The C compiler; without one the test skips with the reason, or fails in CI."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        reason = "no C compiler (cc, gcc or clang) to build the stand-in for NVML with"
        if IN_CI:
            pytest.fail(f"{reason}: CI must have one")
        pytest.skip(reason)
    return found


class Library:
    """A folder that holds libnvidia-ml.so.1, and one child process that has it loaded; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._scenario = folder, folder / "scenario.txt"
        outside = os.environ | {"LD_LIBRARY_PATH": str(folder), SCENARIO: str(self._scenario)}
        command = [sys.executable, "-m", "tests.runner.fake_nvml.child"]
        self._child = subprocess.Popen(command, cwd=ROOT, env=outside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.communicate(timeout=30)

    def ask(self, question: str, *arguments: object, environ: Mapping[str, str] | None = None, **scenario: object) -> Any:
        """What the child says to `question` with a sensor opened under the scenario: keys of nvml.c, `__` for a dot."""
        self._scenario.write_text(scenario_text(scenario), "utf-8")
        assert self._child.stdin is not None and self._child.stdout is not None
        print(json.dumps([question, arguments, dict(environ or {})]), file=self._child.stdin, flush=True)
        said = json.loads(self._child.stdout.readline())
        assert "error" not in said, said["error"]
        return said["answer"]


def build(folder: Path, without: Sequence[str] = ()) -> Library:
    """The library in `folder`, lacking the symbols `without`, as an older driver does, with a child process that has it loaded."""
    compiled(folder, without)
    return Library(folder)


def compiled(folder: Path, without: Sequence[str] = ()) -> Path:
    """The folder with the library in it, for processes that are started elsewhere."""
    renamed = [f"-D{symbol}=absent_{symbol}" for symbol in without]
    command = [compiler(), "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1", *renamed,
               "-o", str(folder / "libnvidia-ml.so.1"), str(SOURCE)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def scenario_environ(folder: Path, scenario: Path, **keys: object) -> dict[str, str]:
    """Environment of a process that loads the library in `folder` under a scenario put in the file `scenario`: keys of nvml.c, `__` for a dot."""
    scenario.write_text(scenario_text(keys), "utf-8")
    return {"LD_LIBRARY_PATH": str(folder), SCENARIO: str(scenario)}


def scenario_text(keys: Mapping[str, object]) -> str:
    """The lines of a scenario file."""
    return "".join(f"{key.replace('__', '.')}={value}\n" for key, value in keys.items())
