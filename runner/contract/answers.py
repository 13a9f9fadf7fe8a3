"""`answer()`: what a candidate's runs say to a requirement: meets, fails, or no evidence, with every reason and every run that was not let in."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field as Bound

from runner.contract.citations import CitationRefusal, Cited, Code, Sentence, citation_refusals
from runner.contract.fields import Digest, Document
from runner.contract.quality_answers import QualityAnswer, quality_answer
from runner.contract.rate_answers import PointAnswer, point_answers
from runner.contract.requirement import Requirement
from runner.contract.statistics import text

AnswerWord = Literal["meets", "fails", "no_evidence"]
MOST_REASONS = MOST_RUNS = 10_000
LONGEST = 600


class AnswerReason(Document):
    """One reason behind an answer, with the run and the operating point that it rests on, where there is one."""

    code: Code
    text: Sentence
    run: Digest | None = None
    point: Annotated[str, Bound(max_length=80)] | None = None


class Answer(Document):
    """The answer, why, from which runs, and which runs may not be cited with every reason."""

    answer: AnswerWord
    reasons: Annotated[tuple[AnswerReason, ...], Bound(max_length=MOST_REASONS)]
    runs: Annotated[tuple[Digest, ...], Bound(max_length=MOST_RUNS)]
    refused: Annotated[tuple[CitationRefusal, ...], Bound(max_length=MOST_REASONS)]


def answer(requirement: Requirement, candidate_runs: Sequence[Cited | CitationRefusal]) -> Answer:
    """Judge the runs of one configuration; the same in whatever order they come. Raises ValueError for runs of several fingerprints.

    A run that nobody can check any more, because its bytes are gone, comes as its refusal and is told with the others.

    MEETS: some admissible run shows the service level at an operating point at or above the rate, no admissible run refutes it at a rate from the
    asked one up to that point, and the same bundle's quality reaches every bound. FAILS: quality is below in every admissible run that evaluated
    it, or the lowest load measured at or above the rate is refuted and no other is met. Everything else is NO EVIDENCE: nothing to cite, no point
    at that load (R-41: nothing is said beyond what was measured), not decided yet, or runs that contradict each other.
    """
    runs = sorted((one for one in candidate_runs if isinstance(one, Cited)), key=lambda one: one.digest)
    if len({one.side.run.fingerprint for one in runs}) > 1:
        raise ValueError("answer: the runs of one configuration; each fingerprint is a candidate of its own")
    gone = sorted((one for one in candidate_runs if isinstance(one, CitationRefusal)), key=lambda one: one.run)
    refused = [*(one for cited in runs for one in citation_refusals(requirement, cited)), *gone]
    barred = {one.run for one in refused}
    admitted = [cited for cited in runs if cited.digest not in barred]
    if not admitted:
        word: AnswerWord = "no_evidence"
        reasons = [_reason("no-run", "no run may be cited: a nameplate, a claim or a refused run is no evidence")]
    else:
        qualities = {cited.digest: quality_answer(requirement, cited.side) for cited in admitted}
        points = sorted((one for cited in admitted for one in point_answers(requirement, cited)), key=lambda one: (one.rate, one.run, one.point))
        speed, met, why = _speed(requirement, points)
        quality, told = _quality(qualities, met)
        word, reasons = _both(speed, quality), [*why, *told]
    return Answer(answer=word, reasons=tuple(reasons), runs=tuple(cited.digest for cited in admitted), refused=tuple(refused))


def _reason(code: str, told: str, run: str | None = None, point: str | None = None) -> AnswerReason:
    return AnswerReason(code=code, text=told[:LONGEST], run=run, point=point)


def _both(speed: AnswerWord, quality: AnswerWord) -> AnswerWord:
    if "fails" in (speed, quality):
        return "fails"
    return "meets" if (speed, quality) == ("meets", "meets") else "no_evidence"


CODES = {("met", "certificate"): "met-by-certificate", ("met", "interval"): "met-by-interval", ("refuted", "certificate"): "refuted-by-certificate",
         ("refuted", "interval"): "refuted-by-interval"}  # fmt: skip


def _speed(requirement: Requirement, points: Sequence[PointAnswer]) -> tuple[AnswerWord, list[PointAnswer], list[AnswerReason]]:
    """The answer of all points at or above the rate, lowest first, the points that meet it, and what each point says."""
    if not points:
        asked = f"{text(Decimal(requirement.rate_milli_per_s) / 1000, 3)} requests/s"
        return "no_evidence", [], [_reason("R-41", f"no run measured a point at or above {asked}; nothing follows from a lower one")]
    reasons = [_reason(CODES.get((one.word, one.instrument), "undetermined"), one.text, one.run, one.point) for one in points]
    lowest_refuted = min((one.rate for one in points if one.word == "refuted"), default=None)
    met = [one for one in points if one.word == "met"]
    unspoilt = [one for one in met if lowest_refuted is None or one.rate < lowest_refuted]
    if unspoilt:
        return "meets", unspoilt, reasons
    if met:
        return "no_evidence", [], [*reasons, _reason("contradictory", "one run shows the service level where another, or a lower load, refutes it")]
    return ("fails" if points[0].rate == lowest_refuted else "no_evidence"), [], reasons


def _quality(qualities: dict[str, QualityAnswer], met: Sequence[PointAnswer]) -> tuple[AnswerWord, list[AnswerReason]]:
    """The answer of quality: that of the runs which meet the service level where there are some, else of all of them."""
    reasons = [_reason(one.code, told, run) for run, one in qualities.items() for told in one.texts]
    words = {one.word for one in qualities.values()}
    if "below" in words:
        if "met" not in words:
            return "fails", reasons
        return "no_evidence", [*reasons, _reason("contradictory", "quality reaches its bounds in one run and not in another")]
    carrying = {qualities[one.run].word for one in met} or words
    return ("meets" if "met" in carrying else "no_evidence"), reasons
