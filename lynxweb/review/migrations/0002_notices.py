"""Notices, disputes and draws."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from lynxweb.audit.operations import InstallGuard
from lynxweb.review.models.notices import NOTICE_GUARDS

SOURCES = [("notice", "notice"), ("dispute", "dispute"), ("ruling", "ruling"), ("redaction", "redaction"), ("withdrawal", "withdrawal")]
OUTCOMES = [("upheld", "upheld"), ("rejected", "rejected"), ("waived", "waived")]


def _to(model: str, related_name: str) -> models.ForeignKey[models.Model, models.Model]:
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=model)


def _beside(model: str, related_name: str) -> models.OneToOneField[models.Model, models.Model]:
    return models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name=related_name, serialize=False, to=model)


def _name() -> models.CharField[str, str]:
    return models.CharField(max_length=40, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [("review", "0001_reviews"), ("registry", "0004_rulings")]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", _name()),
                ("source", models.CharField(choices=SOURCES, max_length=20)),
                ("document", models.CharField(max_length=64)),
                ("effective", models.DateTimeField()),
                ("expires", models.DateTimeField(null=True)),
                ("position", models.BigIntegerField(unique=True)),
                ("rev", models.BigIntegerField()),
                ("run", _to("registry.run", "notices")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="NoticeLift",
            fields=[
                ("notice", _beside("review.notice", "lift")),
                ("position", models.BigIntegerField(unique=True)),
                ("lifted_at", models.DateTimeField()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", _name()),
                ("by", models.CharField(max_length=64)),
                ("clause", models.CharField(max_length=200)),
                ("effect_permille", models.BigIntegerField()),
                ("document", models.CharField(max_length=64)),
                ("published", models.BooleanField()),
                ("deadline", models.DateTimeField()),
                ("position", models.BigIntegerField(unique=True)),
                ("opened_at", models.DateTimeField()),
                ("organisation", _to("accounts.organisation", "+")),
                ("run", _to("registry.run", "disputes")),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="DisputeClosing",
            fields=[
                ("dispute", _beside("review.dispute", "closing")),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=20)),
                ("actor", models.CharField(max_length=64)),
                ("document", models.CharField(max_length=64)),
                ("position", models.BigIntegerField(unique=True)),
                ("closed_at", models.DateTimeField()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Draw",
            fields=[
                ("id", _name()),
                ("document", models.CharField(max_length=64)),
                ("position", models.BigIntegerField(unique=True)),
                ("frozen_at", models.DateTimeField()),
                ("organisation", _to("accounts.organisation", "+")),
            ],
            options={"abstract": False},
        ),
        *(InstallGuard(guard) for guard in NOTICE_GUARDS),
    ]
