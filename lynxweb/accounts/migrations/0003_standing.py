"""Revisions of rows that hold a standing."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_identity")]

    operations = []
