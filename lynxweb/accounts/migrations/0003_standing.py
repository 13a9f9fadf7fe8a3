"""Revisions of rows that hold a standing; a role taken back keeps its row."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from lynxweb.accounts.guarding import guards
from lynxweb.audit.guards import deny_updates
from lynxweb.audit.operations import InstallGuard


def count_events(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Name the roles that exist already as the log does; a row's revision is the number of its events."""
    person, membership = apps.get_model("accounts", "Person"), apps.get_model("accounts", "Membership")
    event = apps.get_model("audit", "Event")
    for one in person.objects.all():
        person.objects.filter(pk=one.pk).update(rev=event.objects.filter(object_type="actor", object_id=one.actor_id).count())
    for row in membership.objects.select_related("person"):
        name = f"{row.organisation_id}:{row.person.actor_id}:{row.role}"
        rev = event.objects.filter(object_type="role", object_id=name).count()
        membership.objects.filter(pk=row.pk).update(object_id=name, rev=rev)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_identity"), ("audit", "0001_initial")]

    operations = [
        migrations.AddField(model_name="membership", name="object_id", field=models.CharField(default="", editable=False, max_length=110)),
        migrations.AddField(model_name="membership", name="rev", field=models.BigIntegerField(default=1)),
        migrations.AddField(model_name="membership", name="revoked", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="person", name="rev", field=models.BigIntegerField(default=1)),
        migrations.RunPython(count_events, migrations.RunPython.noop),
        *(InstallGuard(guard) for guard in [*guards(), deny_updates("private_value")]),
    ]
