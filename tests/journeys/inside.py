"""What a journey asks of its site from the inside, in a process with the site's own environment: `python -m tests.journeys.inside VERB`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def make() -> dict[str, object]:
    """Set the site up, with one organisation and node; the node's token."""
    from django.core.management import call_command

    from tests.registry.world import world

    call_command("migrate", verbosity=0)
    return {"token": world().token}


def state() -> dict[str, object]:
    """Everything a half-accepted run could show in: rows, events, files, owners of files, and whether each run is whole."""
    from django.conf import settings

    from lynxweb.audit.full_audit import full_audit
    from lynxweb.audit.models import Event
    from lynxweb.registry.models import Artifact, Run
    from lynxweb.registry.rechecking import check_again

    storage = Path(settings.LYNXWEB_STORAGE)
    runs = sorted(Run.objects.values_list("digest", flat=True))
    return {
        "runs": runs,
        "submitted": sorted(Event.objects.filter(action="run.submit").values_list("object_id", flat=True)),
        "rejected": Event.objects.filter(action="bundle.reject").count(),
        "files": sorted(path.name for path in storage.rglob("*") if path.is_file()),
        "owned": sorted(Artifact.objects.values_list("sha256", flat=True)),
        "incoming": len(list((Path(settings.LYNXWEB_HOME) / "incoming").glob("*"))),
        "changed": [digest for digest in runs if check_again(digest).changed],
        "clean": full_audit().clean,
    }


def sweep() -> dict[str, object]:
    """What a start does first."""
    from lynxweb.registry.sweeping import sweep as swept

    return {"swept": swept()}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lynxweb.settings")
    import django

    django.setup()
    print(json.dumps({"make": make, "state": state, "sweep": sweep}[sys.argv[1]]()))
