"""`manage.py flush` for a site with a log: allowed in a test database only, where it lifts the guards and puts them back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as Flush
from django.db import connections

from lynxweb.audit import guards, opening


class Command(Flush):
    """Empties a test database; a real one keeps its log."""

    help = "Empties a test database. Refused anywhere else: the audit log is never emptied."

    def handle(self, **options: Any) -> None:
        """Lift the guards, empty every table, guard and open the log again; refuses outside a test database."""
        connection = connections[options["database"]]
        if not guards.is_test_database(connection):
            raise CommandError(f"{connection.settings_dict['NAME']}: flush would erase the audit log; make a new database instead")
        guards.lift(connection)
        try:
            super().handle(**options)
        finally:
            guards.install_missing(connection)
        opening.open_log(using=connection.alias)
