"""Revisions, stage and visibility of runs."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_guards"), ("accounts", "0003_standing")]

    operations = []
