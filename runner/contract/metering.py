"""Energy between two moments, exact: a counter from tick to tick, or power integrated over time. Rows in, fractions of a mJ out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from runner.contract.telemetry_row import Readings, Window, bracketed, covers

NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Drawn:
    """Energy in mJ drawn between two moments, of all devices together."""

    start_ns: int
    end_ns: int
    mj: Fraction

    @property
    def length_ns(self) -> int:
        """Time between the two."""
        return self.end_ns - self.start_ns

    @property
    def mw(self) -> Fraction:
        """Mean power: mJ over s."""
        return self.mj * NS_PER_S / self.length_ns


def ticks(read: Readings, window: Window, at_ticks: Collection[int] = ()) -> Readings:
    """The readings inside `window` in which the counter had changed since the one before; each stands for the tick that it saw.

    `at_ticks` are the times of readings that carry the very time of a tick; the first and the last of these go before others that lie outside of
    them by up to 2 % of the window, for those saw their tick only some time after it.
    """
    found = [(t_ns, value) for (_, before), (t_ns, value) in pairwise(read) if value != before and window[0] <= t_ns <= window[1]]
    exact, near = [one for one in found if one[0] in at_ticks], (window[1] - window[0]) // 50
    if len(exact) > 1 and exact[0][0] - found[0][0] <= near:
        found = [one for one in found if one[0] >= exact[0][0]]
    if len(exact) > 1 and found[-1][0] - exact[-1][0] <= near:
        found = [one for one in found if one[0] <= exact[-1][0]]
    return found


def counted(read: Readings, window: Window, at_ticks: Collection[int] = ()) -> Drawn | None:
    """What one counter counted from its first to its last tick inside the window; None below two ticks, or where it fell."""
    found = ticks(read, window, at_ticks)
    if len(found) < 2 or fell(bracketed(read, window)):
        return None
    (start_ns, first), (end_ns, last) = found[0], found[-1]
    return Drawn(start_ns, end_ns, Fraction(last - first))


def fell(read: Readings) -> bool:
    """Whether the counter ever fell."""
    return any(later < earlier for (_, earlier), (_, later) in pairwise(read))


def counted_together(reads: Sequence[Readings], window: Window, at_ticks: Sequence[Collection[int]]) -> Drawn | None:
    """What the counters of all devices counted; None where one did not.

    The ticks of two devices lie apart: each device's energy is taken over its own ticks and brought to the time they share, in proportion.
    """
    each = [counted(read, window, exact) for read, exact in zip(reads, at_ticks, strict=True)]
    found = [one for one in each if one is not None]
    if not found or len(found) < len(each):
        return None
    start_ns, end_ns = max(one.start_ns for one in found), min(one.end_ns for one in found)
    if end_ns <= start_ns:
        return None
    return Drawn(start_ns, end_ns, sum((one.mj * (end_ns - start_ns) / one.length_ns for one in found), Fraction(0)))


def integrated(read: Readings, window: Window) -> Fraction | None:
    """The integral of power over the window in mJ: trapezoids, linear between two readings at both edges; None where an edge lies outside them."""
    inside = bracketed(read, window)
    if not covers(inside, window) or window[1] <= window[0]:
        return None
    start, end = (power_at(inside, t_ns) for t_ns in window)
    if start is None or end is None:
        return None
    points = [(window[0], start), *((t, Fraction(mw)) for t, mw in inside if window[0] < t < window[1]), (window[1], end)]
    return sum(((one + other) * (later - earlier) for (earlier, one), (later, other) in pairwise(points)), Fraction(0)) / (2 * NS_PER_S)


def integrated_together(reads: Sequence[Readings], window: Window) -> Drawn | None:
    """The integrals of all devices; None where one has none."""
    each = [integrated(read, window) for read in reads]
    found = [one for one in each if one is not None]
    return Drawn(*window, sum(found, Fraction(0))) if found and len(found) == len(each) else None


def power_at(read: Readings, t_ns: int) -> Fraction | None:
    """The power at a moment, linear between the reading at or before it and the one at or after it; None where there are no such two."""
    around = bracketed(read, (t_ns, t_ns))
    if not covers(around, (t_ns, t_ns)):
        return None
    (earlier, one), (later, other) = around[0], around[-1]
    return Fraction(one) if later == earlier else Fraction(one) + Fraction((other - one) * (t_ns - earlier), later - earlier)
