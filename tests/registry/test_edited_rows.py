"""An edit by SQL of any audited column, with or without a step of its revision: PostgreSQL commits none, on SQLite the replay audit names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from lynxweb.accounts.models import Membership, Person
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.record import record
from lynxweb.audit.replay import replay_audit
from lynxweb.registry import storage
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Artifact, Run
from tests import builders
from tests.benchmarks._altered import UNAUDITED, audited_models, other
from tests.registry.world import World, bundle_of, upload


@pytest.fixture
def one_of_each(transactional_db: None) -> World:
    """A site with a row in nearly every audited table, committed."""
    from tests.registry.world import world

    site = world()
    declare(site.node_actor, builders.methodology().sha256, request_id="declare:1")
    upload(site, bundle_of(site))
    return site


def edits() -> Iterator[tuple[type[models.Model], Any, bool]]:
    """Every audited column, and whether the edit steps the row's revision too."""
    for model in audited_models():
        columns = [one for one in model._meta.concrete_fields if one.name not in UNAUDITED.get(model._meta.label, ())]
        stepping = any(one.name == "rev" for one in columns)
        yield from ((model, one, step) for one in columns for step in ((False, True) if stepping else (False,)))


def escapes(model: type[models.Model], field: Any, step: bool) -> bool:
    """Whether an edit of the newest row is neither refused nor found; what was only found is undone."""
    row = model._base_manager.order_by("pk").last()
    key, where = model._meta.pk, row and row.pk
    if row is None or key is None or (field.name == "rev" and step):
        return False
    value = field.get_db_prep_save(other(field, field.value_from_object(row), 1), connection)
    stepped = ", rev = rev + 1" if step else ""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f'UPDATE {model._meta.db_table} SET "{field.column}" = %s{stepped} WHERE "{key.column}" = %s', [value, where])
            if connection.vendor == "sqlite":
                transaction.set_rollback(True)
                return not [fault for fault in replay_audit() if fault.table == model._meta.db_table]
    except DatabaseError:
        return False
    return True


def test_no_edit_of_an_audited_column_is_committed_or_goes_unfound(one_of_each: World) -> None:
    assert [(model._meta.label, field.name, step) for model, field, step in edits() if escapes(model, field, step)] == []


def test_a_row_without_an_event_is_not_committed_or_is_found(one_of_each: World) -> None:
    person = Person.objects.get()
    insert = "INSERT INTO accounts_membership (person_id, organisation_id, role, object_id, revoked, rev) VALUES (%s, %s, %s, %s, %s, 1)"
    values = [person.pk, person.organisation_id, "guest", f"{person.organisation_id}:{person.actor_id}:guest", False]
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError, match="has no event"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert, values)
        assert not Membership.objects.filter(role="guest").exists()
        return
    with connection.cursor() as cursor:
        cursor.execute(insert, values)
    assert [(fault.table, fault.key, fault.field) for fault in replay_audit()] == [("accounts_membership", values[3], "object_id")]


def test_a_step_whose_event_says_something_else_is_found(one_of_each: World) -> None:
    run = Run.objects.get()
    with transaction.atomic():
        Run.objects.filter(digest=run.digest).update(grade="reproduced", rev=2)
        record(Action.RUN_CHECK, Subject("run", run.digest, 2), actor=SYSTEM, request_id="forged", after=None)
    assert {(fault.table, fault.key) for fault in replay_audit()} == {("registry_run", run.digest)}


def test_what_a_person_may_change_alone_needs_no_event(one_of_each: World) -> None:
    person = Person.objects.get()
    person.set_password("another horse, another staple")
    person.name = "somebody"
    person.save()
    assert replay_audit() == ()


def test_the_command_prints_what_differs_and_ends_with_3(one_of_each: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit", "--files")
    assert '"clean": true' in capsys.readouterr().out
    digest = Artifact.objects.values_list("sha256", flat=True)[0]
    storage.remove(digest)
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "--files")
    assert ended.value.code == 3 and digest in capsys.readouterr().out
