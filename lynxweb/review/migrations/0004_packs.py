"""Evidence packs."""

import django.db.models.deletion
from django.db import migrations, models

from lynxweb.audit.operations import InstallGuard
from lynxweb.review.models.packs import PACK_GUARD


class Migration(migrations.Migration):
    dependencies = [("review", "0003_decisions")]

    operations = [
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(unique=True)),
                ("content_sha256", models.CharField(max_length=64)),
                ("shown", models.TextField()),
                ("consistency", models.TextField()),
                ("exported_at", models.DateTimeField()),
                ("organisation", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation")),
            ],
            options={"abstract": False},
        ),
        InstallGuard(PACK_GUARD),
    ]
