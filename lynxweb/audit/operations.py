"""The migration operations that guard a table and install the functions of the log."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from lynxweb.audit import functions, guards


class OfTheDatabase(Operation):
    """An operation on the database alone: no state of a model changes."""

    reduces_to_sql = True
    reversible = True
    atomic = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """No model changes."""


class InstallGuard(OfTheDatabase):
    """Install the triggers of `guard` on its table."""

    def __init__(self, guard: guards.Guard) -> None:
        self.guard = guard

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Install the triggers."""
        guards.install(schema_editor.connection, self.guard)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Drop the triggers."""
        guards.remove(schema_editor.connection, self.guard)

    def describe(self) -> str:
        """One line for `manage.py migrate`."""
        return f"Guard table {self.guard.table}"


class LiftGuard(OfTheDatabase):
    """Drop every trigger of `table`, so that a migration may change its rows and columns; `InstallGuard` puts the new ones in place."""

    def __init__(self, table: str) -> None:
        self.table = table

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Drop the triggers."""
        guards.clear(schema_editor.connection, self.table)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Nothing: the migration before installs its own."""

    def describe(self) -> str:
        """One line for `manage.py migrate`."""
        return f"Lift the guard of {self.table}"


class InstallFunctions(OfTheDatabase):
    """Install the functions through which PostgreSQL appends; does nothing on SQLite."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Install the functions."""
        functions.install(schema_editor.connection)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Drop the functions."""
        functions.remove(schema_editor.connection)

    def describe(self) -> str:
        """One line for `manage.py migrate`."""
        return "Install the functions of the log"
