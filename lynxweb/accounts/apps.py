"""The accounts app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags
from django.core.checks import register as register_check


class AccountsConfig(AppConfig):
    """Registers the app under the label `accounts`."""

    name = "lynxweb.accounts"

    def ready(self) -> None:
        """Name the guards of the app's tables for every migration and check, and their projections for the replay audit."""
        from lynxweb.accounts import checks, factors, guarding, projected
        from lynxweb.audit.guards import protect
        from lynxweb.audit.projections import register

        for guard in guarding.guards():
            protect(guard)
        for projection in projected.PROJECTIONS:
            register(projection)
        factors.connect()
        register_check(checks.second_factor_demanded, Tags.security, deploy=True)
