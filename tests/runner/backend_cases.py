"""Loaded backends over the real workload, for the tests that every backend passes."""

from __future__ import annotations

import importlib.util
from typing import NamedTuple

import pytest

from runner.backends import open_backend
from runner.backends.interface import Backend, ExecutorConfig
from runner.workloads import Workload, open_workload

WORKLOAD: Workload = open_workload("digits-cnn")
LIBRARIES = {"torch-eager": "torch", "onnxruntime": "onnxruntime"}


class Case(NamedTuple):
    """A backend by name at one precision."""

    name: str
    precision: str

    @property
    def id(self) -> str:
        """The case in a test's name."""
        return f"{self.name}-{self.precision}"


REAL = (Case("onnxruntime", "fp32"), Case("onnxruntime", "int8"), Case("torch-eager", "fp32"))
ALL = (*REAL, Case("null", "fp32"))


def loaded(case: Case, **options: object) -> Backend:
    """The backend of `case` with the workload's model; skips where its library is not installed."""
    library = LIBRARIES.get(case.name)
    if library and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    backend = open_backend(case.name)
    config = ExecutorConfig(precision=case.precision, **options)  # type: ignore[arg-type]
    backend.load(WORKLOAD.artifact(case.precision, backend.runtime_format), config)
    return backend
