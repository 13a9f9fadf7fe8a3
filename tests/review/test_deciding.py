"""A committee asks, weighs, signs, and looks again: every act, every refusal, and the badge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from lynxweb.accounts.granting import revoke_role
from lynxweb.accounts.roles import Forbidden, Role
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.guards import all_faults
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.missing import NotFound
from lynxweb.registry.publication import publish_methodology
from lynxweb.review.deciding_questions import (
    decision_for,
    decisions_citing,
    decisions_citing_for,
    decisions_for,
    requirement_for,
    requirements_for,
)
from lynxweb.review.decisions import append_addendum, sign_decision, sign_stored_decision
from lynxweb.review.models.decisions import Decision as DecisionRow
from lynxweb.review.models.decisions import DecisionSignature, RequirementVersion
from lynxweb.review.requirements import publish_requirement, supersede_requirement
from lynxweb.review.withdrawal import withdraw
from runner.contract.canonical import encode
from runner.contract.decision import Decision
from runner.contract.problems import Problems
from tests import builders
from tests.builders import seen
from tests.contract import asked as documents
from tests.contract import grown
from tests.contract.asked import offered
from tests.registry.conftest import own_folders
from tests.registry.world import BECAUSE, bundle_of, upload, world
from tests.review.committee import FINGERPRINT, UNTIL, Committee, committee_of, drafted, measured, required, signed
from tests.review.people import WRONG, asked

__all__ = ["own_folders"]
TABLES = sorted(f"review_{name}" for name in ("requirementversion", "decision", "decisioncitation", "decisionsignature", "decisionaddendum"))


@pytest.fixture
def by(db: None) -> Committee:
    """A site with a committee of two."""
    return committee_of()


@pytest.fixture
def decided(by: Committee) -> tuple[Committee, Decision]:
    """A requirement, a run declared after it, and a decision with both signatures and a later word."""
    requirement = required(by)
    measured(by)
    decision = drafted(by, requirement)
    signed(by, decision)
    sign_stored_decision(by.second, decision.sha256, **asked())
    append_addendum(by.second, decision.sha256, "Delivery was confirmed by the vendor.", **asked())
    return by, decision


def problems(act: Any, *given: Any, **named: Any) -> set[str]:
    """The codes for which an act is refused."""
    with pytest.raises(Problems) as refused:
        act(*given, **named)
    return set(refused.value.codes)


# Asking


def test_a_requirement_is_published_once_and_its_event_attaches_the_document(by: Committee) -> None:
    content = documents.requirement(organisation=by.organisation).canonical()
    first = publish_requirement(by.first, content, **asked())
    again = publish_requirement(by.first, content, **asked())
    assert (first.created, again.created, first.position) == (True, False, again.position)
    event = Event.objects.get(seq=first.position)
    assert (event.action, event.object_type, event.object_id, event.object_rev) == ("requirement.publish", "requirement", first.digest, 1)
    assert leaf_fields(event.leaf)["payload"] == first.digest


def test_a_quick_methodology_is_refused_as_evidence(by: Committee) -> None:
    quick = builders.methodology(load__loop="open", load__process="poisson", load__concurrency=None, load__rate_per_s="20")
    publish_methodology(by.first, quick.canonical(), reason=BECAUSE)
    content = documents.requirement(quick, organisation=by.organisation).canonical()
    assert "R-07" in problems(publish_requirement, by.first, content, **asked()) and not RequirementVersion.objects.exists()


def test_one_asks_for_the_own_organisation(by: Committee) -> None:
    content = documents.requirement(organisation="org_b").canonical()
    assert problems(publish_requirement, by.first, content, **asked()) == {"another-organisation"}


def test_a_secret_does_not_enter_a_requirement(by: Committee) -> None:
    content = documents.requirement(organisation=by.organisation, constraints="ask somebody@example.org").canonical()
    assert problems(publish_requirement, by.first, content, **asked()) == {"canary"}


def test_only_a_committee_asks(by: Committee) -> None:
    manager = replace(by.first, roles=frozenset({Role.MANAGER.value, Role.ADMINISTRATOR.value}))
    content = documents.requirement(organisation=by.organisation).canonical()
    with pytest.raises(Forbidden):
        publish_requirement(manager, content, **asked())


def superseding(by: Committee, digest: str, **changes: Any) -> bytes:
    """The bytes of a version that takes the place of `digest`."""
    return documents.requirement(organisation=by.organisation, supersedes=digest, **changes).canonical()


def test_a_later_version_takes_the_place_of_the_newest_alone(by: Committee) -> None:
    first = required(by)
    second = supersede_requirement(by.first, first, superseding(by, first, title="Second"), **asked())
    assert Event.objects.get(seq=second.position).action == "requirement.supersede"
    assert leaf_fields(Event.objects.get(seq=second.position).leaf)["before"] == first
    assert problems(supersede_requirement, by.first, first, superseding(by, first, title="Third"), **asked()) == {"superseded-already"}
    assert [card.digest for card in requirement_for(by.first, first).versions] == [second.digest, first]
    assert requirement_for(by.first, first).card.superseded_by == second.digest and not requirement_for(by.first, first).may_decide


def test_a_version_names_what_it_supersedes(by: Committee) -> None:
    first = required(by)
    assert problems(supersede_requirement, by.first, first, superseding(by, "a" * 64), **asked()) == {"supersedes"}
    assert problems(publish_requirement, by.first, superseding(by, first), **asked()) == {"supersedes"}


# Weighing


def test_the_matrix_gives_each_configuration_its_answer(by: Committee) -> None:
    digest = required(by)
    assert requirement_for(by.first, digest).matrix == ()
    run = measured(by)
    slow = measured(by, offered(service_ns=24_000_000, what=grown.executor(hw__product_name=seen("slow"))))
    rows = {row.answer.runs: row.answer.answer for row in requirement_for(by.first, digest).matrix}
    assert rows == {(run,): "meets", (slow,): "fails"}


def test_a_candidate_with_nothing_but_a_quick_run_is_no_evidence_with_its_code(by: Committee) -> None:
    publish_methodology(by.first, builders.methodology().canonical(), reason=BECAUSE)
    quick = upload(by.site, bundle_of(by.site)).run_digest
    (row,) = requirement_for(by.first, required(by)).matrix
    assert row.answer.answer == "no_evidence" and ("R-07", quick) in {(one.code, one.run) for one in row.answer.refused}


def test_a_run_that_was_not_declared_is_no_evidence(by: Committee) -> None:
    open_to_all = documents.methodology("20", undeclared_allowed=True)
    publish_methodology(by.first, open_to_all.canonical(), reason=BECAUSE)
    content = documents.requirement(open_to_all, organisation=by.organisation).canonical()
    digest = publish_requirement(by.first, content, **asked()).digest
    measured(by, offered(undeclared_allowed=True), declared=False)
    (row,) = requirement_for(by.first, digest).matrix
    assert row.answer.answer == "no_evidence" and {one.code for one in row.answer.refused} == {"undeclared"}


def test_a_withdrawn_run_is_named_with_its_successor(by: Committee) -> None:
    first, second = measured(by), measured(by, offered(service_ns=5_100_000))
    withdraw(by.first, first, replacement=second, **{**asked(), "reason": WRONG})
    (row,) = requirement_for(by.first, required(by)).matrix
    assert row.answer.runs == (second,) and [(one.code, one.run, one.successor) for one in row.answer.refused] == [("R-25", first, second)]


def test_a_run_with_overload_at_the_point_is_judged_by_its_findings(by: Committee) -> None:
    measured(by, offered(service_ns=60_000_000))
    (row,) = requirement_for(by.first, required(by)).matrix
    assert row.answer.answer == "fails" and {one.code for one in row.answer.reasons} >= {"refuted-by-certificate"}


# Drafting and signing


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


# Pre-registration


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


# The badge


def badge(by: Committee, decision: Decision) -> tuple[str, set[str]]:
    """The badge and the kinds of the triggers that fired."""
    standing = decision_for(by.first, decision.sha256).card.standing
    return standing.word, {one.kind for one in standing.fired}


def test_a_withdrawn_cited_run_turns_the_badge_to_re_check(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    withdraw(by.first, decision.runs[0], **{**asked(), "reason": WRONG})
    assert badge(by, decision)[0] == "re-check" and "run_withdrawn" in badge(by, decision)[1]


def test_a_new_executor_version_of_a_cited_configuration_turns_the_badge_to_re_check(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    measured(by, offered(service_ns=5_100_000))
    assert badge(by, decision) == ("valid", set())
    measured(by, offered(service_ns=5_200_000, what=grown.executor(sw__driver__version=seen("560"))))
    assert badge(by, decision) == ("re-check", {"driver_change", "new_executor_version"})


def test_another_unit_or_product_does_not_matter(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    measured(by, offered(service_ns=5_300_000, what=grown.executor(sw__driver__version=seen("560"))), instance="8" * 64)
    other = grown.executor(hw__product_name=seen("other"), host__cpu__model=seen("other"))
    measured(by, offered(service_ns=5_400_000, what=other))
    assert badge(by, decision) == ("valid", set())


def test_a_configuration_that_was_known_before_is_no_news(by: Committee) -> None:
    requirement = required(by)
    other = grown.executor(sw__driver__version=seen("560"))
    measured(by, offered(service_ns=5_200_000, what=other))
    measured(by)
    decision = drafted(by, requirement)
    signed(by, decision)
    measured(by, offered(service_ns=5_300_000, what=other))
    assert badge(by, decision) == ("valid", set())


def test_a_superseded_requirement_turns_the_badge_to_re_check(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    first = decision.requirement_sha256
    supersede_requirement(by.first, first, superseding(by, first, title="Second"), **asked())
    assert badge(by, decision) == ("re-check", {"requirement_superseded"})


def test_a_later_methodology_with_another_model_turns_the_badge_to_re_check(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    publish_methodology(by.first, documents.methodology("20", version=2).canonical(), reason=BECAUSE)
    assert badge(by, decision) == ("valid", set())
    publish_methodology(by.first, documents.methodology("20", version=3, workload__model_sha256="e" * 64).canonical(), reason=BECAUSE)
    assert badge(by, decision) == ("re-check", {"model_change"})


# Who sees what


def test_requirements_and_decisions_of_another_organisation_are_not_found(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    stranger = world("b").actor
    for question, digest in ((requirement_for, decision.requirement_sha256), (decision_for, decision.sha256)):
        for name in (digest, "0" * 64, "x\x00"):
            with pytest.raises(NotFound):
                question(stranger, name)
    assert requirements_for(stranger) == () == decisions_for(stranger) == decisions_citing_for(stranger, decision.runs[0])
    for act in (
        lambda: sign_stored_decision(stranger, decision.sha256, **asked()),
        lambda: sign_decision(stranger, decision.canonical(), **asked()),
        lambda: append_addendum(stranger, decision.sha256, "A word from outside.", **asked()),
        lambda: supersede_requirement(stranger, decision.requirement_sha256, superseding(by, decision.requirement_sha256), **asked()),
    ):
        with pytest.raises(NotFound):
            act()


def test_lists_show_what_is_the_own_organisations(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    (card,) = decisions_for(by.second)
    assert card.digest == decision.sha256 and card.requirement_title == "Digits for the sorting hall" and card.valid_until == UNTIL
    assert [(one.digest, one.decisions) for one in requirements_for(by.second)] == [(decision.requirement_sha256, 1)]
    assert decisions_citing(decision.runs[0]) == (decision.sha256,) and decisions_citing("0" * 64) == ()
    assert [one.digest for one in decisions_citing_for(by.first, decision.runs[0])] == [decision.sha256]


def test_every_member_weighs_the_same_runs_whatever_other_roles_they_hold(by: Committee) -> None:
    digest, run = required(by), measured(by)
    rows = {member.id: requirement_for(member, digest).matrix for member in (by.first, by.second)}
    assert rows[by.first.id] == rows[by.second.id] and rows[by.first.id][0].answer.runs == (run,)


# What the database refuses


def execute(statement: str) -> None:
    """Run SQL in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", TABLES)
def test_an_update_or_delete_of_a_signed_decision_fails_in_the_database(decided: tuple[Committee, Decision], table: str) -> None:
    model = next(model for model in apps.get_app_config("review").get_models() if model._meta.db_table == table)
    assert model._base_manager.exists()
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"DELETE FROM {table}")
    for field in model._meta.concrete_fields:
        with pytest.raises(DatabaseError, match="append-only"):
            execute(f"UPDATE {table} SET {field.column} = {field.column}")


@pytest.mark.parametrize("table", TABLES)
def test_a_row_cannot_be_replaced_on_sqlite(decided: tuple[Committee, Decision], table: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE is a word of SQLite")
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


def test_all_triggers_are_present_and_the_log_tells_every_row(decided: tuple[Committee, Decision]) -> None:
    assert all_faults(connection) == [] and full_audit().clean and replay_audit() == ()
