"""`python -m tests.benchmarks.floor`: what a request costs that does nothing, beside MLPerf LoadGen driven from Python.

Both serve the same do-nothing system in one process, in ABBA blocks, in two scenarios: closed loop, and Poisson arrivals at 1,000 a second. p50 is
the one each of them reports (ours counts from the scheduled time, so the driver's own cost is in it); the cost per request of the closed loop is the
window divided by its requests (LoadGen: its own "QPS w/ loadgen overhead").
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import mlperf_loadgen as loadgen
import numpy as np

from runner.backends import open_backend
from runner.contract.loads import Load
from runner.load.arrivals import due_times
from runner.load.clock import SECOND_NS, Clock, clock_cost
from runner.load.closed import closed_loop
from runner.load.floor import handoff_ns
from runner.load.open import open_loop
from tests.benchmarks.report import at_most, finish, progress, ratio

CLOSED_GOAL, POISSON_GOAL = 0.2, 0.1
RATE = 1_000
POISSON = Load(loop="open", process="poisson", rate_per_s=str(RATE), seed="7")
SLOTS = Load(loop="closed", process="concurrent_streams", concurrency=2, seed="7")
SERVER_NAMES = {
    "p50_ns": r"50\.00 percentile latency \(ns\)",
    "p90_ns": r"90\.00 percentile latency \(ns\)",
    "p99_ns": r"99\.00 percentile latency \(ns\)",
}
Figures = dict[str, int]


def our_closed(requests: int) -> Figures:
    """p50 from schedule and cost per request of our closed loop on the null backend, in ns."""
    columns = closed_loop(open_backend("null").run, range(8), np.arange(8), None, Clock(time.perf_counter_ns()), requests=requests)
    p50 = _order_statistics(columns.t_last_ns - columns.t_scheduled_ns)["p50_ns"]
    return {"p50_ns": p50, "cost_per_request_ns": (columns.window_end_ns - columns.window_start_ns) // requests}


def our_poisson(seconds: int) -> Figures:
    """Latency from schedule of our open loop on the null backend, its lag and its spin, in ns."""
    due = due_times(POISSON, seconds * SECOND_NS, 0, 0)
    columns = open_loop(open_backend("null").run, range(1), np.zeros(1, np.int64), due, seconds * SECOND_NS, Clock(time.perf_counter_ns()))
    lag = _order_statistics(columns.parts()[0])
    latency = _order_statistics(columns.t_last_ns - columns.t_scheduled_ns)
    return {**latency, "lag_p50_ns": lag["p50_ns"], "lag_p99_ns": lag["p99_ns"], "spin_ns": columns.spin_ns or 0}


def _order_statistics(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Figures:
    ordered = np.sort(values)
    return {name: int(ordered[(len(ordered) * permille + 999) // 1000 - 1]) for name, permille in (("p50_ns", 500), ("p90_ns", 900), ("p99_ns", 990))}


def _nothing(samples: list[int]) -> None:
    """LoadGen asks to load and unload samples; there are none."""


def _issue(queries: list[loadgen.QuerySample]) -> None:
    loadgen.QuerySamplesComplete([loadgen.QuerySampleResponse(query.id, 0, 0) for query in queries])


def _summary(settings: loadgen.TestSettings) -> str:
    """What LoadGen reports at the end of a test of a do-nothing system."""
    settings.mode = loadgen.TestMode.PerformanceOnly
    with tempfile.TemporaryDirectory() as folder:
        output, log = loadgen.LogOutputSettings(), loadgen.LogSettings()
        output.outdir, output.copy_summary_to_stdout = folder, False
        log.log_output, log.enable_trace = output, False
        system, samples = loadgen.ConstructSUT(_issue, lambda: None), loadgen.ConstructQSL(8, 8, _nothing, _nothing)
        loadgen.StartTestWithLogSettings(system, samples, settings, log)
        loadgen.DestroyQSL(samples)
        loadgen.DestroySUT(system)
        return (Path(folder) / "mlperf_log_summary.txt").read_text()


def their_closed(requests: int) -> Figures:
    """The same figures from LoadGen's single stream scenario, as its summary states them."""
    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.SingleStream
    settings.min_query_count = settings.max_query_count = requests
    settings.min_duration_ms = 0
    summary = _summary(settings)
    cost = round(SECOND_NS / _stated(summary, r"QPS w/ loadgen overhead"))
    return {"p50_ns": round(_stated(summary, r"50\.00 percentile latency \(ns\)")), "cost_per_request_ns": cost}


def their_poisson(seconds: int) -> Figures:
    """The same figures from LoadGen's server scenario, whose latency bound is out of reach."""
    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.Server
    settings.server_target_qps, settings.server_target_latency_ns = RATE, SECOND_NS
    settings.min_query_count = settings.max_query_count = RATE * seconds
    settings.min_duration_ms = 0
    summary = _summary(settings)
    return {name: round(_stated(summary, words)) for name, words in SERVER_NAMES.items()}


def _stated(summary: str, name: str) -> float:
    found = re.search(rf"{name}\s*: ([0-9.]+)", summary)
    if found is None:
        raise SystemExit(f"LoadGen's summary has no line {name}; the benchmark reads version 6.0.17")
    return float(found[1])


def interleaved(name: str, repeats: int, ours: Callable[[], Figures], theirs: Callable[[], Figures]) -> dict[str, list[Figures]]:
    """The figures of each block of both sides, in ABBA order."""
    found: dict[str, list[Figures]] = {"ours": [], "loadgen": []}
    for block in range(repeats):
        for side in ("ours", "loadgen") if block % 2 == 0 else ("loadgen", "ours"):
            found[side].append((ours if side == "ours" else theirs)())
            progress(f"floor: {name}, block {block + 1}/{repeats} {side}: {found[side][-1]}")
    return found


def spread(blocks: Sequence[Figures]) -> dict[str, Figures]:
    """Median, least and largest of each figure over the blocks."""
    columns = {name: [block[name] for block in blocks] for name in blocks[0]}
    return {name: {"median": int(statistics.median(values)), "min": min(values), "max": max(values)} for name, values in columns.items()}


def main() -> None:
    """Run the blocks and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=8, help="blocks a side (default 8)")
    parser.add_argument("--requests", type=int, default=100_000, help="requests a block of the closed loop (default 100,000)")
    parser.add_argument("--seconds", type=int, default=3, help="length of a block of Poisson arrivals (default 3)")
    asked = parser.parse_args()
    closed = interleaved("closed loop", asked.repeats, lambda: our_closed(asked.requests), lambda: their_closed(asked.requests))
    poisson = interleaved("poisson", asked.repeats, lambda: our_poisson(asked.seconds), lambda: their_poisson(asked.seconds))
    figures: dict[str, object] = {"clock_cost_ns": clock_cost().cost_ns, "handoff_ns": handoff_ns(SLOTS, Clock(time.perf_counter_ns()))}
    goals = {}
    for scenario, found, names, goal in (
        ("closed", closed, ("p50_ns", "cost_per_request_ns"), CLOSED_GOAL),
        ("poisson_1000_per_s", poisson, ("p50_ns",), POISSON_GOAL),
    ):
        figures[scenario] = {side: spread(blocks) for side, blocks in found.items()}
        for name in names:
            shown = ratio([block[name] for block in found["loadgen"]], [block[name] for block in found["ours"]])
            figures[f"{scenario}_ratio_{name}"], goals[f"{scenario}_{name}_ratio"] = shown, at_most(shown, goal)
    finish("floor", figures, goals)


if __name__ == "__main__":
    main()
