"""When a signed decision asks for a new look."""

from __future__ import annotations

from typing import Any

import pytest

from runner.contract.decision import Decision
from runner.contract.reasons import Standing
from runner.contract.triggers import DecisionWorld, Fired, NewerExecutor, NewerModel, RunNow, still_valid
from tests.contract.asked import cited, decision, decision_tree

RUN = cited().digest
BEFORE, UNTIL = "2026-06-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z"
NEWER = NewerExecutor("a" * 64, "b" * 64, "Board 1", "550", "560")


def world(**changes: Any) -> DecisionWorld:
    """A world in which nothing has changed, but for what `changes` say."""
    return DecisionWorld(**({"now": BEFORE, "runs": {RUN: RunNow()}} | changes))


def kinds(changed: DecisionWorld, of: Decision | None = None) -> list[str]:
    """The kinds of the triggers that fired, with the badge first."""
    found = still_valid(of or decision(), changed)
    return [found.word, *(one.kind for one in found.fired)]


def test_where_nothing_changed_a_decision_stands() -> None:
    found = still_valid(decision(), world())
    assert (found.word, found.fired) == ("valid", ()) and found.sentence == "Nothing that this decision rests on has changed."


@pytest.mark.parametrize(
    ("changes", "fired"),
    [
        ({"runs": {RUN: RunNow(Standing(state="withdrawn"))}}, ["run_withdrawn"]),
        ({"runs": {RUN: RunNow(Standing(state="superseded"))}}, ["run_withdrawn"]),
        ({"runs": {RUN: RunNow(Standing(validity="invalid"))}}, ["run_withdrawn"]),
        ({"runs": {RUN: RunNow(Standing(excluded_by=3))}}, ["run_withdrawn"]),
        ({"runs": {}}, ["run_withdrawn"]),
        ({"runs": {RUN: RunNow(notices=1)}}, ["notice"]),
        ({"superseded_by": "d" * 64}, ["requirement_superseded"]),
        ({"executors": (NEWER,)}, ["driver_change", "new_executor_version"]),
        ({"executors": (NewerExecutor("a" * 64, "b" * 64, "Board 1", "550", "550"),)}, ["new_executor_version"]),
        ({"models": (NewerModel("a" * 64, "b" * 64, "c" * 64, "d" * 64),)}, ["model_change"]),
        ({"runs": {RUN: RunNow(Standing(state="withdrawn"), notices=2)}}, ["run_withdrawn", "notice"]),
    ],
)
def test_a_change_to_what_is_cited_asks_for_a_new_look(changes: dict[str, Any], fired: list[str]) -> None:
    assert kinds(world(**changes)) == ["re-check", *fired]


def test_a_change_to_something_else_does_not_matter() -> None:
    assert kinds(world(runs={RUN: RunNow(), "f" * 64: RunNow(Standing(state="withdrawn"))})) == ["valid"]


def test_a_trigger_that_was_not_listed_does_not_fire() -> None:
    watched = [{"kind": kind, "at": None, "note": ""} for kind in ("run_withdrawn", "requirement_superseded")]
    assert kinds(world(executors=(NEWER,)), decision(triggers=watched)) == ["valid"]


def test_a_date_fires_from_its_day_on() -> None:
    dated = decision(triggers=[*decision_tree()["triggers"], {"kind": "date", "at": BEFORE, "note": "budget"}])
    assert kinds(world(), dated) == ["re-check", "date"]
    assert kinds(world(now="2026-05-31T23:59:59.999999Z"), dated) == ["valid"]


def test_a_decision_expires_and_still_tells_what_fired() -> None:
    assert kinds(world(now="2026-12-31T23:59:59.999999Z")) == ["valid"]
    assert kinds(world(now=UNTIL)) == ["expired"]
    assert kinds(world(now=UNTIL, superseded_by="d" * 64)) == ["expired", "requirement_superseded"]


def test_a_withdrawn_run_names_the_one_that_replaced_it() -> None:
    found = still_valid(decision(), world(runs={RUN: RunNow(Standing(state="withdrawn"), successor="e" * 64)}))
    assert found.fired == (Fired("run_withdrawn", RUN, f"run {RUN[:12]} is withdrawn, replaced by {'e' * 12}"),)
    assert found.sentence.startswith("Look again: run")
