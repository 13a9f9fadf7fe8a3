"""Comparison policies: what must match, what is studied and what may differ if it is printed, block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from runner.contract.grades import Grade

FieldClass = Literal["must_match", "subject", "declared"]


@dataclass(frozen=True)
class Policy:
    """A named, versioned policy; `executor` and `run` give the class of each executor block and run fact."""

    id: str
    code: str
    title: str
    question: str
    executor: Mapping[str, FieldClass]
    run: Mapping[str, FieldClass]
    studies: str | None
    quality_mandatory: bool
    grade_floor: Grade


def _classes(must: str = "", subject: str = "", declared: str = "") -> dict[str, FieldClass]:
    classes: dict[str, FieldClass] = {}
    classes.update((name, "must_match") for name in must.split())
    classes.update((name, "subject") for name in subject.split())
    classes.update((name, "declared") for name in declared.split())
    return classes


ISO_PRECISION = Policy(
    id="iso-precision@1",
    code="P1",
    title="Iso-precision",
    question="Which executor is faster at equal numerics?",
    executor=_classes(must="precision", declared="hw host env sw compile compile.artifact precision.loader serving"),
    run=_classes(must="power_source", declared="instance tuning"),
    studies=None,
    quality_mandatory=False,
    grade_floor="measured",
)
PRECISION_STUDY = Policy(
    id="precision-study@1",
    code="P3",
    title="Precision study",
    question="What does another precision change on this executor?",
    executor=_classes(must="hw host env sw compile serving", subject="precision compile.artifact", declared="precision.loader"),
    run=_classes(must="power_source instance tuning"),
    studies="precision",
    quality_mandatory=True,
    grade_floor="measured",
)
POLICIES: dict[str, Policy] = {policy.id.partition("@")[0]: policy for policy in (ISO_PRECISION, PRECISION_STUDY)}
MATERIAL_PPM = 20_000
TRIALS_FOR_OUTCOME = 5
