"""The two sides of a comparison, the context around them, and a reason: one difference with its code, its effect and its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from runner.contract.executor import Executor
from runner.contract.findings import Validity
from runner.contract.grades import Grade
from runner.contract.methodology import Methodology
from runner.contract.quality import QualityEvaluation
from runner.contract.refusals import REFUSALS
from runner.contract.run import Run

ReasonEffect = Literal["not_comparable", "insufficient_evidence", "declared", "subject", "unknown", "metric"]


@dataclass(frozen=True)
class Side:
    """One run with all that a comparison reads of it; `digest` is the SHA-256 of the signed payload."""

    digest: str
    run: Run
    methodology: Methodology
    executor: Executor
    quality: QualityEvaluation | None
    samples_sha256: str


@dataclass(frozen=True)
class Standing:
    """What is known about a run from outside its bundle; offline it is what the gates say of a fresh, unreviewed run.

    `excluded_by` is the number of the ruling that takes the run out of every comparison, None where there is none.
    """

    validity: Validity = "valid"
    state: Literal["standing", "withdrawn", "superseded"] = "standing"
    grade: Grade = "measured"
    latency_withheld: bool = False
    excluded_by: int | None = None

    @property
    def word(self) -> str:
        """How the run stands, in a word or two; anything but `standing` keeps it out of comparisons."""
        if self.validity == "invalid":
            return "invalid"
        return self.state if self.state != "standing" or self.excluded_by is None else f"excluded by ruling {self.excluded_by}"


@dataclass(frozen=True)
class Context:
    """The world around a comparison: standing by run digest, and the refusal codes that a person acknowledged."""

    standing: Mapping[str, Standing] = field(default_factory=dict)
    acknowledged: frozenset[str] = frozenset()

    def of(self, side: Side) -> Standing:
        """The standing of a side; fresh and unreviewed where nothing is known."""
        return self.standing.get(side.digest, Standing())


@dataclass(frozen=True)
class Reason:
    """One difference or lack: the path, what each side has, the rule's code and sentence, the remedy and what it does to the verdict."""

    code: str
    path: str
    a: str
    b: str
    rule: str
    remedy: str
    effect: ReasonEffect
    layer: str = ""

    def as_dict(self) -> dict[str, str]:
        """The reason as API, CLI and page carry it."""
        return asdict(self)


def reason(code: str, path: str, a: object, b: object, effect: ReasonEffect | None = None, layer: str = "") -> Reason:
    """A reason under `code`, with the code's own rule and remedy; `effect` overrides the code's usual effect."""
    refusal = REFUSALS[code]
    usual = refusal.effect
    assert effect is not None or usual in ("not_comparable", "insufficient_evidence", "declared", "metric"), code
    chosen: ReasonEffect = effect or usual  # type: ignore[assignment]
    return Reason(code, path, shown(a), shown(b), refusal.rule, refusal.remedy, chosen, layer)


def declared(path: str, a: object, b: object, layer: str) -> Reason:
    """A difference that the policy allows if it is printed."""
    return Reason("", path, shown(a), shown(b), "May differ under this policy, and is printed.", "", "declared", layer)


def subject(path: str, a: object, b: object, layer: str) -> Reason:
    """A difference that the policy studies."""
    return Reason("", path, shown(a), shown(b), "What this policy studies.", "", "subject", layer)


def unknown(path: str, a: object, b: object, layer: str) -> Reason:
    """A fact that neither side could read and that the policy can do without; printed, never read as equal."""
    return Reason("", path, shown(a), shown(b), "Unknown on both sides.", "", "unknown", layer)


def shown(value: object) -> str:
    """A configuration value as short text; an empty list is said, not left blank."""
    if isinstance(value, (dict, list, tuple)) and not value:
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}={shown(inner)}" for name, inner in sorted(value.items()))[:400]
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(inner) for inner in value)[:400]
    return "none" if value is None else str(value)[:400]
