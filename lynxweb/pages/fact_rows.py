"""What an operating point states beside its metrics, as rows: certificate, lag, energy, power, device time, batches, classes, sustained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lynxweb.words import formatting
from lynxweb.words.measured_words import ANSWERS, POWER_COLUMNS, THROTTLING, answer_chip, energy_codes, source_words
from lynxweb.words.wording import Chip, chip
from runner.contract.methodology import Gates, Slo
from runner.contract.metrics import DEFINITIONS, ENERGIES
from runner.contract.points import Certificate, DeviceTime, EnergyUse, Goodput, Lag, PowerUse, Sustained
from runner.contract.run import OperatingPoint, Trial

MILLION: Final = 1_000_000
ENERGY: Final = DEFINITIONS[f"energy_per_inference_gross@{ENERGIES[0][1]}.{ENERGIES[0][0]}"]
RATE: Final = DEFINITIONS["throughput@1"]
ENERGY_GOOD: Final = Chip("valid", "good", "✓")
ENERGY_BAD: Final = Chip("not stated", "warn", "!")
NO_INTERVAL: Final = "no interval: too few slices"


@dataclass(frozen=True)
class LagRow:
    """What the generator added, beside its floor, and what it achieved of what it offered; `held` is the rule that gate G-09 holds it against."""

    p50: str
    p99: str
    most: str
    floor_p50: str
    floor_p99: str
    achieved: str
    offered: str
    held: str


@dataclass(frozen=True)
class CertificateRow:
    """The latency budget with our answer and, apart, that of the rule which takes every request for an independent one."""

    budget: str
    answer: Chip
    independent: Chip
    n: str
    over: str
    effective: str
    by_trial: str
    least: str
    confidence: str
    differ: bool


@dataclass(frozen=True)
class GoodputRow:
    """Requests that met the budget: share with its Wilson interval, count and rate."""

    attained: str
    interval: str
    counts: str
    pace: str


@dataclass(frozen=True)
class EnergyRow:
    """Energy of one trial's window; `how` is scope and method and stands in the same cell as every number."""

    trial: int
    how: str
    gross: str
    gross_interval: str
    net: str
    net_interval: str
    total: str
    verdict: Chip
    why: str


@dataclass(frozen=True)
class PowerRow:
    """Power over the windows, all devices together, and which reading it is."""

    reading: str
    mean: str
    p95: str
    p99: str
    peak: str


@dataclass(frozen=True)
class DeviceRow:
    """Median time between device events, the gap to the host's latency from issue, and how much the device's time varies."""

    device: str
    gap: str
    gap_part: str
    variation: str


@dataclass(frozen=True)
class SustainedRow:
    """Peak and sustained throughput of one trial, apart."""

    trial: int
    peak: str
    held: str
    part: str
    settle: str


@dataclass(frozen=True)
class Facts:
    """Everything a point states beside its metrics; None or empty where it does not."""

    lag: LagRow | None = None
    certificate: CertificateRow | None = None
    goodput: GoodputRow | None = None
    energy: tuple[EnergyRow, ...] = ()
    power: PowerRow | None = None
    device: DeviceRow | None = None
    throttle: Chip | None = None
    sustained: tuple[SustainedRow, ...] = ()
    batches: tuple[tuple[str, str, str], ...] = ()
    classes: tuple[tuple[str, str, str], ...] = ()

    @property
    def served(self) -> bool:
        """Whether there is anything about how the requests were served."""
        return bool(self.device or self.sustained or self.batches or self.classes)


def facts_of(point: OperatingPoint, trials: tuple[Trial, ...], gates: Gates, slo: Slo, hidden: bool) -> Facts:
    """The facts of one point measured by `trials`; those that follow from latencies are left out where a finding withholds these (`hidden`)."""
    return Facts(
        lag=_lag(point.lag, point, trials, gates) if point.lag else None,
        certificate=_certificate(point.certificate, slo) if point.certificate and not hidden else None,
        goodput=_goodput(point.goodput) if point.goodput and not hidden else None,
        energy=tuple(_energy(one) for one in point.energy),
        power=_power(point.power) if point.power else None,
        device=_device(point.device) if point.device and not hidden else None,
        throttle=chip(THROTTLING, point.throttle) if point.throttle else None,
        sustained=tuple(_sustained(one) for one in point.sustained),
        batches=tuple(_batches(point)),
        classes=tuple((one.name, formatting.whole(one.completed), _known(None if hidden else one.p50_ns)) for one in point.classes),
    )


def _known(nanoseconds: int | None) -> str:
    return formatting.DASH if nanoseconds is None else formatting.duration(nanoseconds)


