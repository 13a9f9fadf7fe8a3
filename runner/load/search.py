"""The saturation search at the edge: it serves what the rules ask for, chunk by chunk, and keeps what each step said.

Serving is passed in, so that the same loop runs on drivers and on simulated systems. Every chunk is a window of its own with a fresh part of the
schedule; rows due in its first `drop_ns` do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from runner.contract.monotone import shape
from runner.contract.samples import STATUS
from runner.contract.search import Act, Bracket, SearchRules, Step, bracket, confirmed, next_act, rate_text
from runner.contract.search_step import Chunk, Level, chunk_of, finished, step_of, tally
from runner.load.driver import Columns

SECOND_NS = 1_000_000_000
# (rate per second, length in ns, place of the step, place of the chunk in it) -> the window; step and chunk tell the schedules apart.
ServeOpen = Callable[[str, int, int, int], Columns]
# (concurrency, length in ns) -> the window.
ServeClosed = Callable[[int, int], Columns]
# Whether the generator, not the system, set the pace of a window.
Limited = Callable[[Columns], bool]


@dataclass(frozen=True)
class Capacity:
    """Throughput of a closed loop: the highest seen, "0" if nothing was completed; `bounded` if more concurrency no longer raised it."""

    per_s: str
    concurrency: int
    bounded: bool


@dataclass(frozen=True)
class Found:
    """What a search found. Only `x_slo_per_s`, the confirmed rate, is a point; the bracket is an interval, and `words` say what to know of both.

    Words: `cliff` and `not-monotone` (see `runner.contract.monotone`), `nothing-completed`, `nothing-certified`, `generator-limited` where the
    upper end is the generator's and not the system's, and `over-saturated` where every rate that failed left a growing backlog: the system may
    then be steadier under a fixed concurrency.
    """

    capacity: Capacity
    steps: tuple[Step, ...]
    bracket: Bracket
    x_slo_per_s: str | None
    words: tuple[str, ...]


def capacity(serve: ServeClosed, rules: SearchRules, most_concurrency: int = 1) -> Capacity:
    """Closed loop at concurrency 1, 2, 4 … until throughput grows by less than the rules ask; a system that serves one at a time is done at 1."""
    best, at, concurrency = Fraction(0), 1, 1
    while True:
        seen = _throughput(serve(concurrency, rules.capacity_ns))
        grown = seen * 1000 >= best * (1000 + rules.growth_permille) if best else seen > 0
        if seen > best:
            best, at = seen, concurrency
        if not grown or concurrency * 2 > most_concurrency:
            return Capacity(rate_text(best) if best else "0", at, not grown or most_concurrency == 1)
        concurrency *= 2


def search(serve: ServeOpen, found: Capacity, level: Level, rules: SearchRules, confirm_ns: int, limited: Limited = lambda columns: False) -> Found:
    """Step by step until the rules are satisfied; a confirmation is one window of `confirm_ns`."""
    steps: list[Step] = []
    while (act := next_act(steps, found.per_s, rules, bounded=found.bounded)) is not None:
        place = len(steps)
        if act.purpose == "confirm":
            steps.append(_confirm(serve, act, place, level, rules, confirm_ns, limited))
        else:
            steps.append(_step(serve, act, place, level, rules, limited))
    taken = tuple(steps)
    ends = bracket(taken, found.per_s, bounded=found.bounded)
    return Found(found, taken, ends, confirmed(taken), tuple(_words(found, taken, ends)))


def _chunk(columns: Columns, drop_ns: int) -> Chunk:
    window = columns.window_start_ns, columns.window_end_ns
    return chunk_of(columns.t_scheduled_ns, columns.t_last_ns, columns.status == STATUS["ok"], window, drop_ns)


def _step(serve: ServeOpen, act: Act, place: int, level: Level, rules: SearchRules, limited: Limited) -> Step:
    chunks: list[Chunk] = []
    tallies = []
    while True:
        columns = serve(act.rate_per_s, rules.chunk_ns, place, len(chunks))
        chunks.append(_chunk(columns, rules.drop_ns))
        tallies.append(tally(chunks[-1], level))
        slow = limited(columns)
        if slow or finished(tallies, level, rules):
            return step_of(act.rate_per_s, chunks, level, rules, limited=slow)


def _confirm(serve: ServeOpen, act: Act, place: int, level: Level, rules: SearchRules, confirm_ns: int, limited: Limited) -> Step:
    columns = serve(act.rate_per_s, confirm_ns, place, 0)
    return step_of(act.rate_per_s, [_chunk(columns, rules.drop_ns)], level, rules, "confirm", limited=limited(columns))


def _throughput(columns: Columns) -> Fraction:
    """Completions inside the window over its length, per second."""
    inside = (columns.status == STATUS["ok"]) & (columns.t_last_ns <= columns.window_end_ns)
    length_ns = columns.window_end_ns - columns.window_start_ns
    return Fraction(int(inside.sum()) * SECOND_NS, length_ns) if length_ns > 0 else Fraction(0)


def _words(capacity: Capacity, steps: Sequence[Step], ends: Bracket) -> Iterator[str]:
    failed = [step for step in steps if step.answer != "certified"]
    if Fraction(capacity.per_s) <= 0:
        yield "nothing-completed"
    elif ends.lo is None:
        yield "nothing-certified"
    if ends.above == "generator-limited":
        yield "generator-limited"
    if failed and all(step.over_saturated for step in failed):
        yield "over-saturated"
    seen = shape(steps, ends.lo, ends.hi, capacity.per_s)
    yield from (word for word, holds in (("cliff", seen.cliff), ("not-monotone", seen.not_monotone)) if holds)
