"""What was written stays as it was written, in the database and not only in code."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from lynxweb.audit import projections
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.guards import PROTECTED, all_faults
from lynxweb.audit.record import hold, record, utc_now
from lynxweb.registry import guarding
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Abandonment, Run
from lynxweb.registry.models_rulings import Ruling, RulingRun
from tests import builders
from tests.registry.world import World, bundle_of, changed, upload

TABLES = sorted({model._meta.db_table for model in apps.get_app_config("registry").get_models()})


@pytest.fixture
def filled(site: World) -> World:
    """A site with at least one row in every table."""
    from lynxweb.registry.comparing import compare_runs

    declared = declare(site.node_actor, builders.methodology().sha256, request_id="declare:1")
    with transaction.atomic():
        given_up = Abandonment.objects.create(declaration=declared, abandoned_at=declared.declared_at)
        kept = projections.keep(given_up)
        record(Action.RUN_ABANDON, Subject("declaration", declared.nonce, 2), actor=SYSTEM, request_id="abandon:1", after=kept)
    a, b = upload(site, bundle_of(site, 1)).run_digest, upload(site, bundle_of(site, 2)).run_digest
    compare_runs(site.actor, a, b, "iso-precision")
    with transaction.atomic():
        position, told = hold(connection), {"kind": "runs", "rule": "4.2", "outcome": "noted", "document": "0" * 64, "issued_at": utc_now()}
        RulingRun.objects.create(ruling=Ruling.objects.create(number=1, position=position, **told), run_id=a)
        record(Action.RULING_ISSUE, Subject("ruling", "register", 1), actor=SYSTEM, request_id="ruling:1")
    return site


def execute(statement: str) -> None:
    """Run SQL in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def is_empty(table: str) -> bool:
    """Whether the table has no row here."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return bool(cursor.fetchone()[0] == 0)


def columns_of(table: str) -> list[str]:
    """Every column, in the model's order."""
    model = next(model for model in apps.get_app_config("registry").get_models() if model._meta.db_table == table)
    return [field.column for field in model._meta.concrete_fields]


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_deleted(filled: World, table: str) -> None:
    if is_empty(table):
        pytest.skip("no row of this table: its own tests have some")
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", sorted({**guarding.INSERT_ONLY, **guarding.WRITTEN}))
def test_no_column_of_an_insert_only_table_can_be_changed(filled: World, table: str) -> None:
    for column in columns_of(table):
        with pytest.raises(DatabaseError, match="append-only"):
            execute(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("column", guarding.RUN_WRITE_ONCE)
def test_no_column_of_a_run_but_its_standing_can_be_changed(filled: World, column: str) -> None:
    change = {"position": "position + 100", "submitted_at": "'2001-01-01 00:00:00+00'"}.get(column, "'" + "0" * 64 + "'")
    with pytest.raises(DatabaseError):
        execute(f"UPDATE registry_run SET {column} = {change}")


def test_the_standing_of_a_run_changes_with_a_step_of_its_revision_and_an_event(filled: World) -> None:
    run = Run.objects.first()
    assert run is not None
    changed(run.digest, Action.RUN_WITHDRAW, state="withdrawn")
    connection.check_constraints()
    assert Run.objects.get(digest=run.digest).rev == run.rev + 1


@pytest.mark.parametrize("change", ["grade = 'validated'", "grade = 'validated', rev = rev + 2", "grade = 'validated', rev = rev - 1"])
def test_no_standing_changes_without_one_step_of_its_revision(filled: World, change: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"UPDATE registry_run SET {change}")


def test_every_table_is_guarded_and_every_column_has_been_thought_of() -> None:
    assert set(TABLES) <= PROTECTED.keys()
    assert {*guarding.RUN_WRITE_ONCE, *guarding.RUN_STANDING, "rev"} == set(columns_of("registry_run"))


def test_all_triggers_are_present_after_the_migrations(db: None) -> None:
    assert all_faults(connection) == []


def test_a_row_cannot_be_replaced_on_sqlite(filled: World) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE is a word of SQLite")
    for table in [table for table in TABLES if not is_empty(table)]:
        with pytest.raises(DatabaseError, match="append-only"):
            execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
