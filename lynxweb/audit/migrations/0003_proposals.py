"""Proposals of two-person acts."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_checkpoints")]

    operations = []
