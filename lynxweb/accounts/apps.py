"""The accounts app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app under the label `accounts`."""

    name = "lynxweb.accounts"

    def ready(self) -> None:
        """Name the guards of the app's tables for every migration and check, and their projections for the replay audit."""
        from lynxweb.accounts import guarding
        from lynxweb.audit.guards import protect
        from lynxweb.audit.projections import register

        for guard in guarding.guards():
            protect(guard)
        for projection in guarding.projections():
            register(projection)
