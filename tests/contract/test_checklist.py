"""A checklist is a versioned list under four questions; a report answers all of it, conflicts of interest first."""

from __future__ import annotations

from typing import Any

import pytest

from runner.contract.canonical import encode, sha256
from runner.contract.checklist import (
    CHECKLISTS,
    DISPUTE,
    INTAKE,
    PUBLISHED,
    QUESTIONS,
    Checklist,
    ReviewReport,
    ReviewResponse,
    conflict_problems,
    report_problems,
    response_problems,
)
from runner.contract.problems import Problems

LISTS = [INTAKE, DISPUTE]
# A published list never changes: whoever edits a sentence makes a new version, and adds its digest here.
DIGESTS = {
    "intake@1": "3e9ed0cd48df56aef479198db055751db0f63d60ba3509043afe9a7ddb315949",
    "dispute@1": "60a9dce99dcab4494c5fd5a90456ce6c2f1ed3d634690f9763ece4785e9e375f",
}


def tree(kind: str = "intake", **changes: Any) -> dict[str, Any]:
    """The plain tree of a report with yes to everything."""
    checklist = CHECKLISTS[kind]  # type: ignore[index]
    said: dict[str, Any] = {
        "v": 1, "review": "rev_" + "0" * 20, "run": "a" * 64, "kind": kind, "conflicts": "none",
        "checklist": {"id": checklist.id, "version": checklist.version},
        "answers": [{"id": item.id, "answer": "yes", "note": ""} for item in checklist.items],
        "outcome": "accepted", "summary": "read it all, looks right",
    }  # fmt: skip
    return said | changes


def problems(**changes: Any) -> list[str]:
    """The codes of a report with these changes."""
    return [problem.code for problem in report_problems(ReviewReport.read(encode(tree(**changes))))]


@pytest.mark.parametrize("checklist", LISTS)
def test_a_checklist_asks_all_four_questions_and_each_sentence_once(checklist: Checklist) -> None:
    names = [item.id for item in checklist.items]
    assert {item.question for item in checklist.items} == set(QUESTIONS) and len(set(names)) == len(names) >= 9
    assert all(item.text.endswith(".") for item in checklist.items) and any(item.essential for item in checklist.items)


@pytest.mark.parametrize("checklist", LISTS)
def test_a_published_checklist_stays_as_it_is(checklist: Checklist) -> None:
    said = [[item.id, item.question, item.text, item.essential] for item in checklist.items]
    assert sha256(encode([checklist.name, said])) == DIGESTS[checklist.name]


def test_every_kind_of_review_has_a_published_checklist() -> None:
    assert set(CHECKLISTS) == {"intake", "dispute", "elected", "drawn"} and all(one.name in PUBLISHED for one in CHECKLISTS.values())


@pytest.mark.parametrize("kind", ["intake", "dispute", "elected", "drawn"])
def test_a_whole_report_has_no_problem_and_survives_the_way_to_bytes(kind: str) -> None:
    report = ReviewReport.read(encode(tree(kind)))
    assert not list(report_problems(report)) and ReviewReport.read(report.canonical()) == report


def test_a_list_of_another_kind_or_version_does_not_answer() -> None:
    assert problems(checklist={"id": "dispute", "version": 1}) == ["wrong-checklist"]
    assert problems(checklist={"id": "intake", "version": 2}) == ["wrong-checklist"]


@pytest.mark.parametrize("item", [item.id for item in INTAKE.items if item.essential])
def test_no_run_is_accepted_against_an_essential_sentence(item: str) -> None:
    answers = [one | ({"answer": "no", "note": "it is not so"} if one["id"] == item else {}) for one in tree()["answers"]]
    assert problems(answers=answers) == ["outcome-contradicts"]
    assert problems(answers=answers, outcome="changes_requested") == []


def test_a_run_may_be_accepted_with_a_doubt_that_is_noted() -> None:
    answers = [one | ({"answer": "no", "note": "three trials only"} if one["id"] == "spread" else {}) for one in tree()["answers"]]
    assert problems(answers=answers) == []


@pytest.mark.parametrize(("stated", "code"), [("none", []), (" none ", []), ("", ["conflict-unstated"]), ("None of yours", ["conflict-of-interest"])])
def test_only_the_word_none_is_no_conflict(stated: str, code: list[str]) -> None:
    assert [problem.code for problem in conflict_problems(stated)] == code


def test_the_conflict_itself_is_not_repeated() -> None:
    assert not any("shares" in str(problem) for problem in conflict_problems("I own shares of the maker"))


@pytest.mark.parametrize("changes", [{"v": 2}, {"kind": "casual"}, {"review": "r"}, {"run": "b"}, {"extra": 1}, {"summary": 3}, {"outcome": ""}])
def test_a_malformed_report_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Problems):
        ReviewReport.read(encode(tree() | changes))


def test_a_response_is_a_sentence_without_identities() -> None:
    about = {"v": 1, "review": "rev_" + "0" * 20, "run": "a" * 64, "report": "b" * 64}
    for text, codes in (("see the notes on the host", []), ("no", ["too-short"]), ("write to a@example.org", ["canary"])):
        assert [problem.code for problem in response_problems(ReviewResponse.read(encode(about | {"text": text})))] == codes
