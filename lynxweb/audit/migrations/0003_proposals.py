"""Proposals of two-person acts."""

from django.db import migrations, models

from lynxweb.audit.models_proposals import PROPOSAL_GUARD, PROPOSAL_USE_GUARD
from lynxweb.audit.operations import InstallGuard


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_checkpoints")]

    operations = [
        migrations.CreateModel(
            name="Proposed",
            fields=[
                ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("action", models.CharField(max_length=40)),
                ("object_type", models.CharField(max_length=200)),
                ("object_id", models.CharField(max_length=200)),
                ("terms", models.CharField(max_length=64)),
                ("proposer", models.CharField(max_length=200)),
                ("organisation", models.CharField(max_length=40, null=True)),
                ("expires", models.DateTimeField()),
            ],
            options={"db_table": "audit_proposal"},
        ),
        migrations.CreateModel(
            name="ProposalUse",
            fields=[
                ("proposal", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("request_id", models.CharField(max_length=200, unique=True)),
            ],
            options={"db_table": "audit_proposal_use"},
        ),
        InstallGuard(PROPOSAL_GUARD),
        InstallGuard(PROPOSAL_USE_GUARD),
    ]
