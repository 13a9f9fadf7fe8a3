"""Redactions, and the guard under which a document of the log may lose its bytes."""

from django.db import migrations, models

from lynxweb.audit.models_redactions import LOG_DOCUMENT_GUARD, REDACTION_GUARD
from lynxweb.audit.operations import InstallGuard


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_proposals")]

    operations = [
        migrations.CreateModel(
            name="Redaction",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(unique=True)),
                ("reason_code", models.CharField(max_length=40)),
                ("reason", models.TextField()),
            ],
            options={"db_table": "audit_redaction"},
        ),
        InstallGuard(REDACTION_GUARD),
        InstallGuard(LOG_DOCUMENT_GUARD),
    ]
