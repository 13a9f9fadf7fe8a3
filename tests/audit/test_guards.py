"""Rows of the log stay as they were written, whoever asks the database."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from lynxweb.accounts.models import Person
from lynxweb.audit import checks, guards
from lynxweb.audit.insert_only import AppendOnly, InsertOnly
from lynxweb.audit.models import LOG_GUARD, Checkpoint, Event, Halt, LogDocument
from lynxweb.audit.record import utc_now
from tests.audit.conftest import Append

pytestmark = pytest.mark.django_db
VALUES = "999, leaf, hashes, time, actor, action, 'x', object_id, object_rev, 'x'"
COLUMNS = "seq, leaf, hashes, time, actor, action, object_type, object_id, object_rev, request_id"


def _sqlite_only() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE is SQLite's")


def _refused(sql: str) -> None:
    before = list(Event.objects.values_list())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert list(Event.objects.values_list()) == before


@pytest.mark.parametrize("column", ["leaf", "hashes", "time", "actor", "action", "object_type", "object_id", "request_id"])
def test_no_column_of_an_event_can_be_updated(append: Append, column: str) -> None:
    append()
    _refused(f"UPDATE audit_event SET {column} = {column}")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE seq = 0",
        "UPDATE audit_event SET seq = seq + 100",
        "DELETE FROM audit_document",
        "UPDATE audit_document SET content = content",
    ],
)
def test_no_row_can_be_moved_or_removed(append: Append, sql: str) -> None:
    append()
    _refused(sql)


@pytest.mark.parametrize("table", ["audit_event", "audit_document"])
def test_postgresql_refuses_truncate(append: Append, table: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("TRUNCATE is PostgreSQL's")
    append()
    _refused(f"TRUNCATE {table}")


@pytest.mark.parametrize("seq", [-1, 0, 500])
def test_an_insert_anywhere_but_at_the_next_position_is_refused(append: Append, seq: int) -> None:
    append()
    _refused(f"INSERT INTO audit_event ({COLUMNS}) SELECT {VALUES.replace('999', str(seq))} FROM audit_event WHERE seq = 0")


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT OR REPLACE INTO audit_event ({COLUMNS}) SELECT {COLUMNS} FROM audit_event",
        f"INSERT OR REPLACE INTO audit_event ({COLUMNS}) SELECT {COLUMNS.replace('seq', 'seq + 2', 1)} FROM audit_event WHERE seq = 0",
        f"INSERT OR REPLACE INTO audit_event ({COLUMNS}) "
        f"SELECT {COLUMNS.replace('seq', 'seq + 2', 1).replace('request_id', 'seq')} FROM audit_event WHERE seq = 0",
        "INSERT OR REPLACE INTO audit_document SELECT digest, x'00' FROM audit_document",
    ],
    ids=["position", "request", "revision", "document"],
)
def test_sqlite_refuses_replace_through_every_unique_key(append: Append, sql: str, recursive: str) -> None:
    _sqlite_only()
    append()
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
    try:
        _refused(sql)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")


def test_the_models_offer_no_way_to_change_a_row(append: Append) -> None:
    event = Event.objects.get(seq=append().seq)
    for attempt in (
        event.save,
        event.delete,
        Event.objects.all().delete,
        lambda: Event.objects.all().update(action="x"),
        lambda: Event.objects.bulk_update([event], ["action"]),
        lambda: Event.objects.bulk_create([event]),
        lambda: Event.objects.all()._raw_delete("default"),
        lambda: Event.objects.update_or_create(seq=0),
        lambda: LogDocument.objects.get().delete(),
    ):
        with pytest.raises(AppendOnly):
            attempt()


def test_every_insert_only_model_has_a_manager_that_cannot_change_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    models = InsertOnly.__subclasses__()
    assert {Event, LogDocument} <= set(models)
    assert [error.id for model in models for error in model.check(databases=[])] == []
    monkeypatch.setattr(LogDocument._default_manager, "get_queryset", Person.objects.all)
    assert "audit.E005" in [error.id for error in LogDocument.check(databases=[])]


def test_a_fresh_database_has_every_trigger() -> None:
    assert guards.all_faults(connection) == []
    assert {"audit_event", "audit_document"} <= guards.PROTECTED.keys()
    assert checks.triggers_present(databases=["default"]) == []
    assert checks.database_settings(databases=["default"]) == []


@pytest.mark.parametrize("trigger", sorted(LOG_GUARD.sqlite | LOG_GUARD.postgresql))
def test_a_dropped_trigger_is_reported_and_re_installed(trigger: str) -> None:
    mine = LOG_GUARD.sqlite if connection.vendor == "sqlite" else LOG_GUARD.postgresql
    if trigger not in mine:
        pytest.skip("a trigger of the other database")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {trigger}" + ("" if connection.vendor == "sqlite" else " ON audit_event"))
    errors = checks.triggers_present(databases=["default"])
    assert [error.id for error in errors] == ["audit.E001"] and trigger in errors[0].msg
    assert len(guards.install_missing(connection)) == 1
    assert checks.triggers_present(databases=["default"]) == []


def test_an_altered_trigger_is_reported() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER audit_event_no_delete")
            cursor.execute("CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event BEGIN SELECT 1; END")
        else:
            cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_no_change")
    assert any("altered or disabled" in fault for fault in guards.all_faults(connection))


def test_a_foreign_trigger_or_rule_that_swallows_events_is_reported() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE TRIGGER swallow BEFORE INSERT ON audit_event BEGIN SELECT RAISE(IGNORE); END")
        else:
            cursor.execute("CREATE RULE swallow AS ON INSERT TO audit_event DO INSTEAD NOTHING")
    assert any("swallow is not one of ours" in fault for fault in guards.all_faults(connection))


def test_a_swallowed_event_is_noticed_by_the_act(append: Append) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE TRIGGER swallow BEFORE INSERT ON audit_event BEGIN SELECT RAISE(IGNORE); END")
        else:
            cursor.execute("CREATE RULE swallow AS ON INSERT TO audit_event DO INSTEAD NOTHING")
    with pytest.raises(Exception, match="did not keep event|RETURNING"):
        append()


def test_guards_are_lifted_in_a_test_database_only(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "production")
    with pytest.raises(PermissionError, match="test database only"):
        guards.lift(connection)
    with pytest.raises(CommandError, match="erase the audit log"):
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_emptying_a_test_database_leaves_a_guarded_log_that_is_open() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert [event.action for event in Event.objects.all()] == ["log.open"]
    assert guards.all_faults(connection) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [Event, LogDocument, Checkpoint, Halt])
def test_a_remade_table_is_reported_and_the_next_migration_guards_it_again(model: type[InsertOnly]) -> None:
    """X12: SQLite remakes a table for most changes of a column, and drops its triggers without a word."""
    _sqlite_only()
    with connection.schema_editor() as editor:
        editor._remake_table(model)
    table = model._meta.db_table
    assert {error.id for error in checks.triggers_present(databases=["default"]) if f"{table}:" in error.msg} == {"audit.E001"}
    call_command("migrate", verbosity=0)
    assert checks.triggers_present(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_every_migration_mends_what_was_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """X12: and says what it found."""
    on = "" if connection.vendor == "sqlite" else " ON audit_checkpoint"
    name = "audit_checkpoint_no_update" if connection.vendor == "sqlite" else "audit_checkpoint_no_change"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    call_command("migrate", "audit", verbosity=0, skip_checks=False)
    assert f"to be mended: audit_checkpoint: trigger {name} is missing" in capsys.readouterr().err
    assert checks.triggers_present(databases=["default"]) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_checkpoint SET root = 'x'",
        "DELETE FROM audit_checkpoint",
        "UPDATE audit_halt SET kind = 'resume'",
        "DELETE FROM audit_halt",
    ],
)
def test_a_published_checkpoint_and_a_halt_stay(append: Append, sql: str) -> None:
    Checkpoint(size=1, root="0" * 64, note=b"x", sha256="0" * 64, published_at=utc_now()).save()
    Halt(kind="halt", reason="a test wants it so", at=utc_now()).save()
    _refused(sql)


def test_sqlite_refuses_to_replace_a_checkpoint(append: Append) -> None:
    _sqlite_only()
    Checkpoint(size=1, root="0" * 64, note=b"x", sha256="0" * 64, published_at=utc_now()).save()
    _refused("INSERT OR REPLACE INTO audit_checkpoint SELECT size, root, x'00', sha256, published_at FROM audit_checkpoint")
