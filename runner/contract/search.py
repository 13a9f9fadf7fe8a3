"""The saturation search as pure rules: which rate comes next, what the steps bracket, and which step may be confirmed.

Node and site replay the same decisions from the same steps: rates are decimal strings of four significant digits, arithmetic is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from runner.contract.fields import Decimal, Document

SECOND_NS = 1_000_000_000
SLOWEST_PER_S, FASTEST_PER_S = Fraction(1, 1000), 1_000_000
DIGITS, MOST_DECIMALS = 4, 6
Duration = Annotated[int, Bound(gt=0, le=86_400 * SECOND_NS)]
Confidence = Annotated[int, Bound(ge=500, lt=1000)]
Natural = Annotated[int, Bound(ge=0)]
Answer = Literal["certified", "refuted", "undetermined", "generator-limited"]
Purpose = Literal["step", "confirm"]


class SearchRules(Document):
    """How a search goes about it; every number is the methodology's to change.

    Capacity: closed loop for `capacity_ns` at doubling concurrency until throughput grows by less than `growth_permille`. A step serves one rate
    in chunks of `chunk_ns`, whose first `drop_ns` do not count, until the level is certified or refuted at `step_confidence_permille`, for at most
    `longest_step_ns`; from `least_step_ns` on it ends where a certificate is out of reach. The next rate lies `margin_permille` under the rate at
    which the steps so far foretell the limit. The search ends when the ends of the bracket lie within `resolution_permille` of the upper one
    (twice that after `patient_steps`), or after `most_steps`. A point is confirmed at `confirm_confidence_permille`.
    """

    capacity_ns: Duration = 10 * SECOND_NS
    growth_permille: Annotated[int, Bound(gt=0, le=1000)] = 50
    chunk_ns: Duration = 15 * SECOND_NS
    drop_ns: Annotated[int, Bound(ge=0, le=3_600 * SECOND_NS)] = 2 * SECOND_NS
    least_step_ns: Duration = 90 * SECOND_NS
    longest_step_ns: Duration = 240 * SECOND_NS
    step_confidence_permille: Confidence = 970
    confirm_confidence_permille: Confidence = 990
    margin_permille: Annotated[int, Bound(ge=0, le=500)] = 50
    resolution_permille: Annotated[int, Bound(ge=1, le=250)] = 25
    patient_steps: Annotated[int, Bound(ge=1, le=100)] = 6
    most_steps: Annotated[int, Bound(ge=1, le=100)] = 14

    @model_validator(mode="after")
    def _chunks_fit(self) -> Self:
        if not self.drop_ns < self.chunk_ns <= self.longest_step_ns:
            raise ValueError("a chunk is longer than what is dropped of it, and no longer than a step")
        return self


class Step(Document):
    """What one rate said: `over` of `n` requests over the limit, worth `effective` independent ones.

    `quantile_ppm` is the level's quantile of latency in millionths of the limit, None where it falls on a request that failed. A step that the
    generator limited says nothing about the system; it ends the search upwards like one that was refuted.
    """

    rate_per_s: Decimal
    purpose: Purpose = "step"
    answer: Answer
    n: Natural
    over: Natural
    effective: Natural
    quantile_ppm: Annotated[int, Bound(gt=0)] | None = None
    over_saturated: bool = False

    @property
    def rate(self) -> Fraction:
        """The exact rate in requests per second."""
        return Fraction(self.rate_per_s)

    @property
    def quickness(self) -> Fraction:
        """Limit over quantile: above 1 within the limit, 0 where there is no quantile. Near saturation it falls in a line with the rate."""
        return Fraction(1_000_000, self.quantile_ppm) if self.quantile_ppm else Fraction(0)


@dataclass(frozen=True)
class Bracket:
    """The highest load as an interval: certified at `lo`, not certified at `hi` for the reason `above`.

    `lo` is None where nothing was certified. `above` is "capacity" where no rate failed and `hi` is the closed-loop capacity, above which
    nothing was tried; None, with `hi`, where there is no upper end.
    """

    lo: str | None
    hi: str | None
    above: Literal["refuted", "undetermined", "generator-limited", "capacity"] | None


@dataclass(frozen=True)
class Act:
    """What to do next: serve `rate_per_s` as a step of the search, or to confirm it with a fresh schedule."""

    rate_per_s: str
    purpose: Purpose


def next_act(steps: Sequence[Step], capacity_per_s: str, rules: SearchRules, *, bounded: bool = True) -> Act | None:
    """The next step, then the confirmation of the highest certified one; None when a point is confirmed or nothing is left to confirm.

    A confirmation that fails is an upper end like any other: the search goes on below it, and the next certified step is confirmed.
    """
    rate = next_rate(steps, capacity_per_s, rules, bounded=bounded)
    if rate is not None:
        return Act(rate, "step")
    candidate = to_confirm(steps)
    return None if candidate is None else Act(candidate, "confirm")


def next_rate(steps: Sequence[Step], capacity_per_s: str, rules: SearchRules, *, bounded: bool = True) -> str | None:
    """The rate of the next step, or None when the bracket is narrow enough, the steps are used up or no rate is left to try.

    It starts at half the capacity and halves while nothing is certified. `bounded` says that throughput had stopped growing when the capacity was
    measured: no rate above it is tried. Otherwise rates double while none has failed.
    """
    capacity = Fraction(capacity_per_s)
    taken = [step for step in steps if step.purpose == "step"]
    if capacity <= 0 or len(taken) >= rules.most_steps:
        return None
    if not taken:
        return _usable(capacity / 2, Fraction(0), capacity)
    lo, hi = _lo(steps), _hi(steps)
    if lo is None:
        return None if hi is None else _usable(hi.rate / 2, Fraction(0), hi.rate)
    if hi is None and not bounded:
        return _usable(2 * lo.rate, lo.rate, Fraction(FASTEST_PER_S))
    top, slow = (hi.rate, hi.quickness) if hi is not None else (capacity, Fraction(0))
    if top <= lo.rate or (top - lo.rate) * 1000 <= _width_permille(len(taken), rules) * top:
        return None
    wanted = (lo.rate + top) / 2 if _stuck(taken) else _foretold(lo, top, slow, rules, _width_permille(len(taken) + 1, rules))
    return _usable(wanted, lo.rate, top) or _usable((lo.rate + top) / 2, lo.rate, top)


def bracket(steps: Sequence[Step], capacity_per_s: str, *, bounded: bool = True) -> Bracket:
    """What the steps say as an interval; a failed confirmation counts, so that `lo` is a rate that no step contradicts."""
    lo, hi = _lo(steps), _hi(steps)
    low = None if lo is None else lo.rate_per_s
    if hi is not None and hi.answer != "certified":
        return Bracket(low, hi.rate_per_s, hi.answer)
    return Bracket(low, capacity_per_s, "capacity") if bounded and Fraction(capacity_per_s) > 0 else Bracket(low, None, None)


def to_confirm(steps: Sequence[Step]) -> str | None:
    """The highest certified rate below every one that failed, unless it is confirmed already; None where there is none."""
    lo = _lo(steps)
    return None if lo is None or confirmed(steps) == lo.rate_per_s else lo.rate_per_s


def confirmed(steps: Sequence[Step]) -> str | None:
    """X_slo: the highest confirmed rate below every one that failed; nothing else is published as a point."""
    hi = _hi(steps)
    rates = [step for step in steps if step.purpose == "confirm" and step.answer == "certified" and (hi is None or step.rate < hi.rate)]
    return max(rates, key=lambda step: step.rate).rate_per_s if rates else None


def deviation(steps: Sequence[Step], capacity_per_s: str, rules: SearchRules, *, bounded: bool = True) -> int | None:
    """The place of the first step that is not the one that the rules ask for after those before it; None when all are."""
    for place, step in enumerate(steps):
        if next_act(steps[:place], capacity_per_s, rules, bounded=bounded) != Act(step.rate_per_s, step.purpose):
            return place
    return None


def rate_text(rate: Fraction, *, up: bool = False) -> str:
    """A rate above 0 as a decimal string of four significant digits and at most six decimals, rounded down (or up)."""
    exponent = 0
    while rate >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while rate < Fraction(10) ** exponent:
        exponent -= 1
    places = min(DIGITS - 1 - exponent, MOST_DECIMALS)
    scaled = rate * Fraction(10) ** places
    whole = math.ceil(scaled) if up else math.floor(scaled)
    if places <= 0:
        return str(whole * 10**-places)
    return f"{whole // 10**places}.{whole % 10**places:0{places}d}".rstrip("0").rstrip(".")


def _hi(steps: Sequence[Step]) -> Step | None:
    """The lowest rate that failed, a failed confirmation included."""
    return min((step for step in steps if step.answer != "certified"), key=lambda step: step.rate, default=None)


def _lo(steps: Sequence[Step]) -> Step | None:
    """The highest certified rate below every one that failed."""
    hi = _hi(steps)
    below = [step for step in steps if step.answer == "certified" and (hi is None or step.rate < hi.rate)]
    return max(below, key=lambda step: step.rate, default=None)


def _width_permille(taken: int, rules: SearchRules) -> int:
    """How narrow a bracket has to be after so many steps."""
    return rules.resolution_permille * (2 if taken >= rules.patient_steps else 1)


def _stuck(taken: Sequence[Step]) -> bool:
    """Whether foretelling has moved the same end three times in a row: then the system is no queue, and halving is safer."""
    return len(taken) >= 4 and len({step.answer == "certified" for step in taken[-3:]}) == 1


def _foretold(lo: Step, top: Fraction, slow: Fraction, rules: SearchRules, width_permille: int) -> Fraction:
    """A margin under the rate at which quickness, drawn as a line between the ends, reaches 1; or the rate that closes the bracket to that width.

    For M/M/1 the line is exact: the quantile of the time in system is ln(1/(1 - p)) / (mu - lambda).
    """
    width = Fraction(width_permille, 1000)
    reach = top
    if lo.quickness > 1 > slow:
        reach = lo.rate + (top - lo.rate) * (lo.quickness - 1) / (lo.quickness - slow)
    target = reach * (1000 - rules.margin_permille) / 1000
    if target < lo.rate * (1 + width / 2):
        return Fraction(rate_text(lo.rate / (1 - width)))
    return min(target, Fraction(rate_text(top * (1 - width), up=True)))


def _usable(rate: Fraction, above: Fraction, below: Fraction) -> str | None:
    """The rounded rate if it lies strictly between two others and can be offered."""
    if rate < SLOWEST_PER_S:
        return None
    text = rate_text(rate)
    return text if above < Fraction(text) < below and SLOWEST_PER_S <= Fraction(text) <= FASTEST_PER_S else None
