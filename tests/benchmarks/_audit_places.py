"""Scratch places for the log's benchmark: an SQLite file and a private PostgreSQL with fsync on, one Django process that uses both."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import _cluster

ALIASES = {"sqlite": "default", "postgresql": "postgresql"}
DATABASE = "audit_log"


@dataclass(frozen=True)
class Places:
    """Where everything lies: the folder with the SQLite file and the keys, and the server."""

    folder: Path
    server: _cluster.Cluster

    def database(self, name: str) -> str:
        """The address of a new database on the server."""
        command = [str(self.server.programs / "createdb"), "-h", "127.0.0.1", "-p", str(self.server.port), "-U", _cluster.SUPERUSER, name]
        subprocess.run(command, check=True, capture_output=True)
        return self.server.url(name)

    def fsyncs_per_s(self) -> int:
        """How many times a second the disk of the server takes one page of 8 KiB for good, as pg_test_fsync measures fdatasync."""
        probe = self.folder / "fsync"
        command = [str(self.server.programs / "pg_test_fsync"), "-s", "1", "-f", str(probe)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        line = next(line for line in told.splitlines() if line.split()[:1] == ["fdatasync"])
        return round(float(line.split()[1]))


@contextmanager
def scratch() -> Iterator[Places]:
    """Both databases with their tables and an open log; thrown away afterwards."""
    programs = _cluster.programs()
    if programs is None:
        raise SystemExit("audit_log: no initdb: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="lynxweb-audit-log-") as folder, _cluster.running(programs) as server:
        places = Places(Path(folder), server)
        os.environ |= {"LYNXWEB_HOME": folder, "DATABASE_URL": "", "AUDIT_LOG_POSTGRESQL": places.database(DATABASE)}
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks._audit_settings"
        _set_up()
        try:
            yield places
        finally:
            from django.db import connections

            connections.close_all()


def _set_up() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    for alias in ALIASES.values():
        call_command("migrate", verbosity=0, database=alias)


def forked(works: list[Callable[[], bytes]]) -> list[bytes]:
    """What each piece of work returned, all at once in processes of their own that share no connection."""
    from django.db import connections

    connections.close_all()
    pipes = []
    for work in works:
        heard, told = os.pipe()
        child = os.fork()
        if child == 0:
            _answer(work, told)
        os.close(told)
        pipes.append((child, heard))
    answers = []
    for child, heard in pipes:
        with os.fdopen(heard, "rb") as answer:
            answers.append(answer.read())
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit("audit_log: a process of the benchmark died; see above")
    return answers


def _answer(work: Callable[[], bytes], told: int) -> None:
    """Run in a child: write the answer, and leave without the parent's cleaning up."""
    import traceback

    try:
        with os.fdopen(told, "wb") as answer:
            answer.write(work())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
