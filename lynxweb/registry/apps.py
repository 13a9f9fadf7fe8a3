"""The registry app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registers the app under the label `registry`."""

    name = "lynxweb.registry"

    def ready(self) -> None:
        """Name the guards of the registry's tables for every migration and check, and their projections for the replay audit."""
        from lynxweb.audit.guards import protect
        from lynxweb.audit.projections import register, register_contents, register_files, register_holder, register_parts
        from lynxweb.registry import guarding
        from lynxweb.registry import models_comparisons as _more_tables  # noqa: F401
        from lynxweb.registry import models_rulings as _tables_beside_models  # noqa: F401
        from lynxweb.registry.models_shares import SHARE_GUARDS, SHARE_PARTS
        from lynxweb.registry.redacting import DOCUMENT_GUARD
        from lynxweb.registry.stored_files import file_faults

        for guard in (*guarding.guards(), *SHARE_GUARDS, DOCUMENT_GUARD):
            protect(guard)
        for projection in guarding.projections():
            register(projection)
        register_parts(guarding.RULING_PARTS | SHARE_PARTS)
        for contents in guarding.contents():
            register_contents(contents)
        register_holder("registry.Artifact")
        register_files(file_faults)
