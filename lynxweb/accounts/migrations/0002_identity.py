"""How far back a revoked key still counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.AddField(model_name="nodekey", name="last_good_seq", field=models.BigIntegerField(null=True))]
