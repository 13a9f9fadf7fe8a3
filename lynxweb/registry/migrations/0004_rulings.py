"""The ruling register, and the guard under which a document of a run may lose its bytes."""

import django.db.models.deletion
from django.db import migrations, models

from lynxweb.audit.operations import InstallGuard
from lynxweb.registry.guarding import guards
from lynxweb.registry.redacting import DOCUMENT_GUARD


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_standing"), ("audit", "0004_redactions")]

    operations = [
        migrations.CreateModel(
            name="Ruling",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("runs", "runs"), ("methodologies", "methodologies")], max_length=20)),
                ("rule", models.CharField(max_length=200)),
                ("outcome", models.CharField(max_length=60)),
                ("document", models.CharField(max_length=64)),
                ("a", models.CharField(db_index=True, max_length=64, null=True)),
                ("b", models.CharField(max_length=64, null=True)),
                ("metric", models.CharField(max_length=80, null=True)),
                ("position", models.BigIntegerField(unique=True)),
                ("issued_at", models.DateTimeField()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="RulingRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ruling", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="registry.ruling")),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="rulings", to="registry.run")),
            ],
        ),
        migrations.AddConstraint(model_name="rulingrun", constraint=models.UniqueConstraint(fields=("ruling", "run"), name="ruling_run_once")),
        *(InstallGuard(guard) for guard in guards() if guard.table in ("registry_ruling", "registry_rulingrun")),
        InstallGuard(DOCUMENT_GUARD),
    ]
