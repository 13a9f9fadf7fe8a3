"""Numbers as people read them: one unit and one count of decimals for a value and its interval, and no throughput without its point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from lynxweb.words.measured_words import energy_source
from runner.contract.metrics import DEFINITIONS, MetricDefinition
from runner.contract.run import MetricValue

DASH: Final = "–"
THIN: Final = "\u202f"  # narrow no-break space, between groups of digits
GAP: Final = "\u00a0"  # no-break space, between a number and its unit
TIMES: Final = (("s", 10**9), ("ms", 10**6), ("µs", 10**3), ("ns", 1))
SIZES: Final = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
LARGEST_PLACES: Final = 6


class BareThroughput(ValueError):
    """A throughput was about to be shown without its operating point."""


@dataclass(frozen=True)
class Scale:
    """How a family of values is written: a unit, what a value is divided by, and decimals."""

    unit: str
    divisor: int
    places: int

    def number(self, value: Decimal) -> str:
        """The digits of `value` without the unit."""
        return _grouped((value / self.divisor).quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_EVEN))


@dataclass(frozen=True)
class Stated:
    """A metric value ready for a page: texts in one unit with one count of decimals; `at` is the operating point, `counts` what it rests on.

    `how` names scope and method of an energy, which never leave its side.
    """

    name: str
    number: str
    unit: str
    low: str
    high: str
    at: str
    counts: str
    definition: str
    provenance: str
    how: str = ""

    @property
    def interval(self) -> str:
        """The interval in brackets; empty where there is none."""
        return f"[{self.low}, {self.high}]" if self.low else ""

    @property
    def sentence(self) -> str:
        """Everything in one line, for titles and alternative texts."""
        interval = f" {self.interval} (95 % interval)" if self.low else ""
        how = f" ({self.how})" if self.how else ""
        return f"{self.name} {self.number}{GAP}{self.unit}{interval}{how}{f' @ {self.at}' if self.at else ''}, {self.counts}"


def stated(value: MetricValue, at: str = "") -> Stated:
    """`value` as a page shows it at the operating point `at`; a rate without one raises `BareThroughput`."""
    definition = DEFINITIONS[value.definition]
    if definition.aggregation == "rate" and not at.strip():
        raise BareThroughput(f"{value.definition}: a throughput is shown only with its operating point; pass at=")
    scale = scale_of(value)
    return Stated(
        name=metric_name(definition.id),
        number=scale.number(Decimal(value.value)),
        unit=scale.unit,
        low=scale.number(Decimal(value.ci_low)) if value.ci_low is not None else "",
        high=scale.number(Decimal(value.ci_high)) if value.ci_high is not None else "",
        at=at,
        counts=f"n = {value.n_trials} trials, {_grouped(Decimal(value.n_requests))} requests{_effective(value)}",
        definition=definition.text,
        provenance=value.provenance,
        how=energy_source(definition.id),
    )


def _effective(value: MetricValue) -> str:
    """What dependent requests are worth, where it is known: percentiles from semantics 2 on."""
    return f", {_grouped(Decimal(sum(value.effective_by_trial)))} effective" if value.effective_by_trial else ""


def bracketed(scale: Scale, low: str | None, high: str | None) -> str:
    """An interval of decimal strings in brackets; empty where there is none."""
    return f"[{scale.number(Decimal(low))}, {scale.number(Decimal(high))}]" if low is not None and high is not None else ""


def power(milliwatts: int) -> str:
    """Power with one decimal of a watt, in mW under one watt."""
    return f"{_grouped(Decimal(milliwatts))}{GAP}mW" if milliwatts < 1000 else f"{Scale('W', 1000, 1).number(Decimal(milliwatts))}{GAP}W"


def energy(millijoules: int) -> str:
    """Energy in J with three digits after the point at most, in mJ under one joule."""
    if abs(millijoules) < 1000:
        return f"{_grouped(Decimal(millijoules))}{GAP}mJ"
    return f"{Scale('J', 1000, 1 if abs(millijoules) >= 100_000 else 3).number(Decimal(millijoules))}{GAP}J"


def scale_of(value: MetricValue) -> Scale:
    """The scale in which a value, its interval and its trials are written."""
    known = [Decimal(text) for text in (value.value, value.ci_low, value.ci_high) if text is not None]
    return scale_for(DEFINITIONS[value.definition], known)


def scale_for(definition: MetricDefinition, values: Sequence[Decimal]) -> Scale:
    """The scale for a value followed by its interval's ends: unit by the value; two digits of the half width and three of the value at least.

    Without an interval the value gets four digits.
    """
    units = {"1/s": (("req/s", 1),), "ppm": (("%", 10**4),), "mJ": (("J", 10**3), ("mJ", 1))}.get(definition.unit, TIMES)
    size_of_value = abs(values[0]) if values else Decimal(0)
    unit, divisor = next((pair for pair in units if size_of_value >= pair[1]), units[-1])
    width, scaled = (max(values) - min(values)) / 2 / divisor if len(values) > 1 else Decimal(0), size_of_value / divisor
    digits = max(1 - width.adjusted(), 2 - scaled.adjusted()) if width else 3 - scaled.adjusted() if scaled else 0
    whole = definition.unit == "ns" and divisor == 1
    return Scale(unit, divisor, 0 if whole else min(max(digits, 0), LARGEST_PLACES))


def metric_name(definition_id: str) -> str:
    """The name of a metric in words, such as “Latency p50” of `latency_p50@1`."""
    name = definition_id.partition("@")[0]
    for prefix, words in (
        ("latency_from_issue_", "Latency from issue "),
        ("latency_", "Latency "),
        ("energy_per_inference_", "Energy per inference, "),
    ):
        if name.startswith(prefix):
            return words + name.removeprefix(prefix).replace("_", ".")
    return name.replace("_", " ").capitalize()


def duration(nanoseconds: int) -> str:
    """Nanoseconds in the largest unit that keeps a digit before the point, four digits in all."""
    scale = scale_for(DEFINITIONS["latency_p50@1"], [Decimal(nanoseconds)])
    return f"{scale.number(Decimal(nanoseconds))}{GAP}{scale.unit}"


def size(count: int) -> str:
    """Bytes in binary units with three digits."""
    for unit, divisor in SIZES:
        if count >= divisor:
            value = Decimal(count) / divisor
            return f"{_grouped(value.quantize(Decimal(1).scaleb(min(0, value.adjusted() - 2))))}{GAP}{unit}"
    return f"{count}{GAP}B"


def whole(number: int) -> str:
    """A whole number with its digits in groups of three."""
    return _grouped(Decimal(number))


def percent(ppm: int) -> str:
    """Parts per million as a percentage with as many decimals as it needs."""
    share = (Decimal(ppm) / 10_000).normalize()
    return f"{share:f}{GAP}%"


def share(text: str, places: int = 2) -> str:
    """A decimal share of one, such as `0.9875`, as a percentage."""
    return f"{(Decimal(text) * 100).quantize(Decimal(1).scaleb(-places)):f}{GAP}%"


def signed(text: str, places: int = 1) -> str:
    """A decimal string with its sign always shown, a real minus and no change as a plain 0."""
    value = Decimal(text).quantize(Decimal(1).scaleb(-places))
    return f"+{value:f}" if value > 0 else f"−{-value:f}" if value < 0 else "0"


def _grouped(value: Decimal) -> str:
    return f"{value:,f}".replace(",", THIN).replace("-", "−")
