"""The registry app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registers the app under the label `registry`."""

    name = "lynxweb.registry"

    def ready(self) -> None:
        """Name the guards of the registry's tables, so that every migration re-installs them and every check looks for them."""
        from lynxweb.audit.guards import protect
        from lynxweb.registry.guarding import guards

        for guard in guards():
            protect(guard)
