"""What may be signed, and that it says what the evidence gives."""

from __future__ import annotations

from typing import Any

import pytest

from runner.contract.canonical import encode
from runner.contract.citations import Cited
from runner.contract.decision import Decision, decision_problems
from runner.contract.problems import Problems
from runner.contract.reasons import Standing
from tests.contract import asked
from tests.contract.asked import cited, decision, decision_tree, offered, requirement
from tests.contract.grown import MS


def unread(*runs: Cited, **changes: Any) -> str:
    """What is said of a decision with these fields changed."""
    with pytest.raises(Problems) as refused:
        Decision.read(encode(decision_tree(None, *runs, **changes)))
    return str(refused.value)


def test_a_decision_keeps_its_bytes_and_names_the_runs_that_it_rests_on() -> None:
    found = decision()
    assert Decision.read(found.canonical()) == found and found.runs == (cited().digest,)


CANDIDATE = decision_tree()["candidates"][0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chosen": "e" * 64}, "one of the candidates, by its fingerprint"),
        ({"candidates": [CANDIDATE, CANDIDATE]}, "each name once"),
        ({"candidates": [CANDIDATE, CANDIDATE | {"name": "Machine B"}]}, "each fingerprint once"),
        ({"candidates": []}, "candidates"),
        ({"members": ["act_a", "act_a"]}, "each account once"),
        ({"members": []}, "members"),
        ({"dissent": [{"actor": "act_x", "text": "no"}]}, "dissent: by members alone"),
        ({"methodologies": ["b" * 64, "a" * 64]}, "each digest once, in order"),
        ({"triggers": []}, "requirement_superseded, run_withdrawn always ask for a new look"),
        ({"triggers": [{"kind": "date", "at": None, "note": ""}]}, "stated for a date, and for nothing else"),
        ({"valid_until": "2026-02-30T00:00:00.000000Z"}, "day"),
        ({"rationale": "because"}, "rationale"),
    ],
)
def test_a_decision_that_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in unread(**changes)


def test_a_candidate_that_does_not_meet_the_requirement_is_not_chosen() -> None:
    slow = cited(offered(service_ns=24 * MS))
    assert "does not meet the requirement (answer fails)" in unread(slow, chosen=slow.side.run.fingerprint)
    assert "(answer no_evidence)" in unread(cited(measured_by=None), chosen=slow.side.run.fingerprint)
    assert decision(None, slow).chosen is None


def problems(found: Decision, *runs: Cited, **changes: Any) -> set[tuple[str, str]]:
    """Path and code of each place where a decision says something else than these runs give."""
    given = {one.side.run.fingerprint: runs for one in runs}
    return {(one.path, one.code) for one in decision_problems(found, requirement(**changes), given)}


def test_a_decision_says_what_its_runs_give() -> None:
    assert problems(decision(), cited()) == set()


def test_an_answer_that_the_runs_do_not_give_is_named() -> None:
    tampered = decision(candidates=[decision_tree(None, cited(measured_by=None))["candidates"][0] | {"answer": "meets"}])
    found = problems(tampered, cited(measured_by=None))
    assert found == {("decision.candidates[0].answer", "answers-differ")}


def test_a_run_that_was_withdrawn_between_drafting_and_signing_is_noticed() -> None:
    found = problems(decision(), cited(standing=Standing(state="withdrawn")))
    assert ("decision.candidates[0].answer", "answers-differ") in found and ("decision.candidates[0].runs", "answers-differ") in found


def test_a_run_that_was_left_out_is_noticed() -> None:
    assert problems(decision(), cited(), cited(name="other")) != set()


def test_a_decision_on_another_version_of_the_requirement_is_noticed() -> None:
    assert ("decision.requirement_sha256", "another-requirement") in problems(decision(), cited(), title="Other")
    assert ("decision.organisation", "another-requirement") in problems(decision(), cited(), organisation="org_b")


def test_the_methodologies_are_those_of_the_requirement() -> None:
    found = problems(decision(methodologies=["a" * 64]), cited())
    assert found == {("decision.methodologies[0]", "another-requirement")}


def test_the_builders_answer_is_the_one_of_the_requirement() -> None:
    assert asked.decision().candidates[0].answer == "meets"
