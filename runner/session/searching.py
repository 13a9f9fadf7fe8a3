"""A saturation search with the real backend: the drivers of the session serve each step, and the rules of the contract decide."""

from __future__ import annotations

from dataclasses import dataclass, replace

from runner.contract.loads import Load
from runner.contract.methodology import MOST_CHUNKS, Methodology
from runner.contract.run import SearchOutcome, SearchStep
from runner.contract.schedules import due_times
from runner.contract.search_check import CAPACITY_POINTS, generator_limited, level_of, outcome_of
from runner.load.driver import Columns
from runner.load.search import capacity, search
from runner.session.bench import Bench, Stretch


@dataclass
class Searched:
    """What a search served, window by window, and what it found."""

    windows: list[tuple[Load, int, Columns]]
    outcome: SearchOutcome


def searched(bench: Bench, methodology: Methodology, seed: str, closed: Load) -> Searched:
    """Look for the highest rate that keeps the latency budget; every window that was served is kept."""
    load, rules, trial = methodology.load, methodology.load.search, bench.task.trial
    assert rules is not None
    windows: list[tuple[Load, int, Columns]] = []
    points_of: dict[int, list[int]] = {}

    def serve_closed(concurrency: int, length_ns: int) -> Columns:
        return kept(closed, 0, bench.serve(Stretch(closed, 0, length_ns, seed)))

    def serve(rate_per_s: str, length_ns: int, step: int, chunk: int) -> Columns:
        point, at = CAPACITY_POINTS + step * MOST_CHUNKS + chunk, load.at_rate(rate_per_s)
        points_of.setdefault(step, []).append(point)
        return kept(at, point, bench.serve(Stretch(at, point, length_ns, seed, due_times(at, length_ns, point, trial, seed=seed))))

    def kept(at: Load, point: int, columns: Columns) -> Columns:
        windows.append((at, point, columns))
        return columns

    def limited(columns: Columns) -> bool:
        return generator_limited(columns.samples(trial, 0, 1), methodology.gates)

    found = capacity(serve_closed, rules)
    alone = bench.task.workers == 1 and bench.task.batch_policy != "dynamic"  # one stream says little of a system that serves several at once
    bounded = found.bounded and alone
    level, confirm_ns = level_of(methodology.slo), methodology.protocol.min_duration_ns
    taken = search(serve, replace(found, bounded=bounded), level, rules, confirm_ns, limited)
    steps = [SearchStep(**step.model_dump(), points=tuple(points_of[place])) for place, step in enumerate(taken.steps)]
    return Searched(windows, outcome_of(found.per_s, bounded, steps))
