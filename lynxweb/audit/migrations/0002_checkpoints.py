"""Signed checkpoints, halts, and the functions through which PostgreSQL appends."""

from django.db import migrations, models

from lynxweb.audit.models import CHECKPOINT_GUARD, HALT_GUARD
from lynxweb.audit.operations import InstallFunctions, InstallGuard


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.CharField(max_length=64)),
                ("note", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("published_at", models.DateTimeField()),
            ],
            options={"db_table": "audit_checkpoint"},
        ),
        migrations.CreateModel(
            name="Halt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("halt", "halt"), ("resume", "resume")], max_length=6)),
                ("reason", models.CharField(max_length=2000)),
                ("at", models.DateTimeField()),
            ],
            options={"db_table": "audit_halt"},
        ),
        InstallGuard(CHECKPOINT_GUARD),
        InstallGuard(HALT_GUARD),
        InstallFunctions(),
    ]
