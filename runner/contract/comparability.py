"""`compare()`: whether two runs may be compared under a policy, with every reason; numbers exist only where the verdict allows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from runner.contract.canonical import digest
from runner.contract.effects import MetricComparison, metric_comparisons
from runner.contract.judging import RULES
from runner.contract.metrics import DEFINITIONS
from runner.contract.policies import Policy
from runner.contract.reasons import Context, Reason, ReasonEffect, Side

Verdict = Literal["comparable", "comparable_with_declared_differences", "not_comparable", "insufficient_evidence"]
ALLOWED: tuple[Verdict, ...] = ("comparable", "comparable_with_declared_differences")
REFUSING: tuple[ReasonEffect, ...] = ("not_comparable", "insufficient_evidence")


@dataclass(frozen=True)
class Comparison:
    """The verdict with all reasons; `metrics` is empty unless the verdict allows numbers."""

    policy: Policy
    a: Side
    b: Side
    verdict: Verdict
    reasons: tuple[Reason, ...]
    declared: tuple[Reason, ...]
    subject: tuple[Reason, ...]
    unknown: tuple[Reason, ...]
    dropped: tuple[Reason, ...]
    metrics: tuple[MetricComparison, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether numbers may be shown."""
        return self.verdict in ALLOWED

    def as_dict(self) -> dict[str, object]:
        """The comparison as API and CLI carry it: for a refused pair no key that could hold a number of it."""
        told: dict[str, object] = {
            "verdict": self.verdict,
            "policy": self.policy.id,
            "a": self.a.digest,
            "b": self.b.digest,
            "reasons": [found.as_dict() for found in self.reasons],
            "declared_differences": [found.as_dict() for found in self.declared],
            "subject": [found.as_dict() for found in self.subject],
            "unknown": [found.as_dict() for found in self.unknown],
            "dropped_metrics": [found.as_dict() for found in self.dropped],
        }
        if self.allowed:
            told["metrics"] = [metric.as_dict() for metric in self.metrics]
        return told


def compare(a: Side, b: Side, policy: Policy, context: Context | None = None) -> Comparison:
    """Judge the pair under `policy`: contract reasons first, standing last, never stopping at the first; pure and symmetric."""
    world = context or Context()
    found = [one for rule in RULES for one in rule(a, b, policy, world)]
    by_effect = {effect: tuple(one for one in found if one.effect == effect) for effect in ("declared", "subject", "unknown", "metric")}
    reasons = tuple(one for one in found if one.effect in REFUSING)
    verdict = _verdict(reasons, by_effect["declared"])
    numbers = metric_comparisons(a, b, _left_out(a, b, by_effect["metric"], world)) if verdict in ALLOWED else ()
    return Comparison(policy, a, b, verdict, reasons, by_effect["declared"], by_effect["subject"], by_effect["unknown"], by_effect["metric"], numbers)


def _verdict(reasons: tuple[Reason, ...], declared: tuple[Reason, ...]) -> Verdict:
    effects = {found.effect for found in reasons}
    if "not_comparable" in effects:
        return "not_comparable"
    if "insufficient_evidence" in effects:
        return "insufficient_evidence"
    return "comparable_with_declared_differences" if declared else "comparable"


def _left_out(a: Side, b: Side, dropped: tuple[Reason, ...], context: Context) -> set[str]:
    latencies = {name for name, definition in DEFINITIONS.items() if definition.aggregation == "order_statistic"}
    latency_gone = any(found.code == "R-16" for found in dropped) or any(context.of(side).latency_withheld for side in (a, b))
    return latencies if latency_gone else set()


def comparability_key(side: Side, policy: Policy) -> str:
    """`ck1:` + digest of all that must match under `policy`: groups are built on it, but `compare()` alone decides."""
    primary = DEFINITIONS[side.methodology.primary_metric]
    blocks = side.executor.block_digests
    return "ck1:" + digest({
        "policy": policy.id,
        "kind": side.methodology.kind,
        "methodology": side.methodology.block_digests,
        "executor": {block: blocks[block] for block, judged in policy.executor.items() if judged == "must_match"},
        "instance": side.run.instance if policy.run["instance"] == "must_match" else None,
        "power_source": side.run.power_source.projected(),
        "primary": {"definition": primary.id, "unit": primary.unit, "direction": primary.direction},
    })  # fmt: skip


def nearest(side: Side, candidates: Iterable[Side], policy: Policy, context: Context | None = None) -> list[Comparison]:
    """Comparisons of `side` with each candidate, those with the fewest refusing reasons first, then the fewest declared differences."""
    judged = [compare(side, other, policy, context) for other in candidates if other.digest != side.digest]
    return sorted(judged, key=lambda one: (len(one.reasons), len(one.declared), one.b.digest))


def request_digest(a: str, b: str, policy: Policy, acknowledged: Iterable[str] = ()) -> str:
    """Digest that pins a comparison to two run digests, a policy version and the acknowledgements: its permalink."""
    return digest({"a": a, "b": b, "policy": policy.id, "acknowledged": sorted(set(acknowledged))})
