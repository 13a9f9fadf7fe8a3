"""What the quality evaluation in a run's own bundle says of the cells that a requirement asks for: the worst of them decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from runner.contract.quality import QualityEvaluation, QualityResult
from runner.contract.reasons import Side
from runner.contract.requirement import AskedQuality, Requirement

MILLION = 1_000_000


@dataclass(frozen=True)
class QualityAnswer:
    """`met`, `below` or `missing`, with the code of the lack (R-34 missing, R-31 another evaluation) and a sentence for every cell that says so."""

    word: Literal["met", "below", "missing"]
    code: str
    texts: tuple[str, ...]


def quality_answer(requirement: Requirement, side: Side) -> QualityAnswer:
    """The answer over all cells: below where one is, else missing where one is, else met with the worst cell named."""
    wanted, evaluation = requirement.quality_min, side.quality
    if not wanted:
        return QualityAnswer("met", "quality-met", ("the requirement asks for no quality",))
    if evaluation is None:
        return QualityAnswer("missing", "R-34", ("quality was not evaluated in the same bundle",))
    strange = tuple(_strange(side, evaluation))
    if strange:
        return QualityAnswer("missing", "R-31", strange)
    judged = [_judged(one, evaluation) for one in wanted]
    below = tuple(text for margin, text in judged if margin is not None and margin < 0)
    missing = tuple(text for margin, text in judged if margin is None)
    if below or missing:
        return QualityAnswer("below", "quality-below", below) if below else QualityAnswer("missing", "R-34", missing)
    worst = min(judged, key=lambda one: one[0] or 0)
    return QualityAnswer("met", "quality-met", (f"the worst of {len(judged)} cells: {worst[1]}",))


def _strange(side: Side, evaluation: QualityEvaluation) -> Iterator[str]:
    how = side.methodology
    pairs = (
        ("suite", (evaluation.suite, evaluation.suite_version), (how.quality.suite, how.quality.suite_version)),
        ("data set", evaluation.dataset_sha256, how.workload.dataset_sha256),
        ("labels", evaluation.labels_sha256, how.workload.labels_sha256),
        ("reference outputs", evaluation.reference_outputs_sha256, how.workload.reference.outputs_sha256),
        ("executor", evaluation.fingerprint, side.run.fingerprint),
    )
    for what, found, expected in pairs:
        if found != expected:
            yield f"the evaluation has another {what} than the run"


def _judged(asked: AskedQuality, evaluation: QualityEvaluation) -> tuple[Fraction | None, str]:
    """How far a cell lies above its bound (below 0: under it), None where it was not evaluated."""
    cell, reference = _share(evaluation, asked, asked.metric), _share(evaluation, asked, "reference_accuracy")
    if cell is None or (asked.min_ratio_ppm is not None and not reference):
        return None, f"{asked.words}: not evaluated"
    if asked.min is not None:
        return cell - Fraction(asked.min), f"{asked.words}: {float(cell):.6f}"
    assert asked.min_ratio_ppm is not None and reference is not None
    ratio = cell / reference
    return ratio - Fraction(asked.min_ratio_ppm, MILLION), f"{asked.words}: {int(ratio * MILLION)} ppm"


def _share(evaluation: QualityEvaluation, asked: AskedQuality, metric: str) -> Fraction | None:
    cells = (one for one in evaluation.results if (one.task, one.metric, one.slice) == (asked.task, metric, asked.slice))
    cell: QualityResult | None = next(cells, None)
    return None if cell is None or cell.count is None else Fraction(cell.count, cell.n)
