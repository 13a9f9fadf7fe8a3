"""`manage.py audit`: the full audit of the log and the replay of every table from it; exit status 3 when anything differs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.projections import FILES
from lynxweb.audit.replay import replay


class Command(BaseCommand):
    """Prints one JSON object: the log's size, root and faults; rows held against it and their faults; with --files the stored files' faults."""

    help = "Re-hashes the audit log, holds every audited row against it, and names table, key and column of what differs; exit status 3 if any."

    def add_arguments(self, parser: CommandParser) -> None:
        """One option."""
        parser.add_argument("--files", action="store_true", help="also read every stored file: size and SHA-256")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Audit, replay and print."""
        log, rows = full_audit(), replay()
        found = [asdict(one) for one in rows.faults]
        told: dict[str, Any] = {"log": asdict(log), "rows": {"held": rows.rows, "unkept": rows.unkept, "faults": found}}
        if options["files"]:
            told["files"] = {"faults": [asdict(fault) for check in FILES for fault in check()]}
        told["clean"] = log.clean and not rows.faults and not told.get("files", {}).get("faults")
        self.stdout.write(json.dumps(told, sort_keys=True))
        if not told["clean"]:
            sys.exit(3)
