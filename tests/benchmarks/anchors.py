"""`python -m tests.benchmarks.anchors`: is our p50 that of pyperf, of pytest-benchmark and of ONNX Runtime's own tool?

One small CNN (1x3x32x32, ONNX Runtime, one thread) is called by each harness in a process of its own, bound to one processor that is the same for
all, in blocks A B C … C B A. The first three make the same call of the same bound request as often, after as long a warm-up, and state the same
statistic: the median of single calls. The tool states only the mean of calls that it chooses itself; a side of ours makes those very calls and
states the same: the lower quartile, over 16 goes of 250 calls, of the mean of a go. Our loop collects garbage right before it starts, which makes
the first inference of a go about 0.15 ms longer: half a per cent of the mean, and against us.

Ratios are ours over theirs with their 95 % interval. What enters are medians of five consecutive blocks of a side (three where fewer rounds fit into
the time): seconds in which somebody else had the processor spoil a few blocks, and must not decide about a harness. Every block is told on stderr,
the smallest and the largest in the answer too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks._anchor_model import make
from tests.benchmarks._anchor_sides import SIDES, block
from tests.benchmarks.report import finish, medians, progress, ratio, within

CLOSE = 0.03
MOST_S = 60
PAIRS = (("pyperf", "ours", "p50_ns"), ("pytest_benchmark", "ours", "p50_ns"), ("onnxruntime_test", "ours_as_tool", "lower_quartile_of_means_ns"))
Blocks = dict[str, list[dict[str, object]]]


def measured(model: Path, calls: int, warm: int, until: float) -> Blocks:
    """Rounds of one block of every side, there and back, while one more is likely to end before `until`; two at least."""
    found: Blocks = {side: [] for side in SIDES}
    longest, rounds = 0.0, 0
    while rounds < 2 or time.perf_counter() + longest < until:
        begun = time.perf_counter()
        for side in list(SIDES)[:: 1 if rounds % 2 == 0 else -1]:
            found[side].append(dict(block(side, model, calls, warm)))
        longest, rounds = max(longest, time.perf_counter() - begun), rounds + 1
        shown = ", ".join(f"{side} {next(iter(blocks[-1].values()))}" for side, blocks in found.items())
        progress(f"anchors: round {rounds}, ns: {shown}")
    return found


def main() -> None:
    """Run the blocks and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=57, help="start no round that is likely to end later (default 57)")
    parser.add_argument("--calls", type=int, default=2_001, help="calls of a block (default 2,001)")
    asked = parser.parse_args()
    begun, cpu = time.perf_counter(), max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "cnn.onnx")
        blocks = measured(Path(folder) / "cnn.onnx", asked.calls, asked.calls // 10, begun + asked.seconds)
    rounds = len(blocks["ours"])
    figures: dict[str, object] = {
        "cpu": cpu, "blocks_a_side": rounds, "calls_a_block": asked.calls, "values_a_side": len(medians(range(rounds))),
        "load_average_after": round(os.getloadavg()[0], 2),
    }  # fmt: skip
    goals = {}
    for side, told in blocks.items():
        (name, _), (_, harness) = told[0].items()
        values = [int(str(one[name])) for one in told]
        figures[side] = {"harness": harness, "statistic": name, "median": int(statistics.median(values)), "min": min(values), "max": max(values)}
    for theirs, ours, name in PAIRS:
        figures[f"ratio_{theirs}"] = shown = ratio(*(medians([int(str(one[name])) for one in blocks[side]]) for side in (theirs, ours)))
        goals[theirs] = within(shown, CLOSE)
    took = round(time.perf_counter() - begun, 1)
    goals["job"] = {"at_most_s": MOST_S, "took_s": took, "met": took <= MOST_S}
    finish("anchors", figures, goals)


if __name__ == "__main__":
    main()
