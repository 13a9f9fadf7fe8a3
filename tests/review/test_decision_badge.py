"""A signed decision: what turns its badge, who sees it, and that nothing changes it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.guards import all_faults, lift
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
from lynxweb.review.notices import lift_notice, post_notice
from lynxweb.review.requirements import supersede_requirement
from lynxweb.review.withdrawal import withdraw
from runner.contract.decision import Decision
from tests.builders import seen
from tests.contract import asked as documents
from tests.contract import grown
from tests.contract.asked import offered
from tests.registry.world import BECAUSE, world
from tests.review.committee import UNTIL, Committee, drafted, measured, required, signed, superseding
from tests.review.people import WRONG, asked

TABLES = sorted(f"review_{name}" for name in ("requirementversion", "decision", "decisioncitation", "decisionsignature", "decisionaddendum"))


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


def test_a_notice_on_a_cited_run_turns_the_badge_to_re_check_until_it_is_lifted(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    notice = post_notice(by.first, decision.runs[0], text="The fan was replaced after this run.", **asked()).notice
    assert badge(by, decision) == ("re-check", {"notice"})
    lift_notice(by.first, notice, **asked())
    assert badge(by, decision) == ("valid", set())


def test_a_notice_that_was_known_when_the_decision_was_drafted_is_no_news(by: Committee) -> None:
    requirement, run = required(by), measured(by)
    post_notice(by.first, run, text="The fan was replaced after this run.", **asked())
    decision = drafted(by, requirement)
    signed(by, decision)
    assert badge(by, decision) == ("valid", set())


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


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_somebody_altered_with_the_triggers_off_is_named(decided: tuple[Committee, Decision], table: str) -> None:
    model = next(model for model in apps.get_app_config("review").get_models() if model._meta.db_table == table)
    lift(connection)
    for field in model._meta.concrete_fields:
        changed = {"BigIntegerField": "99", "DateTimeField": "'2001-01-01 00:00:00+00'", "BigAutoField": "99"}.get(
            field.get_internal_type(), "'other'"
        )
        savepoint = transaction.savepoint()
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET {field.column} = {changed} WHERE {model._meta.pk.column} = (SELECT min({model._meta.pk.column}) FROM {table})"
            )
        assert table in {fault.table for fault in replay_audit()}, field.column
        transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_somebody_took_away_with_the_triggers_off_is_missed(decided: tuple[Committee, Decision], table: str) -> None:
    lift(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
    assert table in {fault.table for fault in replay_audit()}
    transaction.set_rollback(True)
