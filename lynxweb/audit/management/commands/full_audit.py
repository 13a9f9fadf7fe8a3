"""`manage.py full_audit`: re-hashes the whole log and names every bad row; exit status 3 when there is one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from lynxweb.audit.full_audit import full_audit


class Command(BaseCommand):
    """Prints one JSON object: size, root, faults."""

    help = "Re-hashes every leaf and subtree hash of the audit log and names every bad row; exit status 3 when there is one."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """Audit and print."""
        audit = full_audit()
        self.stdout.write(json.dumps(asdict(audit), sort_keys=True))
        if not audit.clean:
            sys.exit(3)
