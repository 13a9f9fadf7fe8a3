"""Many writers of one log at once, well-behaved and not: `python -m tests.benchmarks._together MODE WRITERS EVENTS` prints one JSON object.

Modes: `proper` (`record()` as every act calls it), `same` (all writers send the same request ids), and three that must fail closed on PostgreSQL:
`repeatable read`, `serializable`, and `one statement` (the lock and the look at the position in one statement, past `record()`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ONE_STATEMENT = """
INSERT INTO audit_event (seq, leaf, hashes, time, actor, action, object_type, object_id, object_rev, request_id)
SELECT n, 'x', 'x', 't', 'a', 'b', 'wrong', 'o' || n || %s, 1, %s
FROM (SELECT (SELECT max(seq) + 1 FROM audit_event) AS n FROM (SELECT pg_advisory_xact_lock(7110) OFFSET 0) l OFFSET 0) s
"""


def run(mode: str, writers: int, events: int, environment: dict[str, str]) -> dict[str, Any]:
    """The figures of `writers` processes that each try `events` appends."""
    command = [sys.executable, "-m", "tests.benchmarks._together", mode, str(writers), str(events)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _one(mode: str, writer: int, number: int) -> None:
    from django.db import connection, transaction

    from lynxweb.audit.actions import Action
    from lynxweb.audit.actors import SYSTEM, Subject
    from lynxweb.audit.record import record

    name = f"{os.getppid()}-{number}" if mode == "same" else f"{os.getppid()}-{writer}-{number}"
    with transaction.atomic():
        if mode == "one statement":
            with connection.cursor() as cursor:
                cursor.execute(ONE_STATEMENT, [name, name])
            return
        if mode in ("repeatable read", "serializable"):
            with connection.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {mode}")
        record(Action.RUN_DECLARE, Subject("run", name), actor=SYSTEM, request_id=f"together:{name}")


def _writer(mode: str, writer: int, events: int, told: int) -> None:
    """Try `events` appends; one line for each: what became of it and how long it took in ns."""
    from django.db import DatabaseError

    from lynxweb.audit.record import AlreadyRecorded, NotRecordable

    for number in range(events):
        start = time.perf_counter_ns()
        try:
            _one(mode, writer, number)
            what = "appended"
        except AlreadyRecorded:
            what = "repeated"
        except (NotRecordable, DatabaseError):
            what = "refused"
        os.write(told, f"{what} {time.perf_counter_ns() - start}\n".encode())


def together(mode: str, writers: int, events: int) -> dict[str, Any]:
    """Counts of appended, repeated and refused, seconds, times of the appended (ns), and what the log looks like afterwards."""
    from django.db import connections

    from lynxweb.audit.full_audit import full_audit

    before = full_audit().size
    connections.close_all()
    heard, told = os.pipe()
    start = time.perf_counter()
    children = [_forked(lambda writer=writer: _writer(mode, writer, events, told)) for writer in range(writers)]  # type: ignore[misc]
    os.close(told)
    with os.fdopen(heard, "rb") as pipe:
        lines = [line.split(" ") for line in pipe.read().decode().splitlines()]
    for child in children:
        os.waitpid(child, 0)
    seconds = time.perf_counter() - start
    audit = full_audit()
    counts = {what: sum(line[0] == what for line in lines) for what in ("appended", "repeated", "refused")}
    times = sorted(int(line[1]) for line in lines if line[0] == "appended")
    return {**counts, "grown": audit.size - before, "faults": len(audit.faults), "seconds": round(seconds, 3), "times_ns": times}


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def main(mode: str, writers: int, events: int) -> None:
    """Make the tables where they are missing, write, print the figures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lynxweb.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(together(mode, writers, events)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
