"""Slow clients do not stop the embedded site, and of two starts of one installation the second says what to do."""

from __future__ import annotations

import http.client
import os
import socket
import time
from pathlib import Path

import pytest

from lynxweb.registry.embedded import processes
from lynxweb.registry.embedded.alone import Lock, RunningAlready
from tests.journeys.site import free_port, inside

# The cookie makes the site look for the form's token, that is, read the body, before anybody has signed in.
HEAD = (
    b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: csrftoken=" + b"a" * 32 + b"\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\na"
)


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_more_slow_bodies_than_threads_are_dropped_and_the_site_answers_again(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"LYNXWEB_HOME": str(tmp_path)}
    inside("make", environment)
    port = free_port()
    site = processes.start_site("127.0.0.1", port, tmp_path / "logs", environment)
    slow: list[socket.socket] = []
    try:
        processes.wait_until_ready(f"http://127.0.0.1:{port}", site)
        for _ in range(3):
            slow.append(socket.create_connection(("127.0.0.1", port)))
            slow[-1].sendall(HEAD)
        time.sleep(1)
        assert healthy(port), "three slow bodies leave threads free"
        for _ in range(processes.THREADS):
            slow.append(socket.create_connection(("127.0.0.1", port)))
            slow[-1].sendall(HEAD)
        time.sleep(1)
        assert not healthy(port), "silent clients hold every thread: this test would otherwise show nothing"
        # A silence lasts 30 s, and gunicorn may wait a second time for the rest of a body before it lets the connection go.
        answers, deadline = 0, time.monotonic() + 240
        while answers < 3 and time.monotonic() < deadline:
            answers = answers + 1 if healthy(port) else 0
            time.sleep(1)
        assert answers == 3, "silent clients are dropped and the site answers again and again"
    finally:
        for one in slow:
            one.close()
        processes.stop([site])


def test_the_second_start_says_who_is_running_and_how_to_stop_it(tmp_path: Path) -> None:
    held = Lock(tmp_path / "up.lock")
    with pytest.raises(RunningAlready, match=f"kill {os.getpid()}"):
        Lock(tmp_path / "up.lock")
    held.release()
    Lock(tmp_path / "up.lock").release()


def test_a_site_whose_port_another_program_answers_on_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    homes = [{**environment, "LYNXWEB_HOME": str(tmp_path / name)} for name in ("one", "two")]
    inside("make", homes[0])
    port = free_port()
    first = processes.start_site("127.0.0.1", port, tmp_path / "one" / "logs", homes[0])
    children = [first]
    try:
        processes.wait_until_ready(f"http://127.0.0.1:{port}", first)
        children.append(processes.start_site("127.0.0.1", port, tmp_path / "two" / "logs", homes[1]))
        with pytest.raises(processes.NotReady):
            processes.wait_until_ready(f"http://127.0.0.1:{port}", children[1])
    finally:
        processes.stop(children)
