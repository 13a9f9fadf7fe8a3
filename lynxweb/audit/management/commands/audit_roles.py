"""`manage.py audit_roles`: as the owner, gives the site's role what it needs, and the log only through its functions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from lynxweb.audit import ownership


class Command(BaseCommand):
    """Grants, then says what is still too much; `migrate` does the same at its end."""

    help = "PostgreSQL with two roles: give the site's role its rights on the tables, and on the log no more than its functions."
    requires_system_checks: list[str] = []

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Grant and check."""
        if settings.DATABASE_OWNER is None:
            raise CommandError("LYNXWEB_OWNER_DATABASE_URL is not set: one role owns and writes everything")
        role = settings.DATABASES[DEFAULT_DB_ALIAS]["USER"]
        with ownership.as_owner(DEFAULT_DB_ALIAS) as connection:
            ownership.grant(connection, role)
            wrong = list(ownership.faults(connection, role))
        if wrong:
            raise CommandError("; ".join(wrong))
        self.stdout.write(f"role {role} writes the log through its functions only")
