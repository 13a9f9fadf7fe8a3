"""The lock pins everything exactly, names no place to fetch from, and keeps the node small."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.util import find_spec

import pytest

from tests.architecture.sources import ROOT
from tests.conftest import script

PIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*==[0-9][0-9a-z.]*")
MOST_NODE_DISTRIBUTIONS = 30


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def faults(text: str) -> list[str]:
    """Lines that are no exact pin of a public version: ranges, addresses, local paths, local versions such as +cpu."""
    return [line for line in lines(text) if not PIN.fullmatch(line)]


def lock() -> str:
    return (ROOT / "requirements.lock").read_text("utf-8")


def test_every_line_is_an_exact_public_pin() -> None:
    assert faults(lock()) == []


@pytest.mark.parametrize(
    "line",
    [
        "torch==2.13.0+cpu",
        "torch>=2",
        "torch @ file:///opt/torch.whl",
        "--extra-index-url https://example.org",
        "-e .",
        "torch",
        "a==1; python_version<'3.12'",
    ],
)
def test_a_line_that_is_no_exact_public_pin_is_refused(line: str) -> None:
    assert faults(line) == [line]


def test_torch_is_the_one_version_that_the_design_fixes() -> None:
    assert "torch==2.13.0" in lines(lock())


@pytest.mark.skipif(find_spec("torch") is None, reason="torch was left out (TORCH=none), so what it needs cannot be walked")
def test_the_lock_is_what_the_declared_requirements_reach_in_this_environment() -> None:
    """On a Python newer than the lock's, markers may leave a distribution out; the versions must agree all the same."""
    generator = script("lock")
    reached = {f"{name}=={version}" for name, version in generator.reached(generator.declared()).items()}
    assert reached <= set(lines(lock()))
    assert sys.version_info[:2] > (3, 11) or sorted(reached, key=lambda pin: pin.split("==")[0]) == lines(lock())


def test_a_node_takes_neither_django_nor_celery_and_few_distributions() -> None:
    generator = script("lock")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    core = [generator.Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["cli"]]]
    reached = set(generator.reached(core))
    assert not reached & {"django", "djangorestframework", "celery", "torch", "onnxruntime", "plotly"}
    assert len(reached) < MOST_NODE_DISTRIBUTIONS
