"""A review as rows of a page: the checklist under its four questions, and the stated numbers beside those computed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lynxweb.pages import run_rows
from lynxweb.registry.cards import RunView
from lynxweb.registry.describing import point_text
from lynxweb.review.recomputing import Recomputation, RecomputedMetric
from lynxweb.words import formatting
from runner.contract.checklist import QUESTIONS, Checklist, ReviewReport
from runner.contract.problems import Problem

ANSWERS = ("yes", "no", "not_applicable")


@dataclass(frozen=True)
class ChecklistRow:
    """One sentence of a checklist with the answer and note given to it, empty where nobody answered; `wrong` is what a refusal said of it."""

    id: str
    text: str
    essential: bool
    answer: str
    note: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistGroup:
    """The sentences under one of the four questions."""

    question: str
    title: str
    rows: tuple[ChecklistRow, ...]


@dataclass(frozen=True)
class RecomputedRow:
    """One metric at one load: stated and computed again, None where a side has none or a finding withholds it."""

    name: str
    at: str
    stated: formatting.Stated | None
    again: formatting.Stated | None
    equal: bool
    withheld: bool


def checklist_groups(checklist: Checklist, given: Mapping[str, tuple[str, str]], problems: Iterable[Problem] = ()) -> tuple[ChecklistGroup, ...]:
    """The checklist under its questions with (answer, note) by sentence, and beside each what is wrong with it."""
    wrong: dict[str, list[str]] = {}
    for one in problems:
        head, _, rest = one.path.partition(".")
        if head == "answers":
            wrong.setdefault(rest.partition(".")[0], []).append(f"{one.found}; {one.remedy}")
    rows = [
        (item.question, ChecklistRow(item.id, item.text, item.essential, *given.get(item.id, ("", "")), tuple(wrong.get(item.id, ()))))
        for item in checklist.items
    ]
    return tuple(
        ChecklistGroup(name, title, tuple(row for question, row in rows if question == name)) for name, title in QUESTIONS.items()
    )  # fmt: skip


def answered(report: ReviewReport) -> dict[str, tuple[str, str]]:
    """(answer, note) of each sentence in a report."""
    return {one.id: (one.answer, one.note) for one in report.answers}


def typed_answers(checklist: Checklist, typed: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """(answer, note) of each sentence as a form sent them."""
    return {item.id: (typed.get(f"answer-{item.id}", ""), typed.get(f"note-{item.id}", "").strip()) for item in checklist.items}


def recomputed_rows(view: RunView, found: Recomputation) -> tuple[RecomputedRow, ...]:
    """Every metric of every operating point, stated beside recomputed; withheld latencies without their numbers."""
    return tuple(_recomputed(view, one) for one in found.metrics)


def _recomputed(view: RunView, one: RecomputedMetric) -> RecomputedRow:
    at, name = point_text(one.point), formatting.metric_name(one.definition)
    if run_rows.is_latency(one.definition) and run_rows.latency_hidden(view, one.point.name):
        return RecomputedRow(name, at, None, None, one.equal, withheld=True)
    stated, again = (None if side is None else formatting.stated(side, at) for side in (one.stated, one.recomputed))
    return RecomputedRow(name, at, stated, again, one.equal, withheld=False)
