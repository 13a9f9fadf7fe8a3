"""The replay audit finds every row that is not what the log says, and names table, key and column."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from lynxweb.accounts.models import Node, Organisation
from lynxweb.audit import guards, projections, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.leaf import instant
from lynxweb.audit.models import LogDocument
from lynxweb.audit.opening import open_log
from lynxweb.audit.record import record, utc_now
from lynxweb.audit.replay import replay, replay_audit
from lynxweb.registry.declaration import declare
from tests import builders
from tests.benchmarks import _altered
from tests.registry.world import World, bundle_of, changed, upload, world


@pytest.fixture
def filled(site: World) -> World:
    """Two organisations, three runs of which one is declared and one withdrawn, and a declaration that waits."""
    other = world("b")
    declared = declare(site.node_actor, builders.methodology().sha256, request_id="declare:1")
    declare(other.node_actor, builders.methodology().sha256, request_id="declare:2")
    upload(site, bundle_of(site, 1, nonce=declared.nonce, **_after(declared.declared_at)))
    upload(other, bundle_of(other, 3))
    withdrawn = upload(site, bundle_of(site, 2)).run_digest
    changed(withdrawn, Action.RUN_WITHDRAW, state="withdrawn")
    return site


def _after(declared: datetime) -> dict[str, str]:
    begun = declared + timedelta(microseconds=1)
    return {"started_at": instant(begun), "ended_at": instant(begun + timedelta(seconds=50))}


def test_an_untouched_site_is_as_its_log_says(filled: World) -> None:
    found = replay()
    assert found.faults == () and found.rows > 60 and found.unkept == 0


def test_every_change_of_every_column_of_every_row_is_named(filled: World) -> None:
    guards.lift(connection)
    altered = list(_altered.alter_everything())
    assert [one for one in altered if one.missed] == []
    assert {one.table for one in altered} >= {"registry_run", "registry_metricrow", "accounts_membership", "audit_document", "private_value"}


@pytest.mark.parametrize("model", _altered.audited_models(), ids=lambda model: model._meta.db_table)
def test_a_row_that_is_gone_is_named(filled: World, model: type[models.Model]) -> None:
    table, key = model._meta.db_table, model._meta.pk
    assert key is not None
    row = model._base_manager.order_by("pk").first()
    if row is None or table == "private_value":
        pytest.skip("no row of this table, or one that may be erased")
    named = {str(row.pk), *(one.id_of(row) for one in projections.PROJECTIONS.values() if one.model == model._meta.label)}
    guards.lift(connection)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE {key.column} = %s", [key.get_db_prep_save(row.pk, connection)])
        faults = replay_audit()
        transaction.set_rollback(True)
    assert [fault for fault in faults if fault.table == table and fault.key in named]


def test_no_document_of_the_log_can_be_taken_away_unnoticed(filled: World) -> None:
    guards.lift(connection)
    unnoticed = []
    for digest in LogDocument.objects.values_list("digest", flat=True):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM audit_document WHERE digest = %s", [digest])
            if not [fault for fault in replay_audit() if (fault.table, fault.key) == ("audit_document", digest)]:
                unnoticed.append(digest)
            transaction.set_rollback(True)
    assert unnoticed == []


def _node(name: str, after: str | None) -> Node:
    """A node whose event keeps the snapshot `after`, as events did before snapshots were."""
    with transaction.atomic():
        home, made = Organisation.objects.get_or_create(id="org_old", name="Old", secret=bytes(32))
        if made:
            kept = snapshots.keep({"id": home.id}) if after else None
            record(Action.ACTOR_CREATE, Subject("organisation", home.id, 1), actor=SYSTEM, request_id="home", after=kept, commit={"name": "Old"})
        node = Node.objects.create(id=f"node_{name}", organisation=home, name=name, rev=1)
        record(Action.NODE_ENROL, Subject("node", node.id, 1), actor=SYSTEM, request_id=name, after=after)
    return node


def test_rows_older_than_snapshots_are_counted_and_no_fault(db: None) -> None:
    open_log()
    _node("early", after=None)
    MigrationRecorder(connection).migration_qs.filter(app="audit").update(applied=utc_now())
    assert (replay().faults, replay().unkept) == ((), 2)
    late = _node("late", after=None)
    assert [fault.key for fault in replay_audit()] == [late.id]


def test_an_event_without_a_snapshot_is_a_fault_once_there_are_snapshots(site: World) -> None:
    lost = _node("lost", after="0" * 64)
    late = _node("late", after=None)
    assert {(fault.table, fault.key) for fault in replay_audit()} == {
        ("accounts_node", late.id), ("accounts_node", lost.id), ("audit_document", "0" * 64)
    }  # fmt: skip
