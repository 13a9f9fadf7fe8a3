"""The migration operation that guards a table."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from lynxweb.audit import guards


class InstallGuard(Operation):
    """Install the triggers of `guard` on its table; changes no state of the models."""

    reduces_to_sql = True
    reversible = True
    atomic = True

    def __init__(self, guard: guards.Guard) -> None:
        self.guard = guard

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """No model changes."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Install the triggers."""
        guards.install(schema_editor.connection, self.guard)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState) -> None:
        """Drop the triggers."""
        guards.remove(schema_editor.connection, self.guard)

    def describe(self) -> str:
        """One line for `manage.py migrate`."""
        return f"Guard table {self.guard.table}"
