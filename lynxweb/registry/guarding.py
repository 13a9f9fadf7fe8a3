"""Which columns of the registry's tables may change: none, but for a run's standing; and which events the log must hold for their rows."""

from __future__ import annotations

from lynxweb.audit.guards import Guard, deny_changes
from lynxweb.audit.projections import Contents, Projection, guard, written
from lynxweb.audit.written import written_at

INSERT_ONLY = {
    "registry_document": (("sha256",),),
    "registry_artifact": (("sha256",),),
    "registry_executorversion": (("digest",),),
    "registry_runartifact": (("id",), ("run_id", "role")),
    "registry_comparabilitykey": (("id",), ("run_id", "policy")),
    "registry_findingrow": (("id",),),
    "registry_metricrow": (("id",), ("run_id", "point", "definition")),
    "registry_storedcomparison": (("id",), ("organisation_id", "digest")),
    "registry_rulingrun": (("id",), ("ruling_id", "run_id")),
}
# table: type of the object, column with its id, unique keys, revision of the one event that writes the row
WRITTEN = {
    "registry_methodologyversion": ("methodology", "digest", (("digest",), ("position",)), 1),
    "registry_declaration": ("declaration", "nonce", (("nonce",),), 1),
    "registry_abandonment": ("declaration", "declaration_id", (("declaration_id",),), 2),
}
RUN_STANDING = ("validity", "grade", "state", "latency_withheld", "checking", "stage", "visibility", "reviewed", "successor")
RUN_WRITE_ONCE = (
    "digest", "position", "organisation_id", "node_id", "key_id", "document_id", "methodology_id", "executor_id", "executor_after_id", "quality_id",
    "nonce", "instance", "samples_sha256", "submitted_at", "label", "runtime", "precision_label", "product", "point_text", "kind", "primary_metric",
)  # fmt: skip
RULING = "object_type = 'ruling' AND object_id = 'register' AND object_rev = NEW.number"
RULING_PARTS = {"ruling": "registry.Ruling", "ruling_runs": "registry.RulingRun"}
# What an act on a run inserts beside it, by the name in its snapshot.
RUN_PARTS = {
    "documents": "registry.Document",
    "files": "registry.Artifact",
    "executors": "registry.ExecutorVersion",
    "artifacts": "registry.RunArtifact",
    "keys": "registry.ComparabilityKey",
    "metrics": "registry.MetricRow",
    "findings": "registry.FindingRow",
}


def guards() -> list[Guard]:
    """The guard of every table of the registry."""
    whole = [deny_changes(table, keys) for table, keys in INSERT_ONLY.items()]
    once = [written(table, kind, column, keys, rev) for table, (kind, column, keys, rev) in WRITTEN.items()]
    run = guard("registry_run", "run", "digest", RUN_WRITE_ONCE, RUN_STANDING, (("digest",), ("position",), ("nonce",)))
    ruling = written_at("registry_ruling", "position", RULING, keys=(("number",), ("position",)))
    return [*whole, *once, run, ruling]


def projections() -> list[Projection]:
    """Every table whose rows are what events made of them. Stored comparisons are answers to questions, not acts, so no event names them."""
    return [
        Projection("run", "registry.Run", lambda row: row.digest, "digest", within="run", parts=RUN_PARTS),
        Projection(
            "methodology", "registry.MethodologyVersion", lambda row: row.digest, "digest", rev=1, within="methodology",
            parts={"documents": "registry.Document"},
        ),
        Projection("declaration", "registry.Declaration", lambda row: row.nonce, "nonce", rev=1),
        Projection("declaration", "registry.Abandonment", lambda row: row.declaration_id, "declaration_id", rev=2),
    ]  # fmt: skip


def contents() -> list[Contents]:
    """Every table of bytes under their SHA-256."""
    return [Contents("registry.Document", "sha256", "content")]
