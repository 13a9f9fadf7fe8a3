"""`python -m tests.benchmarks.saturation`: how often, how far and how fast the saturation search is wrong, on systems whose true answer is known.

Level: 99 % of requests within 20 ms. Every run has its own arrivals and services from a fixed seed, measures its own capacity in a noisy closed
loop, searches and confirms in a window of 600 s; time is that of the load, not of the simulation. Beside it the rule of LoadGen's
FindPeakPerformance on the same systems: the point estimate of one window of 60 s decides, rates double and then halve the gap down to 0.1/s.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from runner.contract.search import SearchRules
from runner.contract.search_step import Level
from runner.contract.statistics import rank
from runner.load.driver import Columns
from runner.load.search import Found, capacity, search
from tests.benchmarks._queues import SECOND_NS, Queue, batching, long_run_truth, md1, md1_truth, mm1, mm1_truth, stalling
from tests.benchmarks.report import finish, progress

LEVEL, RULES = Level(990, 20_000_000), SearchRules()
CONFIRM_NS, THEIR_WINDOW_NS = 600 * SECOND_NS, 60 * SECOND_NS
LEAST_ERROR, MOST_OVER, MOST_STEPS, MOST_SECONDS = -7.0, 0.02, 6, 300


@dataclass(frozen=True)
class Cell:
    """One system, its true answer in requests per second, how many runs of ours and of LoadGen's rule, and the concurrency it can take."""

    made: Callable[[int], Queue]
    truth_per_s: Callable[[], float]
    runs: int
    theirs: int
    most_concurrency: int = 1


