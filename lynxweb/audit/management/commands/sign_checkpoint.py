"""`manage.py sign_checkpoint`: the signer, once or as a process of its own; `--resume` after a repair."""

from __future__ import annotations

import logging
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from lynxweb.audit import signing
from lynxweb.audit.due import due
from lynxweb.audit.halting import halted

LOOK_EVERY_S = 1.0
DEFAULT_AGE_S = 300
SHORTEST_REASON = 10
log = logging.getLogger("lynxweb.signer")


class Command(BaseCommand):
    """Signs and publishes the log as it stands; exit status 3 when the signer refuses."""

    help = "Sign and publish a checkpoint of the log. Exit status 3 when the signer refuses; the site is read-only from then on."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        every = f"Stay, and sign after 100 events, at a pack's export, and when new events are this old ({DEFAULT_AGE_S} s)."
        parser.add_argument("--every", type=int, nargs="?", const=DEFAULT_AGE_S, metavar="SECONDS", help=every)
        parser.add_argument("--resume", metavar="REASON", help="After a repair: check again and, only if everything holds, let the log take events.")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Sign once, or stay."""
        if options["every"] is not None and options["every"] < 1:
            raise CommandError("--every: at least 1 second")
        if options["resume"] is not None and len(options["resume"].strip()) < SHORTEST_REASON:
            raise CommandError(f"--resume: say in at least {SHORTEST_REASON} characters what was repaired")
        if options["every"] is not None:
            self._stay(options["every"])
        try:
            signed = signing.sign() if options["resume"] is None else signing.resume(options["resume"])
        except signing.Refuses as refusal:
            self.stderr.write(f"refused: {refusal}")
            sys.exit(3)
        except OSError as error:
            raise CommandError(f"the signer's folder (LYNXWEB_SIGNER_HOME): {error}") from error
        self.stdout.write(signed.note.decode(), ending="")

    def _stay(self, oldest_s: int) -> None:
        """Look once a second until the process ends; what fails is said once and tried again."""
        said = ""
        while True:
            trouble = _look(oldest_s)
            if trouble and trouble != said:
                log.error("%s", trouble)
            said = trouble
            time.sleep(LOOK_EVERY_S)


def _look(oldest_s: int) -> str:
    """One look; returns what is wrong, or nothing."""
    close_old_connections()
    try:
        if halted() is None and due(oldest_s):
            signed = signing.sign()
            log.info("signed %d events, root %s", signed.size, signed.root.hex())
    except (signing.Refuses, OSError, DatabaseError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
