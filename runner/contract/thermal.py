"""Heat: whether a device had settled, and what it sustains against its best minute.

Ten-second bins. Settled over five minutes: temperature moves by at most 0.5 °C a minute, the clock by 0.5 % a minute, throughput varies by at most
2 % and shows no monotone trend (Mann-Kendall, p > 0.05).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from runner.contract.energy_validity import slope_per_ns
from runner.contract.statistics import text
from runner.contract.telemetry_row import Readings, TelemetryRow, Window, readings, stretch

Integers = npt.NDArray[np.int64]
RegimeName = Literal["cold", "transient", "steady"]
SECOND_NS, MINUTE_NS, PPM = 1_000_000_000, 60_000_000_000, 1_000_000
Z_SQUARED = Fraction("3.841459")  # of the two-sided 5 % point of the normal distribution
COLD_AFTER_NS = 5 * MINUTE_NS


@dataclass(frozen=True)
class SettleRules:
    """The limits; the defaults are ours, to be confirmed by measurement."""

    bin_ns: int = 10 * SECOND_NS
    bins: int = 30
    peak_bins: int = 6
    temperature_mc_per_min: int = 500
    clock_ppm_per_min: int = 5_000
    throughput_cv_ppm: int = 20_000


DEFAULT_RULES = SettleRules()


@dataclass(frozen=True)
class Regime:
    """The thermal regime of a stretch under load; None with the `reason` where it cannot be told.

    `settle_ns` is the time from the start of the stretch to the first five minutes in which all stood still, None where there were none.
    """

    name: RegimeName | None
    reason: str = ""
    settle_ns: int | None = None


@dataclass(frozen=True)
class Sustained:
    """Inferences per second as decimal strings: the best minute, the median bin after settling, and the second over the first in ppm."""

    peak_per_s: str
    sustained_per_s: str | None
    ratio_ppm: int | None
    settle_ns: int | None


def regime(
    rows: Sequence[TelemetryRow], loaded: Window, completed_at_ns: Integers, device_count: int, *,
    idle_before_ns: int | None = None, rules: SettleRules = DEFAULT_RULES,
) -> Regime:  # fmt: skip
    """The regime at the end of `loaded`, the stretch under load from the end of idling to the end of the window.

    `steady` where the last five minutes stood still; else `cold` where the devices had idled for five minutes before; else `transient`. Completion
    times are sorted, one for each inference. Temperature and clock of every device are needed.
    """
    near = stretch(rows, loaded, 0)
    series = {name: [_bin_means(readings(near, name, device), loaded, rules) for device in range(device_count)]
              for name in ("temperature_mc", "sm_clock_khz")}  # fmt: skip
    for name, reason in (("temperature_mc", "no-temperature"), ("sm_clock_khz", "no-clock")):
        if not series[name] or not all(any(mean is not None for mean in means) for means in series[name]):
            return Regime(None, reason)
    counts = bin_counts(completed_at_ns, loaded, rules.bin_ns)

    def still(first: int) -> bool:
        chosen = slice(first, first + rules.bins)
        cool = all(_level(means[chosen], rules, rules.temperature_mc_per_min, relative=False) for means in series["temperature_mc"])
        held = all(_level(means[chosen], rules, rules.clock_ppm_per_min, relative=True) for means in series["sm_clock_khz"])
        return cool and held and even(counts[chosen], rules)

    settle_ns = _first_still(still, len(counts), rules)
    last = len(counts) - rules.bins
    if last >= 0 and still(last):
        return Regime("steady", settle_ns=settle_ns)
    short = "" if last >= 0 else "shorter than the time over which it is judged"
    return Regime("cold" if idle_before_ns is not None and idle_before_ns >= COLD_AFTER_NS else "transient", short, settle_ns)


def peak_and_sustained(
    completed_at_ns: Integers, window: Window, settle_ns: int | None = None, *, rules: SettleRules = DEFAULT_RULES
) -> Sustained | None:
    """The best 60 s and the median bin after settling, from sorted completion times alone; None in a window shorter than 60 s.

    Without `settle_ns`, which counts from the start of the window, settling is judged by throughput: the first five minutes that are even.
    """
    counts = bin_counts(completed_at_ns, window, rules.bin_ns)
    if len(counts) < rules.peak_bins:
        return None
    best = max(sum(counts[first : first + rules.peak_bins]) for first in range(len(counts) - rules.peak_bins + 1))
    if settle_ns is None:
        settle_ns = _first_still(lambda first: even(counts[first : first + rules.bins], rules), len(counts), rules)
    after = sorted(counts[-(-settle_ns // rules.bin_ns) :]) if settle_ns is not None else []
    if not after:
        return Sustained(_per_s(Fraction(best, rules.peak_bins), rules), None, None, settle_ns)
    median = Fraction(after[(len(after) - 1) // 2] + after[len(after) // 2], 2)
    ratio_ppm = round(median * PPM * rules.peak_bins / best) if best else None
    return Sustained(_per_s(Fraction(best, rules.peak_bins), rules), _per_s(median, rules), ratio_ppm, settle_ns)


def bin_counts(completed_at_ns: Integers, window: Window, bin_ns: int) -> list[int]:
    """Completions in each whole bin of the window, from its start; a completion at an edge belongs to the bin before it."""
    edges = np.arange(window[0], window[1] + 1, bin_ns, dtype=np.int64)
    return [int(count) for count in np.diff(np.searchsorted(completed_at_ns, edges, side="right"))]


def even(counts: Sequence[int], rules: SettleRules = DEFAULT_RULES) -> bool:
    """Whether throughput varies by at most the limit and shows no monotone trend."""
    n, total = len(counts), sum(counts)
    if n < 2 or not total:
        return False
    squares = n * sum(count * count for count in counts) - total * total  # n (n - 1) times the variance
    within = squares * n * PPM**2 <= rules.throughput_cv_ppm**2 * total * total * (n - 1)
    return within and not trend(counts)


def trend(values: Sequence[int]) -> bool:
    """Whether the values rise or fall monotonically with p <= 0.05 (Mann 1945, Kendall 1975; ties counted, continuity corrected)."""
    n = len(values)
    score = sum((values[later] > values[earlier]) - (values[later] < values[earlier]) for later in range(n) for earlier in range(later))
    ties = sum(count * (count - 1) * (2 * count + 5) for count in (values.count(value) for value in set(values)))
    variance = Fraction(n * (n - 1) * (2 * n + 5) - ties, 18)
    return bool(variance) and max(0, abs(score) - 1) ** 2 >= Z_SQUARED * variance


def _first_still(still: Callable[[int], bool], bins: int, rules: SettleRules) -> int | None:
    first = next((first for first in range(bins - rules.bins + 1) if still(first)), None)
    return None if first is None else first * rules.bin_ns


def _bin_means(read: Readings, loaded: Window, rules: SettleRules) -> list[int | None]:
    """The mean reading in each whole bin."""
    found: list[list[int]] = [[] for _ in range((loaded[1] - loaded[0]) // rules.bin_ns)]
    for t_ns, value in read:
        place = (t_ns - loaded[0]) // rules.bin_ns
        if 0 <= place < len(found):
            found[place].append(value)
    return [round(Fraction(sum(values), len(values))) if values else None for values in found]


def _level(means: Sequence[int | None], rules: SettleRules, per_min: int, *, relative: bool) -> bool:
    """Whether a line through the bins rises or falls by at most `per_min` a minute, in ppm of the mean where that is `relative`."""
    known = [(place * rules.bin_ns, mean) for place, mean in enumerate(means) if mean is not None]
    slope = slope_per_ns(known)
    if slope is None or len(known) < len(means):
        return False
    limit = Fraction(per_min) * (Fraction(sum(mean for _, mean in known), len(known)) / PPM if relative else 1)
    return abs(slope) * MINUTE_NS <= limit


def _per_s(count: Fraction, rules: SettleRules) -> str:
    per_s = count * SECOND_NS / rules.bin_ns
    return text(Decimal(per_s.numerator) / Decimal(per_s.denominator), 3)
