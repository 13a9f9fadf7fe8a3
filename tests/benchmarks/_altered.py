"""Every column of every audited row changed, one column at a time, with all guards lifted; and which of the changes a replay did not name.

The caller lifts the guards and holds a transaction; each change is rolled back, so the site stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from lynxweb.accounts.guarding import PERSONAL
from lynxweb.audit.models import PrivateValue
from lynxweb.audit.projections import CONTENTS, PARTS, PROJECTIONS
from lynxweb.audit.replay import replay_audit

# Columns that their owner may change without an act, and a number that nothing refers to: the log says nothing about them.
UNAUDITED = {"accounts.Person": frozenset(PERSONAL), "accounts.Organisation": frozenset({"secret"}), "audit.PrivateValue": frozenset({"id"})}
# Where a fault names the fact and not the column: bytes and the digest that names them, an opening, the end of a key.
NAMED_AS = {
    "accounts_nodekey": {"revoked_from": "ends", "last_good_seq": "ends"},
    "audit_document": {"digest": "content"},
    "registry_document": {"sha256": "content"},
    "private_value": dict.fromkeys(("seq", "name", "salt", "value"), "value"),
}
FAR, NEVER = 100_000_000, datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Altered:
    """One column changed in every row of its table: how many rows the database let be changed, and the rows that no fault named."""

    table: str
    column: str
    rows: int
    missed: tuple[str, ...]


def audited_models() -> list[type[models.Model]]:
    """Every model that a replay holds against the log."""
    names = {*PROJECTIONS, *PARTS.values(), *CONTENTS, PrivateValue._meta.label}
    return sorted((apps.get_model(name) for name in names), key=lambda model: model._meta.db_table)


def alter_everything() -> Iterator[Altered]:
    """Change each audited column of all rows of its table, replay, and undo."""
    for model in audited_models():
        free = UNAUDITED.get(model._meta.label, frozenset())
        for field in model._meta.concrete_fields:
            if field.name not in free and (altered := alter(model, field)).rows:
                yield altered


def alter(model: type[models.Model], field: Any) -> Altered:
    """Change one column of every row, replay, and undo."""
    table = model._meta.db_table
    with transaction.atomic():
        changed = _change(model, field)
        accepted = {field.attname, field.name, NAMED_AS.get(table, {}).get(field.attname)}
        named = {fault.key for fault in replay_audit() if fault.table == table and fault.field in accepted} if changed else set()
        transaction.set_rollback(True)
    return Altered(table, field.column, len(changed), tuple(min(names) for names in changed if not names & named))


def other(field: Any, value: Any, number: int) -> Any:
    """Another value that the column holds, as near as may be; where there was none, one that no other row gets."""
    target = field
    while target.remote_field is not None:
        target = target.target_field
    if value is None:
        fresh = {"CharField": f"q{number}", "TextField": f"q{number}", "DateTimeField": NEVER, "BooleanField": True, "BinaryField": b"q"}
        return fresh.get(target.get_internal_type(), FAR + number)
    match value:
        case bool():
            return not value
        case int():
            return value + FAR
        case datetime():
            return value + timedelta(microseconds=1)
        case str():
            return ("r" if value[:1] == "q" else "q") + value[1:]
    return bytes(value) + b"\0"


def _change(model: type[models.Model], field: Any) -> list[frozenset[str]]:
    """Change the column in every row; for each changed row the names by which a fault may call it, old and new."""
    changed = []
    for number, row in enumerate(list(model._base_manager.all())):
        key, names = row.pk, _names(row)
        setattr(row, field.attname, other(field, field.value_from_object(row), number))
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                value = field.get_db_prep_save(field.value_from_object(row), connection)
                where = model._meta.pk.get_db_prep_save(key, connection)
                cursor.execute(f'UPDATE {model._meta.db_table} SET "{field.column}" = %s WHERE "{model._meta.pk.column}" = %s', [value, where])
        except IntegrityError:  # a rule of the table itself refuses the value, guard or no guard
            continue
        changed.append(names | _names(row))
    return changed


def _names(row: models.Model) -> frozenset[str]:
    if isinstance(row, PrivateValue):
        return frozenset({str(row)})
    projection = PROJECTIONS.get(row._meta.label)
    return frozenset({str(row.pk)} if projection is None else {str(row.pk), projection.id_of(row)})
