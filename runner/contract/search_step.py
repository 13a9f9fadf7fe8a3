"""What one step of a saturation search says: its chunks become counts, the counts an answer, and the counts say whether going on is worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runner.contract.certificates import certify
from runner.contract.effective import effective_requests
from runner.contract.search import Answer, Purpose, SearchRules, Step
from runner.contract.stationarity import in_flight, over_saturated
from runner.contract.statistics import rank

MILLION = 1_000_000
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Level:
    """A service level: `permille` of the requests answered within `limit_ns`, certified on at least `least_effective` effective requests."""

    permille: int
    limit_ns: int
    least_effective: int = 400


@dataclass(frozen=True, eq=False)
class Chunk:
    """The rows of one chunk that count, in due order: latency from schedule in ns, and whether the request was answered at all."""

    latencies_ns: Integers
    answered: Flags
    over_saturated: bool = False


@dataclass(frozen=True)
class Tally:
    """`over` of `n` requests over the limit (failures are), worth `effective` independent ones."""

    n: int
    over: int
    effective: int


def chunk_of(scheduled_ns: Integers, last_ns: Integers, answered: Flags, window: tuple[int, int], drop_ns: int) -> Chunk:
    """The rows of a window that count, those due from `drop_ns` on, and whether its backlog grew; rows in due order, times as in `window`."""
    kept = scheduled_ns >= window[0] + drop_ns
    latencies = (last_ns - scheduled_ns)[kept]
    growing = over_saturated(latencies, in_flight(scheduled_ns, last_ns)[kept], window[1] - window[0] - drop_ns, least_window_ns=0)
    return Chunk(latencies, answered[kept], growing)


def tally(chunk: Chunk, level: Level) -> Tally:
    """The counts of one chunk; chunks are windows of their own, so their effective requests add up."""
    over = (chunk.latencies_ns > level.limit_ns) | ~chunk.answered
    return Tally(len(over), int(over.sum()), effective_requests(chunk.latencies_ns, over))


def total(tallies: Sequence[Tally]) -> Tally:
    """The counts of several chunks together."""
    return Tally(sum(one.n for one in tallies), sum(one.over for one in tallies), sum(one.effective for one in tallies))


def step_answer(tallies: Sequence[Tally], level: Level, rules: SearchRules, purpose: Purpose = "step") -> Answer:
    """Certified, refuted or undetermined at the confidence of a step or of a confirmation."""
    confidence = rules.step_confidence_permille if purpose == "step" else rules.confirm_confidence_permille
    found = total(tallies)
    least = level.least_effective
    return certify(found.n, found.over, found.effective, level.permille, confidence_permille=confidence, least_effective=least).answer


def finished(tallies: Sequence[Tally], level: Level, rules: SearchRules) -> bool:
    """Whether a step ends after these chunks: it is decided, the time is up, or a certificate is out of reach.

    Out of reach, from `least_step_ns` on: the share over the limit is at or above the one allowed, or the requests that a certificate needs exceed
    what the longest step holds by more than its length exceeds the time spent (early shares are rough, so an early step is given more).
    """
    elapsed = len(tallies) * rules.chunk_ns
    found = total(tallies)
    confidence, least = rules.step_confidence_permille, level.least_effective
    verdict = certify(found.n, found.over, found.effective, level.permille, confidence_permille=confidence, least_effective=least)
    if verdict.answer != "undetermined" or elapsed + rules.chunk_ns > rules.longest_step_ns:
        return True
    if elapsed < rules.least_step_ns:
        return False
    if verdict.needed is None or found.over * 1000 >= found.n * (1000 - level.permille):
        return True
    return verdict.needed * elapsed**2 > found.n * rules.longest_step_ns**2


def step_of(rate_per_s: str, chunks: Sequence[Chunk], level: Level, rules: SearchRules, purpose: Purpose = "step", *, limited: bool = False) -> Step:
    """The step that these chunks make; `limited` says that the generator could not offer the rate in one of them."""
    tallies = [tally(chunk, level) for chunk in chunks]
    found = total(tallies)
    return Step(
        rate_per_s=rate_per_s,
        purpose=purpose,
        answer="generator-limited" if limited else step_answer(tallies, level, rules, purpose),
        n=found.n,
        over=found.over,
        effective=found.effective,
        quantile_ppm=_quantile_ppm(chunks, level),
        over_saturated=bool(chunks) and all(chunk.over_saturated for chunk in chunks),
    )


def _quantile_ppm(chunks: Sequence[Chunk], level: Level) -> int | None:
    """The level's order statistic over all rows in ppm of the limit, at least 1; None without rows or where it is a request that failed."""
    answered = np.concatenate([chunk.latencies_ns[chunk.answered] for chunk in chunks]) if chunks else np.empty(0, np.int64)
    place = rank(sum(len(chunk.latencies_ns) for chunk in chunks), level.permille)
    if not 0 < place <= len(answered):
        return None
    return max(1, int(np.partition(answered, place - 1)[place - 1]) * MILLION // level.limit_ns)
