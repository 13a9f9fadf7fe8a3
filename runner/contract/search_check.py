"""Whether a saturation search is the one that its rules ask for: its steps are computed again from the rows, and its rates from its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from runner.contract.evidence import Evidence
from runner.contract.generator import lag_facts
from runner.contract.methodology import Gates, Slo
from runner.contract.monotone import shape
from runner.contract.problems import Problem
from runner.contract.run import SearchOutcome, SearchStep, Trial, Window
from runner.contract.samples import STATUS, Samples
from runner.contract.search import SearchRules, bracket, confirmed, deviation, rate_text
from runner.contract.search_step import Level, Tally, chunk_of, finished, step_answer, step_of, tally
from runner.contract.window_rows import rows_of

PATH = "run.json:search"
CAPACITY_POINTS = 1  # the first point of a search trial is a single stream in closed loop, whose throughput the search starts from


def level_of(slo: Slo) -> Level:
    """The latency budget as the level that a search looks for."""
    assert slo.permille is not None and slo.limit_ns is not None
    return Level(slo.permille, slo.limit_ns, slo.least_effective)


def generator_limited(rows: Samples, gates: Gates) -> bool:
    """Whether the generator, not the system, set the pace: the rule of gate G-09 on the rows of one window."""
    facts = lag_facts(rows)
    return facts is not None and facts.p99_ns > facts.limit_ns(gates.lag_floor_ns, gates.lag_share_ppm)


def outcome_of(capacity_per_s: str, bounded: bool, steps: Sequence[SearchStep]) -> SearchOutcome:
    """What the steps add up to."""
    ends = bracket(steps, capacity_per_s, bounded=bounded)
    return SearchOutcome(
        capacity_per_s=capacity_per_s,
        bounded=bounded,
        steps=tuple(steps),
        lo_per_s=ends.lo,
        hi_per_s=ends.hi,
        above=ends.above,
        confirmed_per_s=confirmed(steps),
        cliff=shape(steps, ends.lo, ends.hi, capacity_per_s).cliff,
    )


def search_problems(evidence: Evidence) -> Iterator[Problem]:
    """Every part of a stated search that the rows of its trial do not give."""
    rules, stated = evidence.methodology.load.search, evidence.run.search
    if rules is None:
        return
    trial = next((one for one in evidence.run.trials if one.purpose == "search"), None)
    if trial is None or stated is None:
        yield Problem(PATH, "no search", "a search and its trial", "search before measuring", "numbers-differ")
        return
    windows = {window.point: window for window in trial.points}
    capacity = _capacity(evidence, trial, [window for point, window in windows.items() if point < CAPACITY_POINTS])
    if stated.capacity_per_s != capacity:
        yield Problem(f"{PATH}.capacity_per_s", stated.capacity_per_s, capacity, "state what the rows give", "numbers-differ")
    asked = {point for step in stated.steps for point in step.points}
    if asked != {point for point in windows if point >= CAPACITY_POINTS}:
        yield Problem(f"{PATH}.steps", str(sorted(asked))[:80], "every window of the search trial, once", "state every step", "numbers-differ")
        return
    for place, step in enumerate(stated.steps):
        yield from _step(evidence, trial, rules, step, [windows[point] for point in step.points], f"{PATH}.steps[{place}]")
    wrong = deviation(stated.steps, stated.capacity_per_s, rules, bounded=stated.bounded)
    if wrong is not None:
        yield Problem(f"{PATH}.steps[{wrong}]", stated.steps[wrong].rate_per_s, "the rate that the rules ask for", "search anew", "numbers-differ")
    true = outcome_of(stated.capacity_per_s, stated.bounded, stated.steps)
    if true != stated:
        yield Problem(
            PATH, "another outcome", f"lo {true.lo_per_s}, hi {true.hi_per_s}, confirmed {true.confirmed_per_s}", "state it", "numbers-differ"
        )


def _capacity(evidence: Evidence, trial: Trial, windows: Sequence[Window]) -> str:
    rates = []
    for window in windows:
        rows = rows_of(evidence.samples, trial, window)
        rates.append(Fraction(rows.completed_inside * 10**9, rows.window_ns))
    best = max(rates, default=Fraction(0))
    return rate_text(best) if best else "0"


def _step(evidence: Evidence, trial: Trial, rules: SearchRules, stated: SearchStep, windows: Sequence[Window], path: str) -> Iterator[Problem]:
    rows = [evidence.samples.only(trial.index, window.point) for window in windows]
    level, slow = level_of(evidence.methodology.slo), [generator_limited(one, evidence.methodology.gates) for one in rows]
    chunks = [
        chunk_of(one.t_scheduled_ns, one.t_last_ns, one.status == STATUS["ok"], (window.start_ns, window.end_ns), rules.drop_ns)
        for one, window in zip(rows, windows, strict=True)
    ]
    if any(window.rate_per_s != stated.rate_per_s for window in windows):
        yield Problem(path, "windows at other rates", f"{stated.rate_per_s} in each", "state the windows of each step", "numbers-differ")
    found = step_of(stated.rate_per_s, chunks, level, rules, stated.purpose, limited=any(slow))
    tallies = [tally(chunk, level) for chunk in chunks]
    if abs(found.effective - stated.effective) <= len(chunks) and found.answer != "generator-limited":
        whole = Tally(found.n, found.over, stated.effective)
        found = found.model_copy(update={"effective": stated.effective, "answer": step_answer([whole], level, rules, stated.purpose)})
    told = stated.model_dump(exclude={"points"})
    if found.model_dump() != told:
        yield Problem(path, str(told)[:160], str(found.model_dump())[:160], "state what the rows give", "numbers-differ")
    if stated.purpose == "step" and any(finished(tallies[:count], level, rules) or slow[count - 1] for count in range(1, len(chunks))):
        yield Problem(path, f"{len(chunks)} chunks", "no chunk after the step was decided", "stop where the rules do", "numbers-differ")
