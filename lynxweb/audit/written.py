"""The guard of rows that one event writes for ever and that name its position: no change at all, and on PostgreSQL no row without the event."""

from __future__ import annotations

from collections.abc import Sequence

from lynxweb.audit.guards import INSERT, ROW, Guard, PostgresTrigger, deny_changes


def written_at(table: str, position: str, event: str, keys: Sequence[Sequence[str]]) -> Guard:
    """The guard of `table`, whose column `position` holds the position of the event that wrote the row.

    `event` is a condition on `audit_event` and NEW that PostgreSQL demands at COMMIT; on SQLite the replay audit finds a row without its event.
    """
    base, name = deny_changes(table, keys), f"{table}_has_event"
    body = f"""
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ONLY public.audit_event WHERE seq = NEW.{position} AND {event}) THEN
    RAISE EXCEPTION 'audit: a row of {table} has no event at position %', NEW.{position} USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END
"""
    when = "AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    return Guard(table, base.sqlite, base.postgresql | {name: PostgresTrigger(when, ROW | INSERT, name, body, at_commit=True)})
