"""Notices, disputes, rulings and redactions."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("review", "0001_reviews")]

    operations = []