def _lag(lag: Lag, point: OperatingPoint, trials: tuple[Trial, ...], gates: Gates) -> LagRow:
    offered = f"{point.rate_per_s} req/s offered ({point.process})" if point.rate_per_s else "closed loop: the next request follows an answer"
    held = f"lag p99 at most {formatting.duration(gates.lag_floor_ns)} or {formatting.percent(gates.lag_share_ppm)} of the median service time, "
    held += "whichever is more"
    if point.loop == "open":
        held += f"; the achieved rate within {formatting.percent(gates.max_rate_error_ppm)} of the offered one"
    return LagRow(
        formatting.duration(lag.p50_ns), formatting.duration(lag.p99_ns), formatting.duration(lag.max_ns),
        formatting.duration(max(trial.floor_p50_ns for trial in trials)), formatting.duration(max(trial.floor_p99_ns for trial in trials)),
        formatting.percent(lag.achieved_ppm) if lag.achieved_ppm is not None else formatting.DASH, offered, held,
    )  # fmt: skip


def _certificate(found: Certificate, slo: Slo) -> CertificateRow:
    more = max(found.needed - found.n, 0) if found.needed is not None else None
    return CertificateRow(
        budget=f"{formatting.percent(found.permille * 1000)} of the requests within {formatting.duration(found.limit_ns)}",
        answer=answer_chip(found.answer, more),
        independent=chip(ANSWERS, found.assumes_independence),
        n=formatting.whole(found.n),
        over=formatting.whole(found.over),
        effective=formatting.whole(sum(found.effective_by_trial)),
        by_trial=", ".join(formatting.whole(one) for one in found.effective_by_trial),
        least=formatting.whole(slo.least_effective),
        confidence=formatting.percent(found.confidence_permille * 1000),
        differ=found.answer != found.assumes_independence,
    )


def _goodput(found: Goodput) -> GoodputRow:
    counts = f"{formatting.whole(found.met)} of {formatting.whole(found.n)}"
    interval = f"[{formatting.share(found.ci_low, 3)}, {formatting.share(found.ci_high, 3)}]"
    return GoodputRow(formatting.share(found.share, 3), interval, counts, f"{rate(found.per_s)}")


def rate(per_s: str) -> str:
    """A rate with its unit; whoever shows it puts the operating point beside it."""
    value = Decimal(per_s)
    return f"{formatting.scale_for(RATE, [value]).number(value)}{formatting.GAP}req/s"


def _energy(found: EnergyUse) -> EnergyRow:
    """A trial's energy; without its numbers where they do not stand, for the codes say why and the run document keeps them."""
    good = found.valid
    gross, gross_interval = _per_inference(found.gross_per_inference if good else None, found.gross_low, found.gross_high)
    net, net_interval = _per_inference(found.net_per_inference if good else None, found.net_low, found.net_high)
    total = formatting.DASH
    if found.gross_mj is not None and good:
        total = f"{formatting.energy(found.gross_mj)} in {formatting.duration(found.window_ns)} for {formatting.whole(found.inferences)} inferences"
    how = source_words(found.scope, found.method) if found.method != "none" else "no sensor of energy"
    why = energy_codes(found.codes) or ("" if found.valid else "not measured")
    return EnergyRow(found.trial + 1, how, gross, gross_interval, net, net_interval, total, ENERGY_GOOD if found.valid else ENERGY_BAD, why)


def _per_inference(text: str | None, low: str | None, high: str | None) -> tuple[str, str]:
    """Energy per inference in one unit with its interval; a dash where there is none."""
    if text is None:
        return formatting.DASH, ""
    scale = formatting.scale_for(ENERGY, [Decimal(one) for one in (text, low, high) if one is not None])
    return f"{scale.number(Decimal(text))}{formatting.GAP}{scale.unit}", formatting.bracketed(scale, low, high) or NO_INTERVAL


def _power(found: PowerUse) -> PowerRow:
    numbers = (formatting.power(one) for one in (found.mean_mw, found.p95_mw, found.p99_mw, found.peak_mw))
    return PowerRow(POWER_COLUMNS[found.column], *numbers)


def _device(found: DeviceTime) -> DeviceRow:
    host = found.p50_ns + max(found.gap_p50_ns, 0)
    part = formatting.percent(max(found.gap_p50_ns, 0) * 1000 // host * 1000) if host else formatting.DASH
    sign = "−" if found.gap_p50_ns < 0 else ""
    variation = formatting.DASH if found.variation_ppm is None else formatting.percent(found.variation_ppm // 1000 * 1000)
    return DeviceRow(formatting.duration(found.p50_ns), f"{sign}{formatting.duration(abs(found.gap_p50_ns))}", part, variation)


def _sustained(found: Sustained) -> SustainedRow:
    return SustainedRow(
        found.trial + 1,
        rate(found.peak_per_s),
        rate(found.sustained_per_s) if found.sustained_per_s is not None else "did not settle",
        formatting.percent(found.ratio_ppm // 1000 * 1000) if found.ratio_ppm is not None else formatting.DASH,
        _known(found.settle_ns),
    )


def _batches(point: OperatingPoint) -> Iterator[tuple[str, str, str]]:
    """(size, requests, share) of each size of batch that occurred."""
    total = sum(one.requests for one in point.batches)
    for one in point.batches:
        yield formatting.whole(one.size), formatting.whole(one.requests), formatting.percent(one.requests * 1000 // total * 1000)
