"""The shape of a service level against load: a monotone fit over the steps of a search, and what sticks out of it.

Measured is the share of requests over the limit. Its variance is binomial in *effective* requests, q (1 - q) / E, with q moved off 0 and 1 by
(q E + 1) / (E + 2), so that a share of nothing is not taken for a certainty. All arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from runner.contract.search import Step

SIGMAS_SQUARED = 9
# A backlog that grows at a rate this far below the closed-loop capacity is a collapse and not saturation.
WELL_BELOW = Fraction(95, 100)


@dataclass(frozen=True)
class Place:
    """One rate: the share over the limit as measured and as fitted, and the effective requests behind it."""

    rate: Fraction
    share: Fraction
    fitted: Fraction
    effective: int

    @property
    def variance(self) -> Fraction:
        """Variance of the measured share if the fitted one were true."""
        return _variance(self.fitted, self.effective)


@dataclass(frozen=True)
class Shape:
    """`cliff`: the level is lost all at once. `not_monotone`: more load did better by more than chance, so the bracket may hide another one."""

    cliff: bool
    not_monotone: bool


def monotone_fit(steps: Iterable[Step]) -> tuple[Place, ...]:
    """Shares that never fall with the rate, closest to the measured ones in squares weighted by effective requests (pool adjacent violators).

    Steps at one rate are taken together; those without an effective request or limited by the generator are left out.
    """
    merged: dict[Fraction, tuple[int, int, int]] = {}
    for step in steps:
        if step.effective and step.answer != "generator-limited":
            n, over, effective = merged.get(step.rate, (0, 0, 0))
            merged[step.rate] = (n + step.n, over + step.over, effective + step.effective)
    rates = sorted(merged)
    shares = [Fraction(merged[rate][1], merged[rate][0]) for rate in rates]
    weights = [merged[rate][2] for rate in rates]
    fitted = pooled(shares, weights)
    return tuple(Place(*row) for row in zip(rates, shares, fitted, weights, strict=True))


def pooled(values: Sequence[Fraction], weights: Sequence[int]) -> list[Fraction]:
    """The non-decreasing values closest to `values` in weighted squares: neighbours out of order become their weighted mean, until none are."""
    blocks: list[tuple[Fraction, int, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, mine, few), (other, theirs, more) = blocks.pop(), blocks.pop()
            blocks.append(((one * mine + other * theirs) / (mine + theirs), mine + theirs, few + more))
    return [value for value, _, length in blocks for _ in range(length)]


def shape(steps: Sequence[Step], lo_per_s: str | None, hi_per_s: str | None, capacity_per_s: str) -> Shape:
    """What the steps say about the ends `lo` and `hi` of a bracket.

    A monotone fit leaves no residual at a jump, so a cliff is a residual of more than 3 sigma *above the line* from the share at `lo` to the next
    share above `hi` (to 1 at the capacity where nothing higher was tried): the level of a queue bends upwards and stays under that line, a level
    that breaks jumps over it. A backlog that grows at under 95 % of the capacity is a cliff too. Not monotone is a residual of more than 3 sigma
    from the fit itself.
    """
    places = monotone_fit(steps)
    odd = any((place.share - place.fitted) ** 2 > SIGMAS_SQUARED * place.variance for place in places)
    return Shape(hi_per_s is not None and _cliff(steps, places, lo_per_s, Fraction(hi_per_s), Fraction(capacity_per_s)), odd)


def _cliff(steps: Sequence[Step], places: Sequence[Place], lo_per_s: str | None, hi: Fraction, capacity: Fraction) -> bool:
    failed = [step for step in steps if step.rate == hi and step.answer == "refuted"]
    here = next((place for place in places if place.rate == hi), None)
    before = next((place for place in places if lo_per_s is not None and place.rate == Fraction(lo_per_s)), None)
    if not failed or here is None or before is None:
        return False
    if any(step.over_saturated for step in failed) and hi < capacity * WELL_BELOW:
        return True
    above = next((place for place in places if place.rate > hi), None)
    if above is None and hi >= capacity:
        return False
    end = (above.rate, above.fitted, above.variance) if above is not None else (capacity, Fraction(1), Fraction(0))
    return _over_the_line(before, here, *end)


def _over_the_line(before: Place, here: Place, rate: Fraction, share: Fraction, variance: Fraction) -> bool:
    part = (here.rate - before.rate) / (rate - before.rate)
    expected = before.fitted + (share - before.fitted) * part
    spread = _variance(expected, here.effective) + (1 - part) ** 2 * before.variance + part**2 * variance
    return here.fitted > expected and (here.fitted - expected) ** 2 > SIGMAS_SQUARED * spread


def _variance(share: Fraction, effective: int) -> Fraction:
    moved = (share * effective + 1) / (effective + 2)
    return moved * (1 - moved) / effective
