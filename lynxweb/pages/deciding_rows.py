"""Requirements and decisions as rows of a page: each answer with its chips, its sentences, the runs behind it and those that may not be cited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lynxweb.pages.run_rows import latency_hidden
from lynxweb.registry.cards import RunView
from lynxweb.registry.describing import point_text
from lynxweb.review.deciding_cards import DecisionView, MatrixRow, RedactedPart, RequirementView
from lynxweb.words import deciding_words, formatting
from lynxweb.words.wording import Chip, chip
from runner.contract.answers import Answer
from runner.contract.citations import CitationRefusal
from runner.contract.decision import Decision
from runner.contract.triggers import Fired

# Where a page shows what a trigger is about; a fingerprint has no page of its own.
PLACES: Mapping[str, str] = {
    "run_withdrawn": "run", "notice": "run", "requirement_superseded": "requirement", "model_change": "methodology",
}  # fmt: skip


@dataclass(frozen=True)
class ReasonRow:
    """One reason: its chip, its sentence, and the run that it rests on, where there is one."""

    chip: Chip
    text: str
    run: str | None


@dataclass(frozen=True)
class RunLink:
    """One run behind an answer with its grade as it is now; None where nobody may say."""

    digest: str
    grade: Chip | None


@dataclass(frozen=True)
class RefusedRun:
    """A run that may not be cited, with every reason."""

    digest: str
    reasons: tuple[CitationRefusal, ...]


@dataclass(frozen=True)
class CandidateRow:
    """One candidate of a matrix or of a decision."""

    fingerprint: str
    name: str
    product: str
    answer: Chip
    word: str
    reasons: tuple[ReasonRow, ...]
    runs: tuple[RunLink, ...]
    refused: tuple[RefusedRun, ...]
    unseen: int
    redacted: tuple[RedactedPart, ...] = ()
    chosen: bool = False


@dataclass(frozen=True)
class FiredRow:
    """A trigger that fired: why, and the page of what it is about (its name and digest), where there is one."""

    why: str
    place: str
    about: str


def matrix_rows(matrix: Iterable[MatrixRow]) -> tuple[CandidateRow, ...]:
    """The rows of a requirement's matrix."""
    return tuple(_row(one.fingerprint, one.label, one.product, one.answer, one.grades, one.unseen, one.redacted) for one in matrix)


def decision_rows(decision: Decision, now: DecisionView | RequirementView) -> tuple[CandidateRow, ...]:
    """The rows of a decision's candidates; grades and counts of private runs are those of today, from the decision's view or its requirement's."""
    if isinstance(now, DecisionView):
        grades, unseen = {digest: card.grade for digest, card in now.runs.items()}, dict(now.unseen)
    else:
        grades = {digest: grade for row in now.matrix for digest, grade in row.grades.items()}
        unseen = {row.fingerprint: row.unseen for row in now.matrix}
    return tuple(
        _row(one.fingerprint, one.name, "", one, grades, unseen.get(one.fingerprint, 0), chosen=one.fingerprint == decision.chosen)
        for one in decision.candidates
    )


def _row(
    fingerprint: str, name: str, product: str, found: Answer, grades: Mapping[str, str], unseen: int,
    redacted: tuple[RedactedPart, ...] = (), chosen: bool = False,
) -> CandidateRow:  # fmt: skip
    refused: dict[str, list[CitationRefusal]] = {}
    for one in found.refused:
        refused.setdefault(one.run, []).append(one)
    return CandidateRow(
        fingerprint=fingerprint,
        name=name,
        product=product,
        answer=chip(deciding_words.ANSWERS, found.answer),
        word=found.answer,
        reasons=tuple(ReasonRow(deciding_words.reason_chip(one.code), deciding_words.readable(one.text), one.run) for one in found.reasons),
        runs=tuple(RunLink(run, _grade(grades.get(run))) for run in found.runs),
        refused=tuple(RefusedRun(run, tuple(reasons)) for run, reasons in refused.items()),
        unseen=unseen,
        redacted=tuple(one for one in redacted if one.run in found.runs),  # a run without its document is refused, and says so there
        chosen=chosen,
    )


def _grade(word: str | None) -> Chip | None:
    return None if word is None else deciding_words.grade_chip(word)


def fired_rows(fired: Sequence[Fired]) -> tuple[FiredRow, ...]:
    """Every trigger that fired, with where to look."""
    return tuple(FiredRow(one.why, PLACES.get(one.kind, ""), one.about) for one in fired)


def watched(decision: Decision) -> tuple[tuple[str, str], ...]:
    """What would change the decision: (trigger in words, why the committee cares)."""
    return tuple((deciding_words.trigger_text(one), one.note) for one in decision.triggers)


def headline_run(decision: Decision) -> tuple[str, str] | None:
    """The run and the operating point by which the chosen candidate meets the service level; None where nothing was chosen."""
    chosen = decision.candidate(decision.chosen) if decision.chosen else None
    reasons = () if chosen is None else chosen.reasons
    return next(((one.run, one.point) for one in reasons if one.code.startswith("met-by-") and one.run and one.point), None)


def headline(decision: Decision, metric: str, views: Mapping[str, RunView]) -> formatting.Stated | None:
    """The asked metric of the chosen candidate at the operating point that meets the level; None where nothing was chosen or it may not be shown."""
    found = headline_run(decision)
    view = None if found is None else views.get(found[0])
    if found is None or view is None or latency_hidden(view, found[1]):
        return None
    for point in view.run.operating_points:
        if point.name == found[1]:
            return next((formatting.stated(one, point_text(point)) for one in point.metrics if one.definition == metric), None)
    return None
