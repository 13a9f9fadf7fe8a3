"""System checks of the log: triggers in place, database settings as the log needs them, keys unreadable by others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from lynxweb.audit.guards import all_faults

E001_HINT = "Find out who removed it, then run manage.py migrate --skip-checks, which re-installs every trigger."
SQLITE_PRAGMAS = {"synchronous": (2,), "recursive_triggers": (1,)}


def triggers_present(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E001 for every trigger that is missing, disabled, altered or foreign."""
    return [Error(fault, hint=E001_HINT, id="audit.E001") for alias in databases or () for fault in all_faults(connections[alias])]


def database_settings(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E003 for every SQLite option or PostgreSQL setting under which an acknowledged event could be lost or two could share a place."""
    return [Error(fault, id="audit.E003") for alias in databases or () for fault in setting_faults(connections[alias])]


def setting_faults(connection: BaseDatabaseWrapper) -> list[str]:
    """What is wrong with the settings of one database."""
    return _sqlite_faults(connection) if connection.vendor == "sqlite" else _postgresql_faults(connection)


def private_keys(app_configs: Sequence[AppConfig] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.E004 for every private key of the site that others can read."""
    found = sorted(settings.LYNXWEB_KEYS.glob("*.pem")) if settings.LYNXWEB_KEYS.is_dir() else []
    return [Error(f"{path}: others can read this private key", hint="chmod 600", id="audit.E004") for path in found if path.stat().st_mode & 0o077]


def one_role(app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """audit.W001 (deploy only): on PostgreSQL one role owns and writes the log."""
    aliases = [alias for alias in databases or () if connections[alias].vendor == "postgresql"]
    return [Warning(f"database {alias}: one role owns and writes the audit log", id="audit.W001") for alias in aliases]


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
