"""Load curves: measured operating points as a step function of load, without extrapolation and without smoothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from runner.contract.problems import Problem, Problems

Answer = Literal["certified", "refuted", "undetermined", "generator-limited", "not-asked"]
EXTRAPOLATION = "R-41"


@dataclass(frozen=True)
class Point:
    """One measured operating point: the value at a rate (both decimal strings) with its interval, and what was said of the service level there.

    `low` and `high` are None where there is no interval; `answer` is "not-asked" where the methodology states no service level.
    """

    rate_per_s: str
    value: str
    low: str | None = None
    high: str | None = None
    answer: Answer = "not-asked"

    @property
    def rate(self) -> Fraction:
        """The exact rate in requests per second."""
        return Fraction(self.rate_per_s)


@dataclass(frozen=True)
class LoadCurve:
    """Points in order of load, each rate once; `cliff` says that the level is lost all at once above one of them.

    Values need not rise or fall with load: nothing is assumed between points, and nothing is known beyond the outer ones.
    """

    points: tuple[Point, ...]
    cliff: bool = False
    _rates: tuple[Fraction, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rates", tuple(point.rate for point in self.points))

    @classmethod
    def of(cls, points: Iterable[Point], *, cliff: bool = False) -> LoadCurve:
        """The curve through these points, given in any order; `Problems` without a point, with a rate twice, or with a value outside its interval."""
        ordered = tuple(sorted(points, key=lambda point: point.rate))
        problems = [problem for point in ordered for problem in _problems(point)]
        for one, other in zip(ordered, ordered[1:], strict=False):
            if one.rate == other.rate:
                problems.append(Problem("curve.points", f"{one.rate_per_s} twice", "each rate once", "state the median of its trials"))
        if not ordered:
            problems.append(Problem("curve.points", "none", "at least one measured point", "measure one"))
        if problems:
            raise Problems(problems)
        return cls(ordered, cliff)

    def at(self, rate_per_s: str) -> Point:
        """The measured point that speaks for this rate: the highest one at or under it.

        Between two points the one of the lower load holds, up to the next measured rate and not including it. That is the cautious side for what a
        fleet is planned on, the load that a node was seen to carry; it is the hopeful side for a latency, which is why `bounds` gives both ends.
        Raises `Problems` with code R-41 beyond the last point, and under the first: nothing was measured there.
        """
        rate = Fraction(rate_per_s)
        if not self.covers(rate_per_s):
            first, last = self.points[0].rate_per_s, self.points[-1].rate_per_s
            side = "raise the load of the plan" if rate < self._rates[0] else "measure a higher load, or spread the load over more nodes"
            raise Problems([Problem("curve.rate_per_s", rate_per_s[:80], f"{first} to {last}, the measured loads", side, EXTRAPOLATION)])
        return self.points[bisect_right(self._rates, rate) - 1]

    def bounds(self, rate_per_s: str) -> tuple[Point, Point]:
        """The measured points at or under and at or above this rate, the same one twice at a measured rate; R-41 as in `at`."""
        under = self.at(rate_per_s)
        if under.rate == Fraction(rate_per_s):
            return under, under
        return under, self.points[self.points.index(under) + 1]

    def covers(self, rate_per_s: str) -> bool:
        """Whether the rate lies from the first to the last measured one."""
        return self._rates[0] <= Fraction(rate_per_s) <= self._rates[-1]

    def highest_certified(self) -> Point | None:
        """The last point before the first that is not certified, so that a lucky one beyond a failure does not count; None where there is none."""
        found = None
        for point in self.points:
            if point.answer != "certified":
                break
            found = point
        return found


def _problems(point: Point) -> Iterable[Problem]:
    if point.rate <= 0:
        yield Problem("curve.points.rate_per_s", point.rate_per_s[:80], "a rate above 0", "state the offered rate")
    low, value, high = (None if text is None else Decimal(text) for text in (point.low, point.value, point.high))
    assert value is not None
    if (low is not None and low > value) or (high is not None and high < value):
        found = f"{point.value} [{point.low}, {point.high}]"
        yield Problem("curve.points.value", found[:80], "a value inside its interval", "take value and interval from one set of trials")
