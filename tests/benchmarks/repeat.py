"""`python -m tests.benchmarks.repeat`: do two runs of one job on one machine agree within their intervals?

A job is one plan (ONNX Runtime fp32, one thread) under a microbenchmark methodology made from a built-in one: windows of one second, as many
trials as --trials, each in a fresh process with warm-up, floor, sensors and captures as in any run. A pair is two runs of that job, measured by the
real session with their trials interleaved, sealed and checked. They agree where the 95 % interval of their ratio (Welch's t on the logarithms of
trial values, the one that a comparison shows) contains 1. That is stricter than intervals that overlap, which is printed beside it; the goal stands
on the primary metric, p50, alone. An exact instrument would agree in 95 % of pairs: with 20 pairs it would have at least 19 with the probability
that is printed as `chance_if_exact`.

`a_pair_apart` asks the same of runs that were not interleaved: the first of each pair with the first of the next. What the machine does in the
minutes between them is then in the difference and not in the intervals, so no goal stands on it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from runner.build import runner_build
from runner.contract.builtin import builtin
from runner.contract.canonical import encode
from runner.contract.methodology import Methodology
from runner.contract.run import MetricValue
from runner.contract.statistics import ratio_interval
from runner.node import NodeHome, NodeIdentity
from runner.session.measure import Measured, World, measure
from runner.session.plan import parse
from runner.walltime import clock_offset_ns, utc_now
from tests.benchmarks.report import finish, progress

LEAST_PERMILLE = 950
PRIMARY = "latency_p50@1"
METRICS = (PRIMARY, "latency_p99@1", "throughput@1")


def job(window_ns: int, trials: int) -> Methodology:
    """The built-in single stream with short windows, as a microbenchmark: no verdict about anything can rest on it."""
    tree = json.loads(builtin()["digits-quick"])
    protocol = {**tree["protocol"], "min_duration_ns": window_ns, "warmup_min_ns": window_ns // 2, "min_trials": trials}
    return Methodology.read(encode({**tree, "name": "digits-repeat", "kind": "microbenchmark", "protocol": protocol}))


def pair(how: Methodology, trials: int, node: NodeIdentity) -> tuple[Measured, Measured]:
    """Two runs of the job, trial by trial in turn."""
    plan = parse("onnxruntime:fp32")
    session = measure((plan, plan), how, trials, node, World(build=runner_build(), utc_now=utc_now, clock_offset_ns=clock_offset_ns))
    if session.failures:
        raise SystemExit(f"repeat: {session.failures[0].said[-800:]}")
    one, other = session.measured
    return one, other


def agreements(pairs: Sequence[tuple[MetricValue, MetricValue]]) -> dict[str, float]:
    """How many pairs agree by either reading, and how far apart and how wide they typically are, in per cent."""
    found = [ratio_interval(*([Decimal(value) for value in side.trial_values] for side in one)) for one in pairs]
    ratios = [one for one in found if one is not None]
    overlapping = sum(_overlap(one, other) for one, other in pairs)
    apart, half = sorted(abs(float(ratio) - 1) for ratio, _, _ in ratios), sorted(float(high / low) ** 0.5 - 1 for _, low, high in ratios)
    return {
        "pairs": len(ratios), "agree": sum(low <= 1 <= high for _, low, high in ratios), "intervals_overlap": overlapping,
        "median_difference_percent": round(100 * apart[len(apart) // 2], 3), "largest_difference_percent": round(100 * apart[-1], 3),
        "median_half_width_percent": round(100 * half[len(half) // 2], 3),
    }  # fmt: skip


def _overlap(one: MetricValue, other: MetricValue) -> bool:
    assert one.ci_low and one.ci_high and other.ci_low and other.ci_high
    return Decimal(one.ci_low) <= Decimal(other.ci_high) and Decimal(other.ci_low) <= Decimal(one.ci_high)


def chance(pairs: int, least: int) -> float:
    """P(Bin(pairs, 0.95) >= least)."""
    return sum(math.comb(pairs, k) * 0.95**k * 0.05 ** (pairs - k) for k in range(least, pairs + 1))


def main() -> None:
    """Measure the pairs and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20, help="pairs of runs (default 20)")
    parser.add_argument("--trials", type=int, default=3, help="trials of a run (default 3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a window (default 1)")
    asked = parser.parse_args()
    how, begun, runs = job(int(asked.seconds * 1e9), asked.trials), time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder:
        node = NodeHome(Path(folder)).identity()
        for number in range(asked.pairs):
            runs.append(pair(how, asked.trials, node))
            shown = [[int(value) for value in _value(run, PRIMARY).trial_values] for run in runs[-1]]
            progress(f"repeat: pair {number + 1}/{asked.pairs}, {time.perf_counter() - begun:.0f} s: p50 of trials in ns: {shown[0]} and {shown[1]}")
    found = {name: agreements([(_value(one, name), _value(other, name)) for one, other in runs]) for name in METRICS}
    figures: dict[str, object] = {**found}
    figures["a_pair_apart"] = agreements([(_value(one, PRIMARY), _value(other, PRIMARY)) for (one, _), (other, _) in pairwise(runs)])
    least = -(-asked.pairs * LEAST_PERMILLE // 1000)
    standing = [run.checked.validity for pair_ in runs for run in pair_]
    figures |= {
        "chance_if_exact": round(chance(asked.pairs, least), 3), "validity": {word: standing.count(word) for word in sorted(set(standing))},
        "findings": sorted({finding.code for pair_ in runs for run in pair_ for finding in run.checked.findings}),
        "trials_a_run": asked.trials, "window_s": asked.seconds, "took_s": round(time.perf_counter() - begun),
        "load_average_15_min": round(os.getloadavg()[2], 2),
    }  # fmt: skip
    agree = found[PRIMARY]["agree"]
    finish("repeat", figures, {"pairs_that_agree": {"at_least": least, "of": asked.pairs, "agree": agree, "met": agree >= least}})


def _value(run: Measured, name: str) -> MetricValue:
    found = run.checked.evidence.run.metric(name)
    assert found is not None
    return found


if __name__ == "__main__":
    main()
