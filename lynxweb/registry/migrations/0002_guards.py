"""Triggers on every table of the registry."""

from __future__ import annotations

from django.db import migrations

from lynxweb.audit.operations import InstallGuard
from lynxweb.registry.guarding import guards


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial"), ("audit", "0001_initial")]
    operations = [InstallGuard(guard) for guard in guards()]
