"""An operating point as lines of text: what it states beside its metrics, each with what it was held against."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.points import BatchCount, Certificate, EnergyUse, Goodput, Lag, Sustained
from runner.contract.run import OperatingPoint, Withheld
from runner.report.quantities import duration, quantity, share


def point_facts(point: OperatingPoint, *, latencies: bool = True) -> Iterator[str]:
    """Certificate, goodput, lag, device time, throttling, power, energy, batches and classes, where the point has them.

    Without `latencies` those of the classes are left out.
    """
    if point.certificate is not None:
        yield from certificate_lines(point.certificate)
    if point.goodput is not None:
        yield _goodput(point.goodput)
    if point.device is not None:
        yield f"time on the device: p50 {duration(point.device.p50_ns)}; the host's time beside it: p50 {duration(point.device.gap_p50_ns)}"
    yield from (f"trial {one.trial + 1}: {_sustained(one)}" for one in point.sustained)
    if point.batches:
        yield f"batches: {', '.join(map(_batch, point.batches))}"
    for klass in point.classes:
        p50 = "" if klass.p50_ns is None or not latencies else f", p50 {duration(klass.p50_ns)}"
        yield f"class {klass.name}: {klass.completed:,} completed{p50}"
    if point.power is not None:
        power = point.power
        watts = (f"{word} {mw / 1000:.1f} W" for word, mw in (("mean", power.mean_mw), ("p95", power.p95_mw), ("peak", power.peak_mw)))
        yield f"power: {', '.join(watts)} ({'instant' if power.column == 'power_instant_mw' else 'averaged over a second'})"
    yield from (f"energy of trial {use.trial + 1}: {energy_text(use)}" for use in point.energy)
    if point.throttle is not None:
        yield f"throttling: {'could not be read' if point.throttle == 'unknown' else point.throttle.replace('_', ' ')}"
    if point.lag is not None:
        yield _lag(point.lag)


def certificate_lines(found: Certificate) -> Iterator[str]:
    """The answer, what it rests on, and beside it the answer of the rule that takes requests for independent ones."""
    needed = "" if found.needed is None else f"; {max(0, found.needed - found.n):,} more requests would decide it"
    yield f"latency budget, {found.permille / 10:g} % within {duration(found.limit_ns)}: {found.answer.upper()}{needed}"
    worth = f"worth {sum(found.effective_by_trial):,} independent ones"
    yield (
        f"  {found.over:,} of {found.n:,} requests over it, {worth}, confidence {found.confidence_permille / 10:g} %; "
        f"taken for independent: {found.assumes_independence}"
    )


def _goodput(good: Goodput) -> str:
    interval = f"95 % interval {share(good.ci_low)} – {share(good.ci_high)} %"
    return f"within the budget: {good.met:,} of {good.n:,} requests ({interval}), {quantity(good.per_s, '1/s')}"


def _lag(lag: Lag) -> str:
    achieved = "" if lag.achieved_ppm is None else f"; achieved {lag.achieved_ppm / 10_000:.2f} % of the offered rate"
    return f"lag of the generator: p50 {duration(lag.p50_ns)}, p99 {duration(lag.p99_ns)}, max {duration(lag.max_ns)}{achieved}"


def _sustained(one: Sustained) -> str:
    settled = "sustained not known: it did not settle" if one.sustained_per_s is None else f"sustained {quantity(one.sustained_per_s, '1/s')}"
    return f"{settled}; best minute {quantity(one.peak_per_s, '1/s')}"


def _batch(count: BatchCount) -> str:
    return f"{count.requests:,} requests {'alone' if count.size == 1 else f'in batches of {count.size}'}"


def energy_text(use: EnergyUse) -> str:
    """Gross and net per inference with scope and method, or the reasons why there is none."""
    how = f"by {use.method}, scope {use.scope}"
    if not use.valid:
        return f"not stated ({', '.join(use.codes) or 'nothing could be read'}), {how}"
    gross = f"gross {_energy(use.gross_per_inference, use.gross_low, use.gross_high)}"
    net = "" if use.net_per_inference is None else f", net {_energy(use.net_per_inference, use.net_low, use.net_high)}"
    return f"{gross}{net} per inference, {how}"


def _energy(value: str | None, low: str | None, high: str | None) -> str:
    bounds = "" if low is None or high is None else f" [{quantity(low, 'mJ')} – {quantity(high, 'mJ')}]"
    return f"{quantity(value, 'mJ')}{bounds}"


def withheld_text(gone: Withheld) -> str:
    """What a metric that is not shown lacks."""
    if gone.reason == "no-valid-energy":
        return "not every trial has a valid energy"
    if gone.reason == "nothing-completed":
        return "no request completed inside a window"
    if gone.reason == "too-few-effective-requests":
        return f"needs {gone.requests_needed:,} independent requests, has the worth of {gone.requests_fewest:,}"
    return f"needs {gone.requests_needed:,} requests a trial, has {gone.requests_fewest:,}"