def cells(runs: int) -> dict[str, Cell]:
    """The systems; the goals are about the first."""

    def batches(seed: int) -> Queue:
        return batching(8, 2_000_000, 250_000, seed)

    limit, permille = LEVEL.limit_ns, LEVEL.permille
    return {
        "mm1": Cell(lambda seed: mm1(1000, seed), lambda: mm1_truth(1000, permille, limit), runs, runs),
        "md1": Cell(lambda seed: md1(1000, seed), lambda: md1_truth(1000, permille, limit), max(2, runs // 5), max(2, runs // 10)),
        "batching": Cell(batches, lambda: long_run_truth(batches(1), permille, limit, 1500, 2000, 1200 * SECOND_NS), max(2, runs // 10), 2, 64),
        "cliff": Cell(lambda seed: stalling(1000, 600, 50_000_000, seed), lambda: 600.0, max(2, runs // 5), max(2, runs // 10)),
    }


def ours(cell: Cell, seed: int) -> tuple[Found, float]:
    """One search, and the seconds of load of its steps before the first confirmation."""
    queue, served = cell.made(seed), list[int]()

    def serve(rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        served.append(length_ns)
        return queue.serve(rate_per_s, length_ns, step, chunk)

    found = search(serve, capacity(queue.serve_closed, RULES, cell.most_concurrency), LEVEL, RULES, CONFIRM_NS)
    first = served.index(CONFIRM_NS) if CONFIRM_NS in served else len(served)
    return found, sum(served[:first]) / SECOND_NS


def theirs(cell: Cell, seed: int) -> tuple[float, int]:
    """(rate stated, windows used) of LoadGen's rule, begun at half the capacity as ours."""
    queue, step = cell.made(seed), 0
    low, high = 0, None
    tenths = round(Fraction(capacity(queue.serve_closed, RULES, cell.most_concurrency).per_s) * 5)
    while high is None or high - low > 1:
        columns = queue.serve(f"{tenths // 10}.{tenths % 10}".removesuffix(".0"), THEIR_WINDOW_NS, 10_000 + step, 0)
        latencies = np.sort(columns.t_last_ns - columns.t_scheduled_ns)
        passed = latencies[rank(len(latencies), LEVEL.permille) - 1] <= LEVEL.limit_ns
        low, high = (tenths, high) if passed else (low, tenths)
        tenths, step = 2 * low if high is None else (low + high) // 2, step + 1
    return low / 10, step


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and largest of a figure."""
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p95": ordered[rank(len(ordered), 950) - 1], "max": ordered[-1]}


def claims(rates: Sequence[float], truth: float) -> dict[str, float]:
    """How stated rates lie to the truth: the share above it, the share from -7 to 0 %, and the errors in percent."""
    errors = sorted((rate / truth - 1) * 100 for rate in rates)
    inside = sum(LEAST_ERROR <= error <= 0 for error in errors)
    shown = {"min": errors[0], "p1": errors[rank(len(errors), 10) - 1], "median": statistics.median(errors), "max": errors[-1]}
    return {
        "over_claimed": round(sum(error > 0 for error in errors) / len(errors), 4),
        "within_goal": round(inside / len(errors), 4),
        **{f"error_percent_{name}": round(value, 2) for name, value in shown.items()},
    }


def measured(name: str, cell: Cell) -> dict[str, object]:
    """The figures of one cell."""
    truth, begun = cell.truth_per_s(), time.monotonic()
    found = [ours(cell, seed) for seed in range(1, cell.runs + 1)]
    progress(f"saturation: {name}: {cell.runs} searches in {time.monotonic() - begun:.0f} s")
    rival = [theirs(cell, seed) for seed in range(1, cell.theirs + 1)]
    progress(f"saturation: {name}: with LoadGen's rule after {time.monotonic() - begun:.0f} s")
    searched = [before_confirmation(one) for one, _ in found]
    points = [float(one.x_slo_per_s) for one, _ in found if one.x_slo_per_s is not None]
    return {
        "truth_per_s": round(truth, 1),
        "runs": cell.runs,
        "lower_end": claims([lo for lo, _ in searched], truth),
        "confirmed": {"none": cell.runs - len(points), **claims(points, truth)},
        "steps": spread([steps for _, steps in searched]),
        "step_s": spread([seconds for _, seconds in found]),
        "confirmations": spread([sum(step.purpose == "confirm" for step in one.steps) for one, _ in found]),
        "labelled_cliff": sum("cliff" in one.words for one, _ in found) / cell.runs,
        "loadgen_rule": {
            **claims([rate for rate, _ in rival], truth),
            "runs": cell.theirs,
            "steps": spread([steps for _, steps in rival]),
            "step_s": spread([steps * THEIR_WINDOW_NS / SECOND_NS for _, steps in rival]),
        },
    }


def before_confirmation(found: Found) -> tuple[float, int]:
    """(lower end of the bracket, steps) when the search had ended and nothing was confirmed yet."""
    first = next((place for place, step in enumerate(found.steps) if step.purpose == "confirm"), len(found.steps))
    failed = [step.rate for step in found.steps[:first] if step.answer != "certified"]
    certified = [step.rate for step in found.steps[:first] if step.answer == "certified" and step.rate < min(failed, default=step.rate + 1)]
    return float(max(certified, default=Fraction(0))), first


def goals_of(figures: dict[str, object]) -> dict[str, dict[str, object]]:
    """What has to hold for M/M/1."""
    steps, seconds = figures["steps"], figures["step_s"]
    lower, point = figures["lower_end"], figures["confirmed"]
    assert isinstance(steps, dict) and isinstance(seconds, dict) and isinstance(lower, dict) and isinstance(point, dict)
    bounds = {
        "lower_end_over_claimed": (lower["over_claimed"], MOST_OVER),
        "confirmed_over_claimed": (point["over_claimed"], MOST_OVER),
        "confirmed_outside_-7_to_0_percent": (round(1 - point["within_goal"], 4), MOST_OVER),
        "steps_max": (steps["max"], MOST_STEPS),
        "step_s_median": (seconds["median"], MOST_SECONDS),
        "runs_without_a_point": (point["none"], 0),
    }
    return {name: {"figure": figure, "at_most": bound, "met": figure <= bound} for name, (figure, bound) in bounds.items()}


def main() -> None:
    """Run the cells and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="searches on M/M/1; the other systems get a fifth or a tenth of it (default 200)")
    asked = parser.parse_args()
    figures: dict[str, object] = {name: measured(name, cell) for name, cell in cells(asked.runs).items()}
    first = figures["mm1"]
    assert isinstance(first, dict)
    finish("saturation", figures, goals_of(first))


if __name__ == "__main__":
    main()
