"""Several processes write one log: no position is lost, doubled or refused, on a SQLite file and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from lynxweb.audit.full_audit import full_audit

WRITERS, EVENTS = 4, 50


def _environment(home: Path, database_url: str) -> dict[str, str]:
    return {**os.environ, "LYNXWEB_HOME": str(home), "DATABASE_URL": database_url}


def _write(environment: dict[str, str]) -> list[str]:
    command = [sys.executable, "-m", "tests.audit.appender"]
    writers = [
        subprocess.Popen([*command, f"w{number}", str(EVENTS)], cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True)
        for number in range(WRITERS)
    ]
    return [writer.communicate(timeout=120)[0].strip() for writer in writers]


def test_four_processes_append_to_one_sqlite_file(tmp_path: Path) -> None:
    environment = _environment(tmp_path, f"sqlite:///{tmp_path / 'log.sqlite3'}")
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity=0"], cwd=settings.BASE_DIR, env=environment, check=True, timeout=120)
    assert _write(environment) == ["refused 0"] * WRITERS
    audit = subprocess.run([*manage, "full_audit"], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert audit.returncode == 0, audit.stderr
    assert '"faults": [], "root": "' in audit.stdout and f'"size": {WRITERS * EVENTS + 1}' in audit.stdout


@pytest.mark.django_db(transaction=True)
def test_four_processes_append_to_one_postgresql_database(tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("DATABASE_URL names no PostgreSQL")
    where = connection.settings_dict
    password = f":{quote(where['PASSWORD'], safe='')}" if where["PASSWORD"] else ""
    address = f"{where['HOST']}:{where['PORT']}" if where["PORT"] else where["HOST"]
    url = f"postgres://{quote(where['USER'], safe='')}{password}@{address}/{quote(where['NAME'])}"
    before = full_audit().size
    assert _write(_environment(tmp_path, url)) == ["refused 0"] * WRITERS
    audit = full_audit()
    assert audit.clean and audit.size == before + WRITERS * EVENTS
