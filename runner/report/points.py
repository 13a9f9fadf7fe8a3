"""An operating point as lines of text: what it states beside its metrics, each with what it was held against."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.points import Certificate, EnergyUse
from runner.contract.run import OperatingPoint, SearchOutcome, Withheld
from runner.report.quantities import duration


def point_facts(point: OperatingPoint) -> Iterator[str]:
    """Certificate, goodput, lag, device time, throttling, power, energy, batches and classes, where the point has them."""
    if point.certificate is not None:
        yield f"latency budget: {certificate_text(point.certificate)}"
    if point.goodput is not None:
        good = point.goodput
        yield f"within the budget: {good.met:,} of {good.n:,} requests, {good.per_s} /s (95 % interval of the share {good.ci_low} – {good.ci_high})"
    if point.lag is not None:
        achieved = "" if point.lag.achieved_ppm is None else f", achieved over offered rate {point.lag.achieved_ppm / 10_000:.2f} %"
        lag = point.lag
        yield f"lag of the generator: p50 {duration(lag.p50_ns)}, p99 {duration(lag.p99_ns)}, max {duration(lag.max_ns)}{achieved}"
    if point.device is not None:
        yield f"time on the device: p50 {duration(point.device.p50_ns)}, gap to the host p50 {duration(point.device.gap_p50_ns)}"
    if point.throttle is not None and point.throttle != "unknown":
        yield f"throttling: {point.throttle.replace('_', ' ')}"
    if point.power is not None:
        power = point.power
        yield f"power: mean {power.mean_mw / 1000:.1f} W, p95 {power.p95_mw / 1000:.1f} W, peak {power.peak_mw / 1000:.1f} W ({power.column})"
    yield from (f"energy of trial {use.trial + 1}: {energy_text(use)}" for use in point.energy)
    for one in point.sustained:
        settled = "not settled" if one.sustained_per_s is None else f"sustained {one.sustained_per_s} /s"
        yield f"trial {one.trial + 1}: {settled}, best minute {one.peak_per_s} /s"
    if point.batches:
        yield "batches: " + ", ".join(f"{count.requests:,} requests in {count.size}s" for count in point.batches)
    for klass in point.classes:
        yield f"class {klass.name}: {klass.completed:,} completed" + ("" if klass.p50_ns is None else f", p50 {duration(klass.p50_ns)}")


def certificate_text(found: Certificate) -> str:
    """The answer with what it rests on, and beside it the answer of the rule that takes requests for independent ones."""
    share = f"{found.permille / 10:g} % within {duration(found.limit_ns)}"
    needed = "" if found.needed is None else f", {max(0, found.needed - found.n):,} more requests would decide it"
    worth = f"{found.over:,} of {found.n:,} over it, worth {sum(found.effective_by_trial):,} independent ones"
    rests = f"{worth}, confidence {found.confidence_permille / 10:g} %"
    return f"{share}: {found.answer.upper()}{needed} ({rests}; assuming independence: {found.assumes_independence})"


def energy_text(use: EnergyUse) -> str:
    """Gross and net per inference with scope and method, or the reasons why there is none."""
    if not use.valid:
        return f"not stated ({', '.join(use.codes) or 'nothing could be read'}), {use.method} of {use.scope}"
    gross = f"gross {use.gross_per_inference} mJ [{use.gross_low} – {use.gross_high}]"
    net = "" if use.net_per_inference is None else f", net {use.net_per_inference} mJ [{use.net_low} – {use.net_high}]"
    return f"{gross}{net} an inference, {use.method} of {use.scope}"


def withheld_text(gone: Withheld) -> str:
    """What a metric that is not shown lacks."""
    if gone.reason == "no-valid-energy":
        return "no valid energy in every trial"
    if gone.reason == "too-few-effective-requests":
        return f"needs {gone.requests_needed:,} independent requests, has what {gone.requests_fewest:,} would say"
    return f"needs {gone.requests_needed:,} requests a trial, has {gone.requests_fewest:,}"


def search_lines(search: SearchOutcome) -> Iterator[str]:
    """What a saturation search found, as an interval, and its steps."""
    low, high = search.lo_per_s or "nothing", search.hi_per_s or "no upper end"
    yield f"highest load within the budget: between {low} and {high} requests a second ({search.above or 'no rate failed'})"
    yield f"confirmed: {search.confirmed_per_s or 'no rate'}{', at a cliff' if search.cliff else ''}; closed-loop capacity {search.capacity_per_s} /s"
    for step in search.steps:
        yield f"  {step.purpose} {step.rate_per_s} /s: {step.answer} ({step.over:,} of {step.n:,} over, worth {step.effective:,} independent ones)"
