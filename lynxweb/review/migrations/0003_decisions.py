"""Requirements and decisions."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from lynxweb.audit.operations import InstallGuard
from lynxweb.review.models.decisions import DECISION_GUARDS

PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_standing"), ("registry", "0003_standing"), ("review", "0002_notices")]

    operations = [
        migrations.CreateModel(
            name="RequirementVersion",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=300)),
                ("supersedes", models.CharField(max_length=64, null=True, unique=True)),
                ("position", models.BigIntegerField(unique=True)),
                ("published_at", models.DateTimeField()),
                ("organisation", models.ForeignKey(on_delete=PROTECT, related_name="+", to="accounts.organisation")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(unique=True)),
                ("organisation", models.ForeignKey(on_delete=PROTECT, related_name="+", to="accounts.organisation")),
                ("requirement", models.ForeignKey(on_delete=PROTECT, related_name="decisions", to="review.requirementversion")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="DecisionCitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("decision", models.ForeignKey(on_delete=PROTECT, related_name="citations", to="review.decision")),
                ("run", models.ForeignKey(on_delete=PROTECT, related_name="+", to="registry.run")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("decision", "run"), name="decision_citation_once")]},
        ),
        migrations.CreateModel(
            name="DecisionSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("actor", models.CharField(max_length=40)),
                ("rev", models.BigIntegerField()),
                ("position", models.BigIntegerField(unique=True)),
                ("signed_at", models.DateTimeField()),
                ("decision", models.ForeignKey(on_delete=PROTECT, related_name="signatures", to="review.decision")),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("decision", "actor"), name="decision_signed_once")]},
        ),
        migrations.CreateModel(
            name="DecisionAddendum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("actor", models.CharField(max_length=40)),
                ("rev", models.BigIntegerField()),
                ("document", models.CharField(max_length=64)),
                ("position", models.BigIntegerField(unique=True)),
                ("added_at", models.DateTimeField()),
                ("decision", models.ForeignKey(on_delete=PROTECT, related_name="addenda", to="review.decision")),
            ],
            options={"abstract": False},
        ),
        *(InstallGuard(guard) for guard in DECISION_GUARDS),
    ]
