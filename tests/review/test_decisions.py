"""A committee drafts and signs: the document, each signature, each refusal, and whether the question stood first."""

from __future__ import annotations

from dataclasses import replace

from lynxweb.accounts.granting import revoke_role
from lynxweb.accounts.roles import Role
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.review.deciding_questions import (
    decision_for,
)
from lynxweb.review.decisions import append_addendum, sign_decision
from lynxweb.review.models.decisions import Decision as DecisionRow
from lynxweb.review.models.decisions import DecisionSignature
from lynxweb.review.requirements import supersede_requirement
from lynxweb.review.withdrawal import withdraw
from runner.contract.canonical import encode
from runner.contract.decision import Decision
from tests.contract.asked import offered
from tests.review.committee import FINGERPRINT, Committee, drafted, measured, problems, required, signed, superseding
from tests.review.people import WRONG, asked


def test_a_draft_says_what_the_evidence_gives_and_stores_nothing(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    decision = drafted(by, requirement)
    assert decision.candidates[0].answer == "meets" and decision.runs == (run,) and decision.requirement_sha256 == requirement
    assert decision.as_of.size == Event.objects.count() and decision.as_of.root == full_audit().root
    assert not DecisionRow.objects.exists()


def test_an_unknown_configuration_is_a_candidate_without_evidence(by: Committee) -> None:
    decision = drafted(by, required(by), candidates={"d" * 64: "Nameplate only"}, chosen=None)
    assert [(one.name, one.answer) for one in decision.candidates] == [("Nameplate only", "no_evidence")]


def test_what_stands_against_a_draft_is_told_at_once(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    assert problems(drafted, by, requirement, members=(by.first.id, "act_nobody"), valid_until="2020-01-01T00:00:00.000000Z") == {
        "not-a-member", "expired",
    }  # fmt: skip
    assert problems(drafted, by, requirement, candidates={}) == {"candidates"}
    for candidates in ({"no digest": "Machine A"}, {FINGERPRINT: ""}, {FINGERPRINT: "x" * 301}, {FINGERPRINT: "\ud800"}):
        assert problems(drafted, by, requirement, candidates=candidates) == {"invalid-document"}


def test_each_member_signs_the_same_document_and_each_signature_is_an_event(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    events = list(Event.objects.on("decision", decision.sha256))
    assert [(event.action, event.object_rev) for event in events] == [("decision.sign", 1), ("decision.sign", 2), ("decision.append", 3)]
    assert [leaf_fields(event.leaf)["payload"] for event in events[:2]] == [decision.sha256] * 2
    view = decision_for(by.second, decision.sha256)
    assert [(line.actor, line.position) for line in view.signatures] == [(by.first.id, events[0].seq), (by.second.id, events[1].seq)]
    assert [(word.actor, word.text) for word in view.addenda] == [(by.second.id, "Delivery was confirmed by the vendor.")]
    assert (view.card.signed, view.card.members, view.card.chosen, view.card.badge) == (2, 2, "Machine A", "valid")
    assert not view.may_sign and view.may_append and view.cited == decision.runs


def test_a_member_signs_once_and_a_stranger_never(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    assert "signed-already" in problems(signed, by, decision)
    outsider = replace(by.first, id="act_other")
    assert problems(signed, by, decision, outsider) == {"not-a-member"}


def test_the_same_request_signs_once(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    decision, once = drafted(by, requirement), asked()
    first = sign_decision(by.first, decision.canonical(), **once)
    assert sign_decision(by.first, decision.canonical(), **once) == first and DecisionSignature.objects.count() == 1


def test_an_answer_that_was_typed_in_is_refused(by: Committee) -> None:
    requirement = required(by)
    measured(by, offered(service_ns=24_000_000))
    tree = drafted(by, requirement, chosen=None).model_dump(mode="json")
    tree["candidates"][0]["answer"] = "meets"
    tree["chosen"] = FINGERPRINT
    assert problems(sign_decision, by.first, encode(tree), **asked()) == {"answers-differ"}


def test_a_state_that_the_log_never_had_is_refused(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    tree = drafted(by, requirement).model_dump(mode="json")
    assert problems(sign_decision, by.first, encode(tree | {"as_of": tree["as_of"] | {"root": "0" * 64}}), **asked()) == {"another-log"}
    assert problems(sign_decision, by.first, encode(tree | {"as_of": tree["as_of"] | {"size": 10**6}}), **asked()) == {"not-in-log"}


def test_a_run_that_was_withdrawn_after_the_draft_stops_the_signature(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    decision = drafted(by, requirement)
    withdraw(by.first, run, **{**asked(), "reason": WRONG})
    assert problems(signed, by, decision) == {"answers-differ"} and not DecisionRow.objects.exists()


def test_a_later_signature_is_refused_where_an_answer_has_turned_and_not_where_a_run_was_added(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    decision = drafted(by, requirement)
    signed(by, decision)
    measured(by, offered(service_ns=5_100_000))
    assert signed(by, decision, by.second).recorded.rev == 2
    third = drafted(by, requirement, rationale="Both of its runs say the same.")
    signed(by, third)
    for digest in third.runs:
        withdraw(by.first, digest, **{**asked(), "reason": WRONG})
    assert run in third.runs and problems(signed, by, third, by.second) == {"answers-differ"}


def test_a_superseded_requirement_is_not_decided_on(by: Committee) -> None:
    first = required(by)
    measured(by)
    decision = drafted(by, first)
    supersede_requirement(by.first, first, superseding(by, first, title="Second"), **asked())
    assert problems(signed, by, decision) == {"superseded-already"} == problems(drafted, by, first)


def test_a_member_who_left_the_committee_is_not_named(by: Committee) -> None:
    requirement = required(by)
    measured(by)
    decision = drafted(by, requirement)
    revoke_role(by.first, by.second.id, Role.COMMITTEE, **asked())
    assert problems(signed, by, decision) == {"not-a-member"}


def test_an_addendum_says_something(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    assert problems(append_addendum, by.first, decision.sha256, "short", **asked()) == {"addendum-length"}


def test_a_requirement_before_the_first_declaration_is_pre_registered(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    found = decision_for(by.first, decision.sha256).pre_registered
    assert found.answer is True and found.declared_at is not None and found.asked_at < found.declared_at


def test_a_requirement_after_the_measurement_is_not(by: Committee) -> None:
    measured(by)
    decision = drafted(by, required(by))
    signed(by, decision)
    assert decision_for(by.first, decision.sha256).pre_registered.answer is False


def test_where_nothing_is_cited_nothing_is_pre_registered(by: Committee) -> None:
    decision = drafted(by, required(by), candidates={"d" * 64: "Nameplate only"}, chosen=None)
    signed(by, decision)
    assert decision_for(by.first, decision.sha256).pre_registered.answer is None
