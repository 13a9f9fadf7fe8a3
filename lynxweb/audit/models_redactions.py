"""The table of redactions, and the guard under which a stored document may lose its bytes: only to nothing, and only beside a redaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models

from lynxweb.audit.guards import BEFORE, DELETE, ROW, UPDATE, Guard, PostgresTrigger, deny_changes
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.written import written_at


class RedactionQuerySet(InsertOnlyQuerySet["Redaction"]):
    """Redactions, by the digest of what is gone."""


class Redaction(InsertOnly):
    """That the bytes with this SHA-256 were taken out for good; the event at `position` says who did it, and why."""

    digest = models.CharField(max_length=64, primary_key=True)
    position = models.BigIntegerField(unique=True)
    reason_code = models.CharField(max_length=40)
    reason = models.TextField()

    objects = RedactionQuerySet.as_manager()

    class Meta:
        app_label = "audit"
        db_table = "audit_redaction"

    def __str__(self) -> str:
        return f"{self.digest} redacted by event {self.position}"


REDACTED = "object_type = 'payload' AND object_id = NEW.digest AND action = 'payload.redact'"
REDACTION_GUARD = written_at("audit_redaction", "position", REDACTED, keys=(("digest",), ("position",)))
REDACTION_PARTS = {"redaction": "audit.Redaction"}  # what the snapshot of a redacted payload holds
# The tables whose documents may lose their bytes: the site's role on PostgreSQL may update this one column of them.
REDACTABLE = ("audit_document", "registry_document")


def redactable(table: str, key: str, content: str, others: Sequence[str] = ()) -> Guard:
    """The guard of a table of documents: as `deny_changes`, but `content` may become empty where a redaction names the row's `key`.

    `others` lists the remaining columns, none of which may change.
    """
    base, name = deny_changes(table, keys=((key,),)), f"{table}_no_update"
    kept = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in (key, *others))
    sqlite = (
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {kept} OR length(NEW.{content}) > 0 "
        f"OR NOT EXISTS (SELECT 1 FROM audit_redaction WHERE digest = OLD.{key}) BEGIN SELECT RAISE(ABORT, 'append-only'); END"
    )
    body = f"""
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF to_jsonb(NEW) - '{content}' = to_jsonb(OLD) - '{content}' AND octet_length(NEW.{content}) = 0
       AND EXISTS (SELECT 1 FROM public.audit_redaction WHERE digest = OLD.{key}) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
"""
    row = PostgresTrigger("BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", ROW | BEFORE | UPDATE | DELETE, f"{table}_redactable", body)
    return Guard(table, base.sqlite | {name: sqlite}, base.postgresql | {f"{table}_no_change": row})


LOG_DOCUMENT_GUARD = redactable("audit_document", "digest", "content")
