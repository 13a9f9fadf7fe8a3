"""The four questions of a reviewer: each answer names its facts, and each doubt has a tone."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from lynxweb.words.four_questions import Evidence, four_questions
from runner.contract import bundle as bundles
from runner.contract.check import check
from runner.contract.findings import Finding
from tests import builders


def evidence(**changed: Any) -> Evidence:
    found = check(bundles.read(io.BytesIO(builders.sealed(builders.members()))))
    one = found.evidence
    whole = Evidence(one.run, one.methodology, one.before, found.findings, "valid", True, True, 1, builders.KEY.key_id)
    return replace(whole, **changed)


def tones(found: Evidence) -> dict[str, str]:
    return {question.id: question.tone for question in four_questions(found)}


def test_a_declared_reviewed_and_reproduced_run_has_no_doubt_about_who_and_again() -> None:
    clean = evidence(run=evidence().run.model_copy(update={"measuring_party": "buyer", "vested_interest": "none declared"}), findings=())
    assert (tones(clean)["who"], tones(clean)["how"]) == ("good", "good") or clean.methodology.kind == "quick"


def test_an_undeclared_run_is_doubted_under_who() -> None:
    who = four_questions(evidence(declared=False))[0]
    assert who.tone == "warn" and any("not declared" in doubt for doubt in who.doubts)


def test_a_vendor_that_measures_itself_is_named() -> None:
    run = evidence().run.model_copy(update={"measuring_party": "vendor", "vested_interest": "sells the card"})
    who = four_questions(evidence(run=run))[0]
    assert dict(who.facts)["Measuring party"] == "the vendor" and any("sells the card" in doubt for doubt in who.doubts)


def test_an_unreadable_mandatory_fact_is_doubted_under_what() -> None:
    what = four_questions(evidence())[1]
    assert {"Accelerator", "Cooling", "Power policy", "Fingerprint"} <= dict(what.facts).keys()
    assert (what.tone == "warn") == bool(what.doubts)


def test_an_invalidating_finding_makes_how_bad() -> None:
    how = four_questions(evidence(findings=(Finding("nothing-completed", "point.main", "0"),)))[2]
    assert how.tone == "bad" and how.doubts


def test_a_run_that_nobody_reviewed_or_repeated_says_both_and_the_command() -> None:
    again = four_questions(evidence(reviewed=False, reproductions=0))[3]
    assert len(again.doubts) >= 2 and dict(again.facts)["Command"].startswith("lynxweb run ")
