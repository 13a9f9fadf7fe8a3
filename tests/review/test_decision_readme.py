"""The README of a pack tells its decision in plain words: question, answers, choice, reasons, dissent, triggers, signatures."""

from __future__ import annotations

from lynxweb.review import readers_pages
from lynxweb.review.deciding_questions import decision_for
from lynxweb.review.withdrawal import withdraw
from runner.contract import pack
from runner.contract.decision import Decision
from tests.pages.shelf import text_of
from tests.review.committee import Committee, drafted, measured, required, signed
from tests.review.people import WRONG, asked


def told(by: Committee, digest: str) -> str:
    """What a reader of the README sees of a decision."""
    return text_of(readers_pages.files(by.first, [], decision_for(by.first, digest), {})[pack.README].decode())


def test_the_readme_tells_a_decision_from_question_to_signatures(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    text = told(by, decision.sha256)
    order = [
        decision.sha256, "Which machine do we buy?", "90 % of the requests answered within 40.00 ms", "Asked first? Yes", decision.as_of.root,
        "Machine A: ✓ MEETS – chosen", decision.runs[0], "No other one was measured.", "No member dissents.", "It holds until 2099-01-01",
        "a run that it cites is withdrawn", "none of that had happened", by.first.id, "Delivery was confirmed by the vendor.",
    ]  # fmt: skip
    text = text.replace("\u00a0", " ")
    places = [text.find(one) for one in order]
    assert -1 not in places and places == sorted(places), list(zip(order, places, strict=True))


def test_the_readme_tells_dissent_missing_signatures_and_what_has_changed(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    decision = drafted(by, requirement, dissent=((by.second.id, "I would have <waited>."),))
    signed(by, decision)
    withdraw(by.first, run, **{**asked(), "reason": WRONG})
    text = told(by, decision.sha256)
    assert "I would have <waited>." in text and f"Run {run[:12]} is withdrawn" in text and "had not signed when this pack was made" in text


def test_the_readme_says_that_nothing_was_chosen(by: Committee) -> None:
    decision = drafted(by, required(by), candidates={"d" * 64: "Nameplate only"}, chosen=None)
    signed(by, decision)
    text = told(by, decision.sha256)
    assert "Nothing was chosen." in text and "Nameplate only: ∅ NO EVIDENCE" in text and "No run is cited." in text
