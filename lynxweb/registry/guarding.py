"""Which columns of the registry's tables may change: none, but for a run's standing."""

from __future__ import annotations

from collections.abc import Sequence

from lynxweb.audit.guards import BEFORE, DELETE, ROW, UPDATE, Guard, PostgresTrigger, deny_changes

INSERT_ONLY = {
    "registry_document": (("sha256",),),
    "registry_artifact": (("sha256",),),
    "registry_methodologyversion": (("digest",), ("position",)),
    "registry_executorversion": (("digest",),),
    "registry_declaration": (("nonce",),),
    "registry_abandonment": (("declaration_id",),),
    "registry_runartifact": (("id",), ("run_id", "role")),
    "registry_comparabilitykey": (("id",), ("run_id", "policy")),
    "registry_findingrow": (("id",),),
    "registry_metricrow": (("id",), ("run_id", "point", "definition")),
    "registry_storedcomparison": (("id",), ("organisation_id", "digest")),
}
RUN_STANDING = ("validity", "grade", "state", "latency_withheld", "checking", "rev", "stage", "visibility", "reviewed", "successor")
RUN_WRITE_ONCE = (
    "digest", "position", "organisation_id", "node_id", "key_id", "document_id", "methodology_id", "executor_id", "executor_after_id", "quality_id",
    "nonce", "instance", "samples_sha256", "submitted_at", "label", "runtime", "precision_label", "product", "point_text", "kind", "primary_metric",
)  # fmt: skip


def guards() -> list[Guard]:
    """The guard of every table of the registry."""
    whole = [deny_changes(table, keys) for table, keys in INSERT_ONLY.items()]
    run = deny_changes_of("registry_run", RUN_WRITE_ONCE, RUN_STANDING, (("digest",), ("position",), ("nonce",)))
    return [*whole, run]


def deny_changes_of(table: str, write_once: Sequence[str], free: Sequence[str], keys: Sequence[Sequence[str]], closed: str = "") -> Guard:
    """The guard that refuses DELETE, TRUNCATE, REPLACE and any UPDATE of a `write_once` column; where `closed` holds, any UPDATE at all.

    The two lists together name every column: a test compares them with the model, so that a new column is free only on purpose.
    """
    name, function = f"{table}_no_update", f"{table}_guard"
    base = deny_changes(table, keys)
    changed = " OR ".join([*(f"OLD.{column} IS NOT NEW.{column}" for column in write_once), *([closed] if closed else [])])
    sqlite = base.sqlite | {name: f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {changed} BEGIN SELECT RAISE(ABORT, 'append-only'); END"}
    kept = ", ".join(f"'{column}'" for column in free)
    condition = f"to_jsonb(NEW) - ARRAY[{kept}] IS DISTINCT FROM to_jsonb(OLD) - ARRAY[{kept}]" + (f" OR {closed}" if closed else "")
    row = PostgresTrigger("BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", ROW | BEFORE | UPDATE | DELETE, function, _body(condition))
    return Guard(table, sqlite, base.postgresql | {f"{table}_no_change": row})


def _body(condition: str) -> str:
    # One IF inside the other: PL/pgSQL evaluates a whole condition, and NEW does not exist for DELETE.
    return f"""
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NOT ({condition}) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
"""
