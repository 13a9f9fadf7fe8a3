"""`manage.py up` without its benchmark: what the first start makes, later starts keep; nothing is left running, however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.journeys.site import ROOT, free_port, own_database, wait_for

REMEMBERED = [{"question": "A remembered question", "path": "/compare/" + "a" * 64, "verdict": "comparable"}]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An installation that remembers its first light, so that a start takes no benchmark."""
    (tmp_path / "first-light.json").write_text(json.dumps(REMEMBERED))
    with own_database(os.environ.get("DATABASE_URL", "")) as database:
        variables = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CELERY_BROKER_URL")}
        yield {**variables, "LYNXWEB_HOME": str(tmp_path), **({"DATABASE_URL": database} if database else {})}


def command(port: int, *options: str) -> list[str]:
    """The command line of a start."""
    return [sys.executable, "manage.py", "up", "--port", str(port), *options]


def start(environment: dict[str, str], port: int) -> subprocess.CompletedProcess[str]:
    """One start that ends by itself."""
    return subprocess.run(command(port, "--exit"), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def processes_of(home: str) -> list[str]:
    """Command lines of running processes that serve this installation."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LYNXWEB_HOME") == home and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_the_password_is_shown_once_and_the_addresses_every_time(environment: dict[str, str]) -> None:
    port = free_port()
    first, second = start(environment, port), start(environment, port)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    password = re.search(r"Password  (\S{20,})", first.stdout)
    assert password and password[1] not in second.stdout + second.stderr + first.stderr
    for shown in (first.stdout, second.stdout):
        assert f"http://127.0.0.1:{port}/compare/{'a' * 64}" in shown and "A remembered question" in shown
    assert processes_of(environment["LYNXWEB_HOME"]) == []


def test_a_taken_port_is_said_with_its_remedy_before_anything_is_made(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(environment, port)
    assert done.returncode == 1 and f"port {port} is taken" in done.stderr and f"PORT={port + 1}" in done.stderr


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
def test_however_the_parent_ends_its_children_end(environment: dict[str, str], number: signal.Signals) -> None:
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent was killed")
    port = free_port()
    parent = subprocess.Popen(command(port), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout is not None
    wait_for(port)
    assert any("remembered" in line for line in parent.stdout), "the addresses are printed"
    assert len(processes_of(environment["LYNXWEB_HOME"])) >= 3
    parent.send_signal(number)
    parent.wait(30)
    deadline = time.monotonic() + 20
    while processes_of(environment["LYNXWEB_HOME"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_of(environment["LYNXWEB_HOME"]) == []
