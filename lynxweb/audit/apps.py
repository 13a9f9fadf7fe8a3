"""The audit app: guards its tables, checks them, re-installs triggers after every migration and opens the log."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import connections
from django.db.models.signals import post_migrate

log = logging.getLogger(__name__)


class AuditConfig(AppConfig):
    """Registers the app under the label `audit`."""

    name = "lynxweb.audit"

    def ready(self) -> None:
        """Connect guards, checks and the handler that runs after every migration."""
        from lynxweb.audit import checks as ours
        from lynxweb.audit import guards, models, models_proposals, models_redactions, projections

        guards.protect(models.LOG_GUARD)
        guards.protect(models.DOCUMENT_GUARD)
        guards.protect(models.CHECKPOINT_GUARD)
        guards.protect(models.HALT_GUARD)
        guards.protect(models_proposals.PROPOSAL_GUARD)
        guards.protect(models_proposals.PROPOSAL_USE_GUARD)
        guards.protect(models_redactions.REDACTION_GUARD)
        guards.protect(models_redactions.LOG_DOCUMENT_GUARD)
        guards.protect(guards.deny_updates(models.PrivateValue._meta.db_table))
        checks.register(ours.triggers_present, ours.BESIDE_MIGRATING)
        checks.register(ours.database_settings, checks.Tags.database)
        checks.register(ours.private_keys, checks.Tags.security)
        checks.register(ours.read_only, ours.BESIDE_MIGRATING)
        checks.register(ours.two_roles, ours.BESIDE_MIGRATING)
        checks.register(ours.one_role, checks.Tags.database, deploy=True)
        checks.register(ours.nobody_outside, checks.Tags.database, deploy=True)
        checks.register(ours.memory_apart, checks.Tags.security, deploy=True)
        projections.register_contents(projections.Contents("audit.LogDocument", "digest", "content"))
        projections.register_parts(models_redactions.REDACTION_PARTS)
        projections.register(projections.Projection("proposal", "audit.Proposed", lambda row: row.id, "id", rev=1))
        post_migrate.connect(_after_migration, dispatch_uid="lynxweb.audit.guards")


def _after_migration(sender: AppConfig, using: str, plan: list[tuple[Any, bool]] | None = None, **_signal: Any) -> None:
    """Re-install what a migration dropped; when the log has its table, open it. Runs once per app, cheap when nothing is wrong."""
    from lynxweb.audit import functions, guards, opening

    for fault in [*guards.install_missing(connections[using]), *functions.install_missing(connections[using])]:
        log.warning("re-installed after migration: %s", fault)
    if sender.label == "audit" and "audit_halt" in connections[using].introspection.table_names():
        opening.open_log(using=using)
