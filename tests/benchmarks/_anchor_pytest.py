"""The benchmark that pytest-benchmark runs for `anchors`; the project's own tests do not collect this file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks._anchor_model import served
from tests.benchmarks._anchor_sides import PLACE


def test_cnn(benchmark: BenchmarkFixture) -> None:
    model, calls, warm = json.loads(os.environ[PLACE])
    backend, request = served(Path(model))
    benchmark.pedantic(backend.run, args=(request,), rounds=calls, iterations=1, warmup_rounds=warm)
