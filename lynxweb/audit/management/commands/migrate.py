"""`manage.py migrate` for a site with a log: as the tables' owner where there are two roles, whose rights it sets again at the end."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.commands.migrate import Command as Migrate

from lynxweb.audit import ownership
from lynxweb.audit.checks import BESIDE_MIGRATING, triggers_present


class Command(Migrate):
    """Django's command; a missing trigger is said and re-installed, and does not stop the migration that brings it."""

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Migrate as the owner, then give the site's role its rights on what is new."""
        alias = options["database"]
        with ownership.as_owner(alias) as connection:
            super().handle(*arguments, **options)
            if settings.DATABASE_OWNER is not None and connection.vendor == "postgresql":
                ownership.grant(connection, settings.DATABASES[alias]["USER"])

    def check(self, *arguments: Any, **options: Any) -> None:
        """Every check but those of what the migration mends itself; faults of triggers and functions are shown."""
        for fault in triggers_present(databases=options.get("databases")):
            self.stderr.write(f"to be mended: {fault.msg}")
        tags = checks.registry.registry.tags_available() - {BESIDE_MIGRATING}
        super().check(*arguments, **{**options, "tags": sorted(tags)})
