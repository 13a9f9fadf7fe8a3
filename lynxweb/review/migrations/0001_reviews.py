"""Reviews."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from lynxweb.audit.operations import InstallGuard
from lynxweb.review.models.reviews import REVIEW_GUARDS


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_standing")]

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("intake", "intake"), ("dispute", "dispute"), ("elected", "elected"), ("drawn", "drawn")], max_length=20
                    ),
                ),
                ("checklist", models.CharField(max_length=80)),
                ("reviewer", models.CharField(max_length=64)),
                ("position", models.BigIntegerField(unique=True)),
                ("opened_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organisation"),
                ),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="registry.run")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="ReviewStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(choices=[("report", "report"), ("response", "response"), ("closing", "closing")], max_length=20),
                ),
                ("actor", models.CharField(max_length=64)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("accepted", "accepted"), ("changes_requested", "changes_requested"), ("not_accepted", "not_accepted")],
                        max_length=20,
                        null=True,
                    ),
                ),
                ("document", models.CharField(max_length=64)),
                ("position", models.BigIntegerField(unique=True)),
                ("taken_at", models.DateTimeField()),
                ("review", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="review.review")),
            ],
            options={"abstract": False},
        ),
        *(InstallGuard(guard) for guard in REVIEW_GUARDS),
    ]
