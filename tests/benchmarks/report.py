"""The form of a benchmark's answer: progress on stderr, one JSON object as the last line of stdout, `met` computed from the figures."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from decimal import Decimal

from runner.contract.statistics import ratio_interval

GROUPS = ((15, 5), (9, 3), (0, 1))  # at least so many values, size of a group


def progress(line: str) -> None:
    """Say on stderr how far the benchmark is."""
    print(line, file=sys.stderr, flush=True)


def ratio(theirs: Sequence[int], ours: Sequence[int]) -> dict[str, float]:
    """Ours / theirs of interleaved repeats, with the ends of its 95 % interval."""
    found = ratio_interval([Decimal(value) for value in theirs], [Decimal(value) for value in ours])
    if found is None:
        raise SystemExit("benchmark: needs at least two repeats a side; ask for more with --repeats")
    return dict(zip(("ratio", "low", "high"), (round(float(value), 4) for value in found), strict=True))


def medians(values: Sequence[int]) -> list[int]:
    """Medians of five consecutive values (three below 15 values, none below 9); values left over at the end are left out.

    Seconds in which somebody else had the processor spoil a few blocks, and must not decide.
    """
    size = next(size for least, size in GROUPS if len(values) >= least)
    return [int(statistics.median(values[place : place + size])) for place in range(0, len(values) - size + 1, size)]


def at_most(figure: dict[str, float], bound: float) -> dict[str, object]:
    """A goal on a ratio: met when the whole interval lies at or under `bound`, undetermined when the bound lies inside it."""
    met = figure["high"] <= bound
    words = "met" if met else "missed" if figure["low"] > bound else "undetermined on this host"
    return {"at_most": bound, "interval": [figure["low"], figure["high"]], "met": met, "says": words}


def within(figure: dict[str, float], share: float) -> dict[str, object]:
    """A goal on a ratio that should be 1: met when its whole interval lies within `share` of 1, undetermined when only a part of it does."""
    low, high = round(1 - share, 4), round(1 + share, 4)
    met = low <= figure["low"] and figure["high"] <= high
    words = "met" if met else "missed" if figure["high"] < low or figure["low"] > high else "undetermined on this host"
    return {"within": [low, high], "interval": [figure["low"], figure["high"]], "met": met, "says": words}


def finish(name: str, figures: dict[str, object], goals: dict[str, dict[str, object]]) -> None:
    """Print the answer as the last line."""
    print(json.dumps({"name": name, "figures": figures, "goals": goals, "met": all(bool(goal["met"]) for goal in goals.values())}))
