"""A real site for a journey: its own data folder and database, gunicorn on a free port, asked from outside over HTTP."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class JourneySite:
    """A running site; `pid` is gunicorn's master."""

    environment: dict[str, str]
    port: int
    pid: int
    token: str
    made: dict[str, Any]

    def inside(self, verb: str) -> dict[str, Any]:
        """Ask the site from the inside."""
        return inside(verb, self.environment)

    def workers(self) -> list[int]:
        """The processes that answer requests."""
        return [child.pid for child in psutil.Process(self.pid).children()]

    def kill_worker(self) -> None:
        """kill -9 of whoever answers; gunicorn starts another."""
        for pid in self.workers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def post(self, headers: Mapping[str, str], path: str, body: Any) -> int:
        """POST JSON to the API as whoever has these headers; the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", f"/api/v1/{path}", json.dumps(body), {"Content-Type": "application/json", **headers})
            return connection.getresponse().status
        finally:
            connection.close()

    def upload(self, content: bytes) -> tuple[int, dict[str, Any]]:
        """POST a bundle; status and answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", "/api/v1/bundles", content, upload_headers(self.token, content))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def upload_headers(token: str, content: bytes) -> dict[str, str]:
    """The headers of an upload."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.lynxweb.bundle", "Content-Digest": f"sha-256=:{digest}:"}


def inside(verb: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run a verb of `tests.journeys.inside` in the site's environment."""
    command = [sys.executable, "-m", "tests.journeys.inside", verb]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def running(folder: Path, threads: int = 8, more: Mapping[str, str] | None = None, verb: str = "make") -> Iterator[JourneySite]:
    """A fresh site in `folder`, made by `verb` and served until the end of the block; a PostgreSQL database of its own if DATABASE_URL says so."""
    with own_database(os.environ.get("DATABASE_URL", "")) as database:
        environment = {**os.environ, "LYNXWEB_HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **(more or {})}
        environment.pop("DATABASE_URL", None)
        environment |= {"DATABASE_URL": database} if database else {}
        made, port = inside(verb, environment), free_port()
        command = [
            sys.executable, "-m", "gunicorn", "lynxweb.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "1",
            "--worker-class", "gthread", "--threads", str(threads), "--no-control-socket", "--log-level", "warning",
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield JourneySite(environment, port, process.pid, str(made["token"]), made)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(port: int) -> None:
    """Return when the site answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError("the site did not start")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """A fresh PostgreSQL database beside the one in `url`; nothing for SQLite, whose file lies in the site's folder."""
    if not url.startswith("postgres"):
        yield ""
        return
    import psycopg

    name, parts = f"test_journey_{secrets.token_hex(6)}", urlsplit(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
