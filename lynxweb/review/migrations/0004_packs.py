"""Evidence packs."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("review", "0003_decisions")]

    operations = []
