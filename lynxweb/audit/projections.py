"""Rows that the log can vouch for: which object each stands for, what an act keeps of it, and the triggers that refuse a change without an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from lynxweb.audit import snapshots
from lynxweb.audit.guards import BEFORE, DELETE, INSERT, ROW, UPDATE, Guard, PostgresTrigger, deny_changes

STEP = "append-only: an update steps rev by one, through its act"


@dataclass(frozen=True)
class Projection:
    """One table whose rows are what the events of `object_type` made of them.

    `model` is "app.Model"; `id_of` gives a row's object id, `id_column` is the SQL column that holds it; `snapshot` is what an act keeps of
    a row, every audited column by its name. `rev` is None where the row counts its events itself, a number where one event of that
    revision writes the row for ever. Where an act inserts rows of other tables beside it, its snapshot holds the row under `within`,
    and `parts` says which insert-only model each further list of the snapshot holds. `committed` maps columns that no snapshot may hold
    to the name of their salted commitment in the row's first event; `first_position` is a column that repeats that event's position.
    """

    object_type: str
    model: str
    id_of: Callable[[Any], str]
    id_column: str
    snapshot: Callable[[Any], dict[str, Any]] = snapshots.row
    rev: int | None = None
    within: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    committed: Mapping[str, str] = field(default_factory=dict)
    first_position: str | None = None

    def document(self, row: models.Model, made: Mapping[str, Sequence[models.Model]] | None = None) -> dict[str, Any]:
        """What an act keeps: the row, and the rows it inserted beside it."""
        if self.within is None:
            return self.snapshot(row)
        return {self.within: self.snapshot(row), **{name: [snapshots.row(one) for one in rows] for name, rows in (made or {}).items()}}


@dataclass(frozen=True)
class Contents:
    """A table of bytes under their own SHA-256."""

    model: str
    key: str
    content: str


PROJECTIONS: dict[str, Projection] = {}
PARTS: dict[str, str] = {}
CONTENTS: dict[str, Contents] = {}
HOLDERS: set[str] = set()
FILES: list[Callable[[], Iterable[Any]]] = []


def register(projection: Projection) -> None:
    """Have the replay audit compare this table, and the tables of its parts, with the log; called from `AppConfig.ready()`."""
    PROJECTIONS[projection.model] = projection
    register_parts(projection.parts)


def register_parts(parts: Mapping[str, str]) -> None:
    """Name insert-only models ("app.Model") by the key under which snapshots hold their rows, one row or a list; a key means one model."""
    for name, model in parts.items():
        if PARTS.setdefault(name, model) != model:
            raise ValueError(f"snapshots hold {PARTS[name]} under {name!r} already, not {model}: choose another key")


def register_files(faults: Callable[[], Iterable[Any]]) -> None:
    """Have `manage.py audit --files` ask this for the faults of stored files; called from `AppConfig.ready()`."""
    if faults not in FILES:
        FILES.append(faults)


def lasting(object_type: str) -> frozenset[int]:
    """The revisions of objects of this type whose events write rows for ever; the first one always counts."""
    return frozenset({1, *(one.rev for one in PROJECTIONS.values() if one.object_type == object_type and one.rev is not None)})


def register_contents(contents: Contents) -> None:
    """Have the replay audit hash every row of this table, and look here for what events attach; called from `AppConfig.ready()`."""
    CONTENTS[contents.model] = contents
    HOLDERS.add(contents.model)


def register_holder(model: str) -> None:
    """Have the replay audit look in this table too for what events attach: its primary key is a SHA-256; called from `AppConfig.ready()`."""
    HOLDERS.add(model)


def keep(row: models.Model, made: Mapping[str, Sequence[models.Model]] | None = None) -> str:
    """Keep the snapshot of a row of a registered table, with the rows an act `made` beside it; returns the digest for `after`."""
    return snapshots.keep(PROJECTIONS[row._meta.label].document(row, made))


def guard(
    table: str,
    object_type: str,
    id_column: str,
    write_once: Sequence[str],
    free: Sequence[str],
    keys: Sequence[Sequence[str]],
    unaudited: Sequence[str] = (),
) -> Guard:
    """The guard of rows with a standing: an UPDATE steps `rev` by one and leaves `write_once` alone; DELETE, TRUNCATE, REPLACE are refused.

    `free` columns change with a step; `unaudited` ones at any time, without one. The lists and `rev` name every column. PostgreSQL also
    demands at COMMIT that the log holds an event with this object and revision; on SQLite the replay audit looks for it.
    """
    base, name = deny_changes(table, keys), f"{table}_no_update"
    sqlite = base.sqlite | {name: _step_sqlite(name, table, write_once, free, unaudited)}
    row = PostgresTrigger(
        "BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", ROW | BEFORE | UPDATE | DELETE, f"{table}_guard", _step_postgresql(free, unaudited)
    )
    return Guard(table, sqlite, base.postgresql | {f"{table}_no_change": row} | _has_event(table, object_type, id_column, "NEW.rev"))


def written(table: str, object_type: str, id_column: str, keys: Sequence[Sequence[str]], rev: int = 1) -> Guard:
    """The guard of rows that one event of revision `rev` writes for ever: no change at all, and on PostgreSQL no row without that event."""
    base = deny_changes(table, keys)
    return Guard(table, base.sqlite, base.postgresql | _has_event(table, object_type, id_column, str(rev)))


def _step_sqlite(name: str, table: str, write_once: Sequence[str], free: Sequence[str], unaudited: Sequence[str]) -> str:
    broken = [f"OLD.{column} IS NOT NEW.{column}" for column in write_once]
    step = "NEW.rev IS NOT OLD.rev + 1"
    if unaudited:  # then an update that leaves all audited columns alone needs no step
        step = f"({step} AND ({' OR '.join(f'OLD.{column} IS NOT NEW.{column}' for column in [*free, 'rev'])}))"
    return f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {' OR '.join([*broken, step])} BEGIN SELECT RAISE(ABORT, '{STEP}'); END"


def _step_postgresql(free: Sequence[str], unaudited: Sequence[str]) -> str:
    # One IF inside the other: PL/pgSQL evaluates a whole condition, and NEW does not exist for DELETE.
    outside, changing = _array(unaudited), _array([*free, "rev", *unaudited])
    step = f"NEW.rev = OLD.rev + 1 AND to_jsonb(NEW) - {changing} IS NOT DISTINCT FROM to_jsonb(OLD) - {changing}"
    untouched = f"to_jsonb(NEW) - {outside} IS NOT DISTINCT FROM to_jsonb(OLD) - {outside}"
    allowed = f"({step}) OR ({untouched})" if unaudited else step
    return f"""
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF {allowed} THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION '{STEP}: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
"""


def _array(columns: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(repr(column) for column in columns)}]::text[]"


def _has_event(table: str, object_type: str, id_column: str, rev: str) -> dict[str, PostgresTrigger]:
    name = f"{table}_has_event"
    when = "AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    body = f"""
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ONLY public.audit_event
                 WHERE object_type = '{object_type}' AND object_id = NEW.{id_column} AND object_rev = {rev}) THEN
    RAISE EXCEPTION 'audit: revision % of {object_type} % has no event', {rev}, NEW.{id_column} USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END
"""
    return {name: PostgresTrigger(when, ROW | INSERT | UPDATE, name, body, at_commit=True)}
