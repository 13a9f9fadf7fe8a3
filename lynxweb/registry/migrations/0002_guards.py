"""Triggers on the tables of the registry that never change; 0003 guards the others once they have their columns."""

from __future__ import annotations

from django.db import migrations

from lynxweb.audit.guards import deny_changes
from lynxweb.audit.operations import InstallGuard
from lynxweb.registry.guarding import INSERT_ONLY, WRITTEN

TABLES = (
    "registry_document", "registry_artifact", "registry_methodologyversion", "registry_executorversion", "registry_runartifact",
    "registry_comparabilitykey", "registry_findingrow", "registry_metricrow", "registry_storedcomparison",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial"), ("audit", "0001_initial")]
    operations = [InstallGuard(deny_changes(table, INSERT_ONLY[table] if table in INSERT_ONLY else WRITTEN[table][2])) for table in TABLES]
