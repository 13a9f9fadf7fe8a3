"""Shared links to runs."""

import django.db.models.deletion
from django.db import migrations, models

from lynxweb.audit.operations import InstallGuard
from lynxweb.registry.models_shares import SHARE_GUARDS


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_rulings")]

    operations = [
        migrations.CreateModel(
            name="Share",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("position", models.BigIntegerField(unique=True)),
                ("shared_at", models.DateTimeField()),
                ("expires", models.DateTimeField()),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="shares", to="registry.run")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="ShareEnding",
            fields=[
                (
                    "share",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="ending", serialize=False, to="registry.share"
                    ),
                ),
                ("position", models.BigIntegerField(unique=True)),
                ("ended_at", models.DateTimeField()),
            ],
            options={"abstract": False},
        ),
        *(InstallGuard(guard) for guard in SHARE_GUARDS),
    ]
