"""Whether a saturation search is the one that its rules ask for: its steps are computed again from the rows, and its rates from its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from runner.contract.evidence import Evidence
from runner.contract.generator import lag_facts
from runner.contract.methodology import MOST_CHUNKS, Gates, Slo
from runner.contract.monotone import shape
from runner.contract.problems import Problem
from runner.contract.run import SearchOutcome, SearchStep, Trial, Window
from runner.contract.samples import STATUS, Samples
from runner.contract.search import SearchRules, bracket, confirmed, deviation, next_act, rate_text
from runner.contract.search_step import Level, Tally, chunk_of, finished, step_answer, step_of, tally

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
    trials = [one for one in evidence.run.trials if one.purpose == "search"]
    if len(trials) != 1 or stated is None:
        found = f"{len(trials)} trials of a search"
        yield Problem(PATH, found, "a search and its one trial", "search once before measuring", "numbers-differ")
        return
    problems = [*_layout(evidence, trials[0], rules, stated)]
    if not problems:
        problems += _capacity(evidence, trials[0], stated)
        windows = {window.point: window for window in trials[0].points}
        for place, step in enumerate(stated.steps):
            problems += _step(evidence, trials[0], rules, step, [windows[point] for point in step.points], f"{PATH}.steps[{place}]")
    yield from problems
    if not problems:  # steps that the rows do not give have nothing to say
        yield from _replayed(stated, rules)


def _layout(evidence: Evidence, trial: Trial, rules: SearchRules, stated: SearchOutcome) -> Iterator[Problem]:
    """Windows are numbered by step and chunk, in order of time, each of the length and the load that the rules ask for, and each counts once."""
    expected: list[tuple[int, str | None, int | None, int]] = [(0, None, 1, rules.capacity_ns)]
    for place, step in enumerate(stated.steps):
        length = rules.chunk_ns if step.purpose == "step" else evidence.methodology.protocol.min_duration_ns
        first = CAPACITY_POINTS + place * MOST_CHUNKS
        if list(step.points) != list(range(first, first + (len(step.points) if step.purpose == "step" else 1))):
            told = f"points from {first} on, one after the other{'' if step.purpose == 'step' else ', and a single one'}"
            yield Problem(f"{PATH}.steps[{place}].points", str(step.points)[:80], told, "number windows by step and chunk", "numbers-differ")
        expected += [(point, step.rate_per_s, None, length) for point in step.points]
    found = [(window.point, window.rate_per_s, window.concurrency, window.end_ns - window.start_ns) for window in trial.points]
    if found != expected:
        wrong = next(
            (pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]), (f"{len(found)} windows", f"{len(expected)} windows")
        )
        path = f"run.json:trials[{trial.index}].windows"
        yield Problem(path, str(wrong[0])[:80], f"{wrong[1]} (point, rate, concurrency, ns)", "state every window once", "numbers-differ")


def _capacity(evidence: Evidence, trial: Trial, stated: SearchOutcome) -> Iterator[Problem]:
    rows, serving = evidence.rows(trial, trial.points[0]), evidence.before.serving
    capacity = rate_text(Fraction(rows.completed_inside * 10**9, rows.window_ns)) if rows.completed_inside else "0"
    if stated.capacity_per_s != capacity:
        yield Problem(f"{PATH}.capacity_per_s", stated.capacity_per_s, capacity, "state what the rows give", "numbers-differ")
    bounded = (serving.replicas.value or 1) == 1 and serving.batch_policy.value != "dynamic"
    if stated.bounded != bounded:
        told = f"{bounded}: one stream says {'all' if bounded else 'little'} of this serving shape"
        yield Problem(f"{PATH}.bounded", str(stated.bounded), told, "state what the serving shape gives", "numbers-differ")


def _replayed(stated: SearchOutcome, rules: SearchRules) -> Iterator[Problem]:
    wrong = deviation(stated.steps, stated.capacity_per_s, rules, bounded=stated.bounded)
    if wrong is not None:
        yield Problem(f"{PATH}.steps[{wrong}]", stated.steps[wrong].rate_per_s, "the rate that the rules ask for", "search anew", "numbers-differ")
        return
    if (left := next_act(stated.steps, stated.capacity_per_s, rules, bounded=stated.bounded)) is not None:
        found = f"{len(stated.steps)} steps"
        yield Problem(f"{PATH}.steps", found, f"another {left.purpose} at {left.rate_per_s}", "search to the end", "numbers-differ")
    true = outcome_of(stated.capacity_per_s, stated.bounded, stated.steps)
    if true != stated:
        told = f"lo {true.lo_per_s}, hi {true.hi_per_s}, above {true.above}, confirmed {true.confirmed_per_s}, cliff {true.cliff}"
        yield Problem(PATH, "another outcome", told, "state it", "numbers-differ")


def _step(evidence: Evidence, trial: Trial, rules: SearchRules, stated: SearchStep, windows: Sequence[Window], path: str) -> Iterator[Problem]:
    """Counts, answer and length of one step; a stated E within one of ours for each chunk is taken, and the answer follows from it."""
    rows = [evidence.samples.only(trial.index, window.point) for window in windows]
    level, slow = level_of(evidence.methodology.slo), [generator_limited(one, evidence.methodology.gates) for one in rows]
    chunks = [
        chunk_of(one.t_scheduled_ns, one.t_last_ns, one.status == STATUS["ok"], (window.start_ns, window.end_ns), rules.drop_ns)
        for one, window in zip(rows, windows, strict=True)
    ]
    found = step_of(stated.rate_per_s, chunks, level, rules, stated.purpose, limited=any(slow))
    tallies = [tally(chunk, level) for chunk in chunks]
    if abs(found.effective - stated.effective) <= len(chunks) and stated.effective <= found.n:
        whole = Tally(found.n, found.over, stated.effective)
        answer = found.answer if any(slow) else step_answer([whole], level, rules, stated.purpose)
        found = found.model_copy(update={"effective": stated.effective, "answer": answer})
        tallies[-1] = Tally(tallies[-1].n, tallies[-1].over, max(0, stated.effective - sum(one.effective for one in tallies[:-1])))
    told = stated.model_dump(exclude={"points"})
    if found.model_dump() != told:
        yield Problem(path, str(told)[:160], str(found.model_dump())[:160], "state what the rows give", "numbers-differ")
    ended = [finished(tallies[: place + 1], level, rules) or slow[place] for place in range(len(chunks))]
    if stated.purpose == "step" and ended != [False] * (len(chunks) - 1) + [True]:
        found_, expected = f"{len(chunks)} chunks", "chunks until the step is decided, and no more"
        yield Problem(path, found_, expected, "stop where the rules do", "numbers-differ")
