"""A writer process: appends COUNT events, one per transaction, and prints how many were refused."""

from __future__ import annotations

import os
import sys

import django


def main(name: str, count: int) -> None:
    """Append `count` events as writer `name`; prints `refused N` and the kinds of the refusals."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lynxweb.settings")
    django.setup()
    from django.db import DatabaseError, transaction

    from lynxweb.audit.actions import Action
    from lynxweb.audit.actors import SYSTEM, Subject
    from lynxweb.audit.record import record

    refused = []
    for number in range(count):
        try:
            with transaction.atomic():
                record(Action.RUN_DECLARE, Subject("run", f"{name}_{number}"), actor=SYSTEM, request_id=f"{name}:{number}")
        except DatabaseError as error:
            refused.append(str(error))
    print(f"refused {len(refused)}", *sorted(set(refused)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
