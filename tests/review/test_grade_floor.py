"""A requirement may ask for evidence that somebody else has repeated: the grade that a reader sees is the one that counts."""

from __future__ import annotations

from lynxweb.audit.actions import Action
from lynxweb.review.deciding_questions import requirement_for
from tests.contract import asked as documents
from tests.contract.asked import offered
from tests.registry.world import changed, world
from tests.review.committee import Committee, measured, required


def test_a_run_that_an_independent_one_repeats_reaches_the_highest_floor(by: Committee) -> None:
    requirement, run = required(by, grade_floor="reproduced"), measured(by)
    changed(run, Action.RUN_PUBLISH, reviewed=True, stage="published", visibility="public")
    (row,) = requirement_for(by.first, requirement).matrix
    assert row.answer.answer == "no_evidence" and [one.code for one in row.answer.refused] == ["R-50"]
    elsewhere = Committee(world("b", how=documents.methodology("20")), by.second)
    other = measured(elsewhere, offered(service_ns=5_050_000), instance="9" * 64)
    changed(other, Action.RUN_PUBLISH, reviewed=True, stage="published", visibility="public")
    (row,) = requirement_for(by.first, requirement).matrix
    assert row.answer.answer == "meets" and row.grades == {run: "reproduced", other: "reproduced"}
