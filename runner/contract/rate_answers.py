"""What one operating point says of a requirement's load and service level: met, refuted or undetermined, and by which instrument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from runner.contract.certificates import Answer as CertificateAnswer
from runner.contract.citations import Cited
from runner.contract.loads import AT_A_RATE, Load
from runner.contract.methodology import Methodology
from runner.contract.requirement import AskedLatency, Requirement
from runner.contract.run import OperatingPoint

MILLION, SECOND_NS = 1_000_000, 10**9
SPREADS = 3  # standard deviations by which a random count of arrivals may fall short of the rate that was asked for
OVERLOAD = frozenset({"over-saturated", "requests-failed"})  # what withholds latencies and yet is itself the failure that a certificate refutes
PointWord = Literal["met", "refuted", "undetermined"]


@dataclass(frozen=True)
class PointAnswer:
    """What a point at or above the asked rate says; `instrument` is what it was read from, `text` says it with its figures."""

    run: str
    point: str
    rate: Fraction
    word: PointWord
    instrument: Literal["certificate", "interval", "none"]
    text: str


def point_answers(requirement: Requirement, cited: Cited) -> tuple[PointAnswer, ...]:
    """The answers of the run's points whose offered rate is at or above the asked one, lowest rate first; a lower point says nothing (R-41)."""
    found = [_answer(requirement, cited, point) for point in points_at(requirement, cited)]
    return tuple(sorted(found, key=lambda one: (one.rate, one.point)))


def points_at(requirement: Requirement, cited: Cited) -> Iterator[OperatingPoint]:
    """The operating points in open loop at a steady total rate that is at or above the asked one."""
    if cited.side.methodology.load.per != "total":
        return
    for point in cited.side.run.operating_points:
        if point.loop == "open" and point.process in AT_A_RATE and point.rate_per_s and Fraction(point.rate_per_s) >= requirement.rate:
            yield point


def _answer(requirement: Requirement, cited: Cited, point: OperatingPoint) -> PointAnswer:
    rate, codes = Fraction(point.rate_per_s or "0"), cited.withheld.get(point.name, ())
    word, instrument, text = _level(requirement.slo, point)
    at = f"at {point.rate_per_s} requests/s"
    if codes and not (word == "refuted" and instrument == "certificate" and set(codes) <= OVERLOAD):
        return PointAnswer(cited.digest, point.name, rate, "undetermined", "none", f"{at} latencies are withheld: {', '.join(codes)}")
    if word == "met" and not completed(requirement.rate, point, cited.side.methodology):
        per_s = Decimal(point.completed) * SECOND_NS / point.window_ns
        return PointAnswer(cited.digest, point.name, rate, "undetermined", "none", f"{at} only {per_s:.3f} requests/s were completed")
    return PointAnswer(cited.digest, point.name, rate, word, instrument, f"{at} {text}")


def completed(rate: Fraction, point: OperatingPoint, how: Methodology) -> bool:
    """Whether as many requests were completed inside the windows as `rate` asks for.

    A shortfall within the methodology's rate error passes, and so does one within three standard deviations of a random count: arrivals that are
    drawn at exactly the rate come out below it half of the time.
    """
    expected = rate * point.window_ns / SECOND_NS
    shortfall = expected - point.completed
    variance = expected * _dispersion(how.load)
    return shortfall <= expected * how.gates.max_rate_error_ppm / MILLION or shortfall**2 <= SPREADS**2 * variance


def _dispersion(load: Load) -> Fraction:
    """Variance over mean of a count of arrivals: 0 for even gaps, 1 for Poisson, 1 / shape for gamma gaps."""
    return Fraction(0) if load.process == "constant" else 1 / Fraction(load.gamma_shape or "1")


def _level(slo: AskedLatency, point: OperatingPoint) -> tuple[PointWord, Literal["certificate", "interval", "none"], str]:
    found = _certified(slo, point)
    if found is not None:
        return found[0], "certificate", found[1]
    metric = next((one for one in point.metrics if one.definition == slo.metric), None)
    if metric is None or metric.ci_low is None or metric.ci_high is None:
        return "undetermined", "none", f"{slo.metric} is not stated with an interval, and no certificate speaks of {slo.limit_ns} ns"
    told = f"{slo.metric} is {metric.value} ns between {metric.ci_low} and {metric.ci_high} over {metric.n_trials} trials, limit {slo.limit_ns} ns"
    if Decimal(metric.ci_high) <= slo.limit_ns:
        return "met", "interval", f"no certificate applies; by the interval's upper end {told}"
    if Decimal(metric.ci_low) > slo.limit_ns:
        return "refuted", "interval", f"no certificate applies; by the interval's lower end {told}"
    return "undetermined", "interval", f"no certificate applies, and the interval holds the limit: {told}"


WORDS: dict[CertificateAnswer, PointWord] = {"certified": "met", "refuted": "refuted", "undetermined": "undetermined"}


def _certified(slo: AskedLatency, point: OperatingPoint) -> tuple[PointWord, str] | None:
    """What the point's certificate says of the asked level; None where it speaks of another one from which nothing follows.

    A level certified at a tighter limit or a higher percentile holds at the asked one; one refuted at a looser limit or a lower percentile fails.
    """
    one = point.certificate
    if one is None:
        return None
    harder = one.limit_ns <= slo.limit_ns and one.permille >= slo.percentile_permille
    easier = one.limit_ns >= slo.limit_ns and one.permille <= slo.percentile_permille
    if not (harder and easier) and not (harder and one.answer == "certified") and not (easier and one.answer == "refuted"):
        return None
    told = f"{one.permille} per mille within {one.limit_ns} ns is {one.answer} at {one.confidence_permille} per mille confidence"
    told = f"{told}: {one.over} of {one.n} requests over, worth {sum(one.effective_by_trial)} independent ones"
    if one.answer == "undetermined":
        told = f"{told}; {more(one.n, one.needed)}"
    return WORDS[one.answer], told


def more(made: int, needed: int | None) -> str:
    """What would settle an undetermined certificate."""
    return "no number of requests settles it at this share" if needed is None else f"undetermined: {max(needed - made, 1)} more requests"
