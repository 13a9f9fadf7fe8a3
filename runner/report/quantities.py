"""Quantities as people read them: a unit that fits, four figures, and a dash for what was not measured."""

from __future__ import annotations

from decimal import Context, Decimal

from runner.contract.metrics import DEFINITIONS
from runner.contract.run import MetricValue, OperatingPoint

ABSENT = "–"
STEPS = ((Decimal(10**9), "s"), (Decimal(10**6), "ms"), (Decimal(1000), "µs"), (Decimal(1), "ns"))
ENERGIES = ((Decimal(10**6), "kJ"), (Decimal(1000), "J"), (Decimal(1), "mJ"))
FIGURES = 4
HEAD = 12


def duration(value_ns: int | Decimal) -> str:
    """A time in the largest unit that leaves at least 1 before the point: `87.4 µs`."""
    return _scaled(Decimal(value_ns), STEPS)


def quantity(value: str | None, unit: str) -> str:
    """A metric's decimal string in its unit; a dash for None."""
    if value is None:
        return ABSENT
    number = Decimal(value)
    if unit == "ns":
        return duration(number)
    if unit == "mJ":
        return _scaled(number, ENERGIES)
    if unit == "1/s":
        return f"{_figures(number)} /s"
    if unit == "ppm":
        return f"{_figures(number / 10_000)} %"
    return f"{_figures(number)} {unit}"


def interval(metric: MetricValue) -> str:
    """`[low – high]`, the 95 % interval between trials; a dash where there is none."""
    if metric.ci_low is None or metric.ci_high is None:
        return ABSENT
    return f"[{quantity(metric.ci_low, metric.unit)} – {quantity(metric.ci_high, metric.unit)}]"


def metric_name(definition: str) -> str:
    """A definition's name in words: `latency p99.9`, `latency from issue p50`."""
    known = DEFINITIONS.get(definition)
    if known is None:
        return definition
    return known.name.replace("p99_9", "p99.9").replace("_", " ")


def point_text(point: OperatingPoint) -> str:
    """The load setting that a throughput is never shown without."""
    if point.loop == "closed":
        return f"closed loop, concurrency {point.concurrency}, batch {point.batch}"
    return f"open loop, {point.process} {point.rate_per_s}/s, batch {point.batch}"


def percent(count: int, of: int) -> str:
    """A share in percent with two decimals."""
    return f"{Decimal(count) * 100 / of:.2f} %" if of else ABSENT


def share(part: str) -> str:
    """A share of 1 as a percentage with two decimals, without its sign: `98.63`."""
    return f"{Decimal(part) * 100:.2f}"


def short(digest: str) -> str:
    """The head of a digest, as people quote it."""
    return digest[:HEAD]


def _scaled(value: Decimal, steps: tuple[tuple[Decimal, str], ...]) -> str:
    scale, unit = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    return f"{_figures(value / scale)} {unit}"


def _figures(value: Decimal) -> str:
    """Four figures, thousands grouped; whole numbers above a thousand lose their fraction."""
    rounded = Context(prec=FIGURES).create_decimal(value)
    before = rounded.adjusted() + 1 if abs(rounded) >= 1 else 1
    return f"{value:,.{max(0, FIGURES - before)}f}"
