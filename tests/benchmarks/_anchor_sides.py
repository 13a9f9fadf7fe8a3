"""One block of one harness of `anchors`, in this process: `python -m tests.benchmarks._anchor_sides SIDE MODEL CALLS WARM` prints its figures.

What is called is the same for all that let it be chosen: `OnnxRuntime.run` of one prepared request, with the garbage collector off. The tool of the
wheel chooses for itself: a fresh session, `session.run([], feeds)` from the first inference on, and a mean. A side of ours does just that.
"""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from runner.contract.statistics import rank
from runner.load.clock import Clock
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Serve
from runner.load.warming import WarmUp

PLACE = "LYNXWEB_ANCHOR"  # how the file of pytest-benchmark learns model, calls and warm-up: its process takes no arguments of ours
GOES, GO_CALLS = 16, 250
AS_TOOL = ("ours_as_tool", "onnxruntime_test")
BARE = ["-p", "pytest_benchmark.plugin", "-p", "no:cacheprovider", "-c", os.devnull, "--noconftest", "-q", "--benchmark-disable-gc"]


def _columns(run: Serve, request: object, calls: int, warm: int) -> Columns:
    clock, warming = Clock(time.perf_counter_ns()), WarmUp(0, warm) if warm else None
    return closed_loop(run, [request], np.zeros(1, np.int64), None, clock, requests=calls, warm=warming)


def ours(model: Path, calls: int, warm: int) -> Mapping[str, object]:
    """Our closed loop over the prepared request: p50 of the latency from schedule, which holds the driver's own cost."""
    from tests.benchmarks._anchor_model import served

    backend, request = served(model)
    columns = _columns(backend.run, request, calls, warm)
    latencies = np.sort(columns.t_last_ns - columns.t_scheduled_ns)
    return {"p50_ns": int(latencies[rank(calls, 500) - 1]), "harness": "lynxweb closed loop"}


def ours_as_tool(model: Path, calls: int, warm: int) -> Mapping[str, object]:
    """Our closed loop over what the tool of the wheel calls: a fresh session and its inputs each go, from its first inference on."""
    import onnxruntime

    feeds_of = _tool().generate_feeds

    def go() -> float:
        session = onnxruntime.InferenceSession(str(model), providers=onnxruntime.get_available_providers())
        columns = _columns(lambda feeds: session.run([], feeds), feeds_of(session), GO_CALLS, 0)
        return (columns.window_end_ns - columns.window_start_ns) / GO_CALLS

    return _means([go() for _ in range(GOES)], "lynxweb closed loop over session.run")


def tool(model: Path, calls: int, warm: int) -> Mapping[str, object]:
    """The function of the wheel's own tool, go by go; what it prints is a mean."""
    run_model = _tool().run_model

    def go() -> float:
        with redirect_stdout(io.StringIO()) as said:
            run_model(str(model), GO_CALLS)
        line = next(line for line in said.getvalue().splitlines() if line.startswith("avg latency:"))
        return float(line.split()[2]) * 1e6

    return _means([go() for _ in range(GOES)], f"onnxruntime_test {version('onnxruntime')}")


def _tool() -> Any:
    """The tool as a module, from its file alone: its package would load torch."""
    import onnxruntime

    spec = spec_from_file_location("onnxruntime_test", Path(onnxruntime.__file__).parent / "tools" / "onnxruntime_test.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _means(means_ns: Sequence[float], harness: str) -> Mapping[str, object]:
    """The lower quartile of means: whoever else had the processor for a while is in most means of a shared machine, and a mean has no way out."""
    return {"lower_quartile_of_means_ns": round(sorted(means_ns)[rank(len(means_ns), 250) - 1]), "harness": harness}


def pyperf(model: Path, calls: int, warm: int) -> Mapping[str, object]:
    """pyperf with one call a value: its median is then a median of calls, as ours is."""
    import pyperf as harness

    from tests.benchmarks._anchor_model import served

    backend, request = served(model)
    sys.argv[1:] = ["--worker", "--loops=1", f"--values={calls}", f"--warmups={warm}", "--quiet"]
    gc.collect()
    gc.disable()
    bench = harness.Runner().bench_func("cnn", backend.run, request)
    assert bench is not None
    return _median(bench.median(), f"pyperf {version('pyperf')}")


def pytest_benchmark(model: Path, calls: int, warm: int) -> Mapping[str, object]:
    """pytest-benchmark with one call a round, in this process, without the plugins and the configuration of this project."""
    import pytest

    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", PLACE: json.dumps([str(model), calls, warm])}
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        status = pytest.main([*BARE, f"--benchmark-json={told}", str(Path(__file__).with_name("_anchor_pytest.py"))])
        if status != 0:
            raise SystemExit(f"anchors: pytest ended with {status}")
        found = json.loads(told.read_text("utf-8"))["benchmarks"][0]["stats"]
    return _median(found["median"], f"pytest-benchmark {version('pytest-benchmark')}")


def _median(median_s: float, harness: str) -> Mapping[str, object]:
    return {"p50_ns": round(median_s * 1e9), "harness": harness}


SIDES: Mapping[str, Callable[[Path, int, int], Mapping[str, object]]] = {
    "ours": ours, "pyperf": pyperf, "pytest_benchmark": pytest_benchmark, "ours_as_tool": ours_as_tool, "onnxruntime_test": tool,
}  # fmt: skip


def block(side: str, model: Path, calls: int, warm: int) -> Mapping[str, object]:
    """The figures of one block of `side`, from a process of its own that keeps to the processors of this one."""
    command = [sys.executable, "-m", "tests.benchmarks._anchor_sides", side, str(model), str(calls), str(warm)]
    config = {"ORT_LOAD_CONFIG_FROM_MODEL": "1"} if side in AS_TOOL else {}
    ended = subprocess.run(command, env={**os.environ, "ORT_DISABLE_TELEMETRY": "1", **config}, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"anchors: {side} ended with {ended.returncode}: {ended.stderr[-800:]}")
    return dict(json.loads(ended.stdout.splitlines()[-1]))


if __name__ == "__main__":
    print("\n" + json.dumps(SIDES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
