"""What was said in a review stays as it was said: in the database, and where somebody gets around it, in the replay of the log."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from lynxweb.audit import guards
from lynxweb.audit.replay import replay_audit
from lynxweb.review.models.reviews import Review, ReviewStep
from lynxweb.review.reviewing import close_review, respond
from tests.registry.world import world
from tests.review.people import Cast, asked, cast_of, opened, published, report

TABLES = ("review_review", "review_reviewstep")


def columns_of(table: str) -> list[str]:
    """Every column of a table of reviews."""
    model = next(model for model in apps.get_app_config("review").get_models() if model._meta.db_table == table)
    return [str(field.column) for field in model._meta.concrete_fields]


def execute(statement: str) -> None:
    """Run SQL in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def told(cast: Cast) -> Cast:
    """A published run with an accepted review, and a disputed one with a report, an answer and a closing."""
    review = opened(cast.second, published(cast), kind="dispute")
    report(cast.second, review, "not_accepted", "dispute")
    respond(cast.engineer, review, text="the clause does not say so", **asked())
    close_review(cast.second, review, **asked())
    return cast


def test_reviews_are_as_the_log_says(told: Cast) -> None:
    assert replay_audit() == ()


@pytest.mark.parametrize("table", TABLES)
def test_no_row_of_a_review_is_changed_or_deleted(told: Cast, table: str) -> None:
    for column in columns_of(table):
        with pytest.raises(DatabaseError, match="append-only"):
            execute(f"UPDATE {table} SET {column} = {column}")
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", TABLES)
def test_every_altered_column_is_found_when_the_triggers_are_off(told: Cast, table: str) -> None:
    guards.lift(connection)
    key = {"review_review": Review, "review_reviewstep": ReviewStep}[table].objects.order_by("position").values_list("pk", flat=True)[0]
    for column in columns_of(table):
        if column in ("id", "run_id", "organisation_id", "review_id"):  # keys of other rows: the database itself refuses a row that is not there
            continue
        worth = {"position": "position + 1000", "opened_at": "'2001-01-01 00:00:00+00'", "taken_at": "'2001-01-01 00:00:00+00'"}.get(column, "'x'")
        with transaction.atomic():
            execute(f"UPDATE {table} SET {column} = {worth} WHERE id = '{key}'")
            assert [(fault.table, fault.key, fault.field) for fault in replay_audit()] == [(table, str(key), column)]
            transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_row_without_its_event_is_refused_at_commit_or_found_by_the_replay(own_folders: object) -> None:
    cast = cast_of(world())
    run = published(cast)
    first = Review.objects.get()
    forged = f"INSERT INTO review_review VALUES ('rev_forged', 'intake', 'intake@1', 'act_x', {first.position + 3}, '2026-01-01 00:00:00+00', "
    forged += f"'{first.organisation_id}', '{run}')"
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError, match="no event"):
            execute(forged)
        return
    execute(forged)
    assert [(fault.table, fault.key) for fault in replay_audit()] == [("review_review", "rev_forged")]
