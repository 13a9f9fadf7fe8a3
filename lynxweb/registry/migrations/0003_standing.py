"""Revisions, stage and visibility of runs; declarations are answered by runs and abandonments, and never change themselves."""

from __future__ import annotations

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lynxweb.audit.operations import InstallGuard, LiftGuard
from lynxweb.registry.guarding import guards

CHANGED = ("registry_run", "registry_declaration", "registry_abandonment", "registry_methodologyversion")


def count_events(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The revision of a run that exists already is the number of its events."""
    run, event = apps.get_model("registry", "Run"), apps.get_model("audit", "Event")
    for digest in run.objects.values_list("digest", flat=True).iterator():
        run.objects.filter(digest=digest).update(rev=event.objects.filter(object_type="run", object_id=digest).count())


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_guards"), ("accounts", "0003_standing")]

    operations = [
        LiftGuard("registry_run"),
        LiftGuard("registry_declaration"),
        LiftGuard("registry_methodologyversion"),
        migrations.AddField(model_name="run", name="rev", field=models.BigIntegerField(default=1)),
        migrations.AddField(
            model_name="run",
            name="stage",
            field=models.CharField(
                choices=[
                    ("submitted", "submitted"), ("in_review", "in_review"), ("changes_requested", "changes_requested"),
                    ("reviewed", "reviewed"), ("published", "published"),
                ],
                default="submitted",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="visibility",
            field=models.CharField(
                choices=[
                    ("private", "private"), ("organisation", "organisation"), ("review", "review"), ("link", "link"), ("public", "public"),
                ],
                default="organisation",
                max_length=20,
            ),
        ),
        migrations.AddField(model_name="run", name="reviewed", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="run", name="successor", field=models.CharField(max_length=64, null=True)),
        migrations.RunPython(count_events, migrations.RunPython.noop),
        migrations.AddIndex(model_name="run", index=models.Index(fields=["visibility", "-position"], name="run_by_visibility")),
        migrations.RemoveField(model_name="declaration", name="run"),
        migrations.RemoveField(model_name="declaration", name="state"),
        migrations.CreateModel(
            name="Abandonment",
            fields=[
                (
                    "declaration",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="abandonment", serialize=False,
                        to="registry.declaration",
                    ),
                ),
                ("abandoned_at", models.DateTimeField()),
            ],
            options={"abstract": False},
        ),
        *(InstallGuard(guard) for guard in guards() if guard.table in CHANGED),
    ]  # fmt: skip
