"""The questions that a reviewer answers about a run, in versioned lists, and the report that holds the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import StringConstraints

from runner.contract.canary import scan
from runner.contract.fields import Digest, Document, Name
from runner.contract.problems import Problem

Question = Literal["who", "what", "how", "again"]
Kind = Literal["intake", "dispute", "elected", "drawn"]
Outcome = Literal["accepted", "changes_requested", "not_accepted"]
QUESTIONS: Mapping[Question, str] = {
    "who": "Who measured?",
    "what": "On what?",
    "how": "How?",
    "again": "Can it be reproduced?",
}
NO_CONFLICT = "none"
SHORTEST_NOTE, SHORTEST_TEXT, LONGEST_TEXT = 3, 10, 2_000
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
ReviewId = Annotated[str, StringConstraints(pattern=r"^rev_[0-9a-f]{20}$")]


@dataclass(frozen=True)
class Item:
    """One sentence that the reviewer finds true, false or not applicable; without a yes to an `essential` one no run is accepted."""

    id: str
    question: Question
    text: str
    essential: bool = False


@dataclass(frozen=True)
class Checklist:
    """A list of sentences under the four questions; any change of a sentence is a new version."""

    id: str
    version: int
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """`id@version`, as a review outcome pins it."""
        return f"{self.id}@{self.version}"


INTAKE = Checklist(
    "intake",
    1,
    (
        Item("identity", "who", "The organisation, the node and its key are named, and the key was valid when the run arrived.", essential=True),
        Item("declared", "who", "The run was declared before it was measured, or what is said of the missing declaration suffices."),
        Item("selection", "who", "Open and abandoned declarations beside the run do not look like a choice of the best of many."),
        Item(
            "executor", "what", "Hardware, host, software and serving configuration are told closely enough to find the same system.", essential=True
        ),
        Item("artifact", "what", "Model and precision are those that the label names.", essential=True),
        Item("unreadable", "what", "Nothing that could not be read about the machine would change the result."),
        Item("methodology", "how", "The methodology suits the question that the run is meant to answer."),
        Item("load", "how", "The stated load was offered, and the generator did not set the pace."),
        Item("findings", "how", "Every finding was read, and what is only a warning may be accepted here.", essential=True),
        Item("quality", "how", "Quality was evaluated against the named reference and reaches the methodology's bound."),
        Item("recomputed", "again", "The numbers computed again from the raw samples are the stated ones.", essential=True),
        Item("spread", "again", "The trials agree closely enough for what the numbers claim."),
        Item("repeatable", "again", "Another laboratory could repeat the run from what is on file."),
    ),
)
DISPUTE = Checklist(
    "dispute",
    1,
    (
        Item("parties", "who", "Both parties are named, and neither of them judges."),
        Item("heard", "who", "The laboratory that measured was heard."),
        Item("statement", "what", "The disputed statement names a metric and an operating point."),
        Item("evidence", "what", "What both sides put forward was read beside the raw samples."),
        Item("clause", "how", "The rule said to be broken is cited with its version."),
        Item("effect", "how", "The effect on the headline metric was worked out in permille."),
        Item("timely", "how", "The dispute came within its time, or the delay has a reason."),
        Item("recomputed", "again", "The numbers computed again from the raw samples are the stated ones.", essential=True),
        Item("repeat", "again", "A repetition was asked for where the bytes on file do not settle it, or is not needed."),
    ),
)
CHECKLISTS: Mapping[Kind, Checklist] = {"intake": INTAKE, "dispute": DISPUTE, "elected": INTAKE, "drawn": INTAKE}
PUBLISHED: Mapping[str, Checklist] = {one.name: one for one in (INTAKE, DISPUTE)}  # every version ever answered, for reading old reports


class Answer(Document):
    """What the reviewer says of one sentence; `no` needs a note."""

    id: Name
    answer: Literal["yes", "no", "not_applicable"]
    note: Text = ""


class ListName(Document):
    """Which checklist was answered."""

    id: Name
    version: int


class ReviewReport(Document):
    """What a reviewer found: conflicts of interest first, every sentence answered, an outcome and a summary. It is public and permanent."""

    v: Literal[1] = 1
    review: ReviewId
    run: Digest
    kind: Kind
    conflicts: Text
    checklist: ListName
    answers: tuple[Answer, ...]
    outcome: Outcome
    summary: Text

    @property
    def checklist_name(self) -> str:
        """`id@version` of the list that was answered."""
        return f"{self.checklist.id}@{self.checklist.version}"


class ReviewResponse(Document):
    """What the laboratory that measured says to a report; public and permanent as the report is."""

    v: Literal[1] = 1
    review: ReviewId
    run: Digest
    report: Digest
    text: Text


def conflict_problems(conflicts: str, path: str = "conflicts") -> Iterator[Problem]:
    """What stands against a reviewer who states `conflicts`: nothing for the word `none`, for anything else the advice to leave it to others."""
    if conflicts.strip() == NO_CONFLICT:
        return
    if not conflicts.strip():
        yield Problem(
            path, "nothing", f"the word `{NO_CONFLICT}`, or what binds you to the parties", "state conflicts of interest first", "conflict-unstated"
        )
    else:
        yield Problem(path, "a conflict of interest", NO_CONFLICT, "let somebody else review this run", "conflict-of-interest")


def report_problems(report: ReviewReport) -> Iterator[Problem]:
    """Everything that is wrong with a report: conflicts first, then list, answers, outcome, summary, and identities in its texts."""
    yield from conflict_problems(report.conflicts)
    expected = CHECKLISTS[report.kind]
    if report.checklist_name != expected.name:
        yield Problem("checklist", report.checklist_name, expected.name, "answer the list of this kind of review", "wrong-checklist")
    else:
        yield from _answer_problems(report, expected)
    yield from _length("summary", report.summary)
    yield from scan({"summary": report.summary, "notes": {one.id: one.note for one in report.answers}}, "report")


def response_problems(response: ReviewResponse) -> Iterator[Problem]:
    """Everything that is wrong with a response: too short a text, and identities in it."""
    yield from _length("text", response.text)
    yield from scan(response.text, "text")


def _length(path: str, text: str) -> Iterator[Problem]:
    if len(text.strip()) < SHORTEST_TEXT:
        expected = f"{SHORTEST_TEXT} to {LONGEST_TEXT} characters"
        yield Problem(
            path, f"{len(text.strip())} characters", expected, "say it in a sentence at least; the text is public and permanent", "too-short"
        )


def _answer_problems(report: ReviewReport, checklist: Checklist) -> Iterator[Problem]:
    given = [one.id for one in report.answers]
    known = {item.id: item for item in checklist.items}
    for name in sorted({name for name in given if given.count(name) > 1}):
        yield Problem(f"answers.{name}", "answered more than once", "one answer", "answer each sentence once", "answered-twice")
    for name in sorted(set(given) - known.keys()):
        yield Problem(f"answers.{name}", "not in the list", f"a sentence of {checklist.name}", "answer the sentences of the list", "unknown-item")
    for name in [name for name in known if name not in given]:
        yield Problem(f"answers.{name}", "no answer", "yes, no or not_applicable", "answer every sentence", "unanswered")
    for one in report.answers:
        if one.answer == "no" and len(one.note.strip()) < SHORTEST_NOTE:
            yield Problem(f"answers.{one.id}.note", "nothing", "a note", "say what is missing or wrong", "no-without-note")
        if one.answer != "yes" and report.outcome == "accepted" and one.id in known and known[one.id].essential:
            yield Problem(f"answers.{one.id}", one.answer, "yes", "a run is not accepted without it: choose another outcome", "outcome-contradicts")
