"""`python -m tests.benchmarks.floor`: what a request costs that does nothing, beside MLPerf LoadGen driven from Python.

Both serve the same do-nothing system in one process, in ABBA blocks. p50 is the one each of them reports (ours counts from the scheduled time, so
the driver's own cost is in it); the cost per request is the window divided by its requests (LoadGen: its own "QPS w/ loadgen overhead").
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

import mlperf_loadgen as loadgen
import numpy as np

from runner.backends import open_backend
from runner.contract.loads import Load
from runner.contract.samples import lag_queue_service
from runner.load.arrivals import due_times
from runner.load.clock import Clock, clock_cost
from runner.load.closed import closed_loop
from runner.load.open import open_loop
from tests.benchmarks.report import at_most, finish, progress, ratio

QUARTER = 0.25
POISSON = Load(loop="open", process="poisson", rate_per_s="1000", seed="7")


def ours(requests: int) -> tuple[int, int]:
    """(reported p50 in ns, cost per request in ns) of our closed loop on the null backend."""
    columns = closed_loop(open_backend("null").run, range(8), np.arange(8), None, Clock(time.perf_counter_ns()), requests=requests)
    latencies = np.sort(columns.t_last_ns - columns.t_scheduled_ns)
    return int(latencies[len(latencies) // 2]), (columns.window_end_ns - columns.window_start_ns) // requests


def _nothing(samples: list[int]) -> None:
    """LoadGen asks to load and unload samples; there are none."""


def _issue(queries: list[loadgen.QuerySample]) -> None:
    loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0) for query in queries])


def theirs(requests: int) -> tuple[int, int]:
    """The same two figures from LoadGen's single stream scenario, as its summary states them."""
    settings = loadgen.TestSettings()
    settings.scenario, settings.mode = loadgen.TestScenario.SingleStream, loadgen.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = requests
    settings.min_duration_ms = 0
    with tempfile.TemporaryDirectory() as folder:
        output, log = loadgen.LogOutputSettings(), loadgen.LogSettings()
        output.outdir, output.copy_summary_to_stdout = folder, False
        log.log_output, log.enable_trace = output, False
        system, samples = loadgen.ConstructSUT(_issue, lambda: None), loadgen.ConstructQSL(8, 8, _nothing, _nothing)
        loadgen.StartTestWithLogSettings(system, samples, settings, log)
        loadgen.DestroyQSL(samples)
        loadgen.DestroySUT(system)
        summary = (Path(folder) / "mlperf_log_summary.txt").read_text()
    return round(_stated(summary, r"50\.00 percentile latency \(ns\)")), round(1e9 / _stated(summary, r"QPS w/ loadgen overhead"))


def _stated(summary: str, name: str) -> float:
    found = re.search(rf"{name}\s*: ([0-9.]+)", summary)
    if found is None:
        raise SystemExit(f"LoadGen's summary has no line {name}; the benchmark reads version 6.0.17")
    return float(found[1])


def poisson() -> dict[str, int]:
    """Our open loop at 1,000 requests a second for two seconds: latency from schedule, lag and spin in ns."""
    due = due_times(POISSON, 2_000_000_000, 0, 0)
    columns = open_loop(open_backend("null").run, range(1), np.zeros(1, np.int64), due, 2_000_000_000, Clock(time.perf_counter_ns()))
    rows = columns.samples(0, 0, 1)
    lag, latency = np.sort(lag_queue_service(rows)[0]), np.sort(rows.t_last_ns - rows.t_scheduled_ns)
    half, most = len(lag) // 2, len(lag) * 99 // 100
    return {"p50_ns": int(latency[half]), "lag_p50_ns": int(lag[half]), "lag_p99_ns": int(lag[most]), "spin_ns": columns.spin_ns or 0}


def main() -> None:
    """Run the blocks and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=8, help="blocks a side (default 8)")
    parser.add_argument("--requests", type=int, default=100_000, help="requests a block (default 100,000)")
    asked = parser.parse_args()
    found: dict[str, list[tuple[int, int]]] = {"ours": [], "loadgen": []}
    for block in range(asked.repeats):
        for side in ("ours", "loadgen") if block % 2 == 0 else ("loadgen", "ours"):
            found[side].append((ours if side == "ours" else theirs)(asked.requests))
            progress(f"floor: block {block + 1}/{asked.repeats} {side}: p50 {found[side][-1][0]} ns, {found[side][-1][1]} ns a request")
    figures: dict[str, object] = {"clock_cost_ns": clock_cost().cost_ns, "poisson_1000_per_s": poisson()}
    goals = {}
    for place, name in enumerate(("p50_ns", "cost_per_request_ns")):
        columns = {side: [block[place] for block in blocks] for side, blocks in found.items()}
        for side, values in columns.items():
            figures[f"{side}_{name}"] = {"median": int(statistics.median(values)), "min": min(values), "max": max(values)}
        figures[f"ratio_{name}"] = shown = ratio(columns["loadgen"], columns["ours"])
        goals[f"{name}_ratio"] = at_most(shown, QUARTER)
    finish("floor", figures, goals)


if __name__ == "__main__":
    main()
