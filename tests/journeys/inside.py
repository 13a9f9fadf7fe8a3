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


def rivals() -> dict[str, object]:
    """What several people may do at once: the headers of their browsers, and by act its address and body."""
    from django.core.management import call_command

    from lynxweb.accounts.granting import grant_role
    from lynxweb.accounts.models import Person
    from lynxweb.accounts.people import create_person
    from lynxweb.accounts.roles import Role
    from tests.api.belongings import belongings_of
    from tests.api.fuzzing import in_browser
    from tests.review.committee import committee_of
    from tests.review.people import asked, two_persons

    call_command("migrate", verbosity=0)
    by = committee_of()
    things, people = belongings_of(by), []
    for name in ("third", "fourth"):
        made = create_person(by.site.actor, name=name, email=f"{name}@example.org", password="correct horse battery staple", **asked()).person
        for role in (Role.ADMINISTRATOR, Role.ENGINEER):
            grant_role(by.site.actor, made.actor_id, role, **asked())
        people.append(in_browser(made))
    two_persons()
    why = {"reason": "several people do it at once", "reason_code": "measurement_error"}
    return {
        "token": by.site.token,
        "rivals": people,
        "member": in_browser(Person.objects.get(actor_id=by.second.id)),
        "grant": [f"people/{things['person']}/roles", {**why, "role": "reviewer", "proposal": things["proposal"]}],
        "withdraw": [f"runs/{things['other']}/withdrawals", why],
        "sign": [f"decisions/{things['decision']}/signatures", {"reason": why["reason"]}],
    }


def actions() -> dict[str, object]:
    """How many events of each action the log holds, and whether it is clean."""
    from collections import Counter

    from lynxweb.audit.full_audit import full_audit
    from lynxweb.audit.models import Event

    return {"events": Counter(Event.objects.values_list("action", flat=True)), "clean": full_audit().clean}


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
    print(json.dumps({"make": make, "rivals": rivals, "actions": actions, "state": state, "sweep": sweep}[sys.argv[1]]()))
