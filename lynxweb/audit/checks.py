"""System checks of the log: triggers in place, database settings as the log needs them, keys unreadable by others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit import functions, ownership
from lynxweb.audit.actions import Action
from lynxweb.audit.guards import all_faults
from lynxweb.audit.halting import halted
from lynxweb.audit.memory import STATE
from lynxweb.audit.models import Event

# Checks of what a migration mends itself, or cannot make worse: they do not stop one.
BESIDE_MIGRATING = "audit-standing"
E001_HINT = "Find out who removed it, then run manage.py migrate, which re-installs every trigger and function."
SQLITE_PRAGMAS = {"synchronous": (2,), "recursive_triggers": (1,)}


def triggers_present(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E001 for every trigger or function of the log that is missing, disabled, altered or foreign."""
    found = [fault for alias in databases or () for fault in [*all_faults(connections[alias]), *functions.faults(connections[alias])]]
    return [Error(fault, hint=E001_HINT, id="audit.E001") for fault in found]


def database_settings(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E003 for every SQLite option or PostgreSQL setting under which an acknowledged event could be lost or two could share a place."""
    return [Error(fault, id="audit.E003") for alias in databases or () for fault in setting_faults(connections[alias])]


def setting_faults(connection: BaseDatabaseWrapper) -> list[str]:
    """What is wrong with the settings of one database."""
    return _sqlite_faults(connection) if connection.vendor == "sqlite" else _postgresql_faults(connection)


def private_keys(app_configs: Sequence[AppConfig] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E004 for every private key of the site that others can read."""
    folders = [folder for folder in (settings.LYNXWEB_KEYS, settings.LYNXWEB_SIGNER_HOME) if os.access(folder, os.R_OK | os.X_OK)]
    found = [path for folder in folders for path in sorted(folder.glob("*.pem"))]
    return [Error(f"{path}: others can read this private key", hint="chmod 600", id="audit.E004") for path in found if path.stat().st_mode & 0o077]


def one_role(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.W001 (deploy only): on PostgreSQL one role owns and writes the log."""
    aliases = [alias for alias in databases or () if connections[alias].vendor == "postgresql" and settings.DATABASE_OWNER is None]
    hint = "Set LYNXWEB_OWNER_DATABASE_URL and run manage.py audit_roles."
    return [Warning(f"database {alias}: one role owns and writes the audit log", hint=hint, id="audit.W001") for alias in aliases]


def two_roles(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E002: two roles are configured, but the site's owns the log or may write it beside the functions."""
    if settings.DATABASE_OWNER is None:
        return []
    found = [fault for alias in databases or () for fault in ownership.faults(connections[alias], settings.DATABASES[alias]["USER"])]
    return [Error(fault, hint="Run manage.py audit_roles.", id="audit.E002") for fault in found]


def read_only(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E010: the signer refused, and the site is read-only."""
    present = [alias for alias in databases or () if "audit_halt" in connections[alias].introspection.table_names()]
    standing = [one for one in map(halted, present) if one is not None]
    hint = "Repair the log, then run manage.py sign_checkpoint --resume; see docs/operations.md."
    return [Error(f"the signer refused at {one.since:%Y-%m-%d %H:%M}: {one.reason}", hint=hint, id="audit.E010") for one in standing]


def nobody_outside(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.W002 (deploy only): no pack was ever exported, so nobody outside holds a checkpoint of this log."""
    present = [alias for alias in databases or () if "audit_event" in connections[alias].introspection.table_names()]
    alone = [alias for alias in present if not Event.objects.using(alias).filter(action=Action.PACK_EXPORT).exists()]
    hint = "Export a pack, or mail the current checkpoint to somebody who keeps it: a rewritten history would look the same to a first reader."
    return [Warning(f"database {alias}: nobody outside holds a checkpoint", hint=hint, id="audit.W002") for alias in alone]


def memory_apart(app_configs: Sequence[AppConfig] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.W003 (deploy only): the signer's memory lies on the disk of the SQLite database, so one restored backup takes both back."""
    memory = settings.LYNXWEB_SIGNER_HOME / STATE
    files = [Path(one["NAME"]) for one in settings.DATABASES.values() if one["ENGINE"].endswith("sqlite3")]
    try:
        together = any(file.stat().st_dev == memory.stat().st_dev for file in files)
    except OSError:
        return []
    hint = "Point LYNXWEB_SIGNER_HOME to a folder on another disk, outside the database's backup."
    return [Warning(f"{memory} lies on the disk of the database", hint=hint, id="audit.W003")] if together else []


def _sqlite_faults(connection: BaseDatabaseWrapper) -> list[str]:
    connection.ensure_connection()  # the backend learns its transaction mode when it connects
    faults = []
    if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
        faults.append("SQLite: transaction_mode must be IMMEDIATE")
    in_memory = str(connection.settings_dict["NAME"]) == ":memory:" or "mode=memory" in str(connection.settings_dict["NAME"])
    pragmas = SQLITE_PRAGMAS if in_memory else SQLITE_PRAGMAS | {"journal_mode": ("wal",)}
    with connection.cursor() as cursor:
        for name, allowed in pragmas.items():
            cursor.execute(f"PRAGMA {name}")
            found = cursor.fetchone()[0]
            if found not in allowed:
                faults.append(f"SQLite: PRAGMA {name} is {found}, must be {allowed[0]}")
    return faults


def _postgresql_faults(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('default_transaction_isolation'), current_setting('fsync'), current_setting('synchronous_commit')")
        isolation, fsync, synchronous_commit = cursor.fetchone()
    faults = []
    if isolation != "read committed":
        faults.append(f"PostgreSQL: default_transaction_isolation is {isolation}, must be read committed")
    if fsync != "on" and not str(connection.settings_dict["NAME"]).startswith("test_"):
        faults.append("PostgreSQL: fsync is off, an acknowledged event could be lost")
    if synchronous_commit == "off":
        faults.append("PostgreSQL: synchronous_commit is off, must be on (or local, remote_write, remote_apply)")
    return faults
