"""The site's processes in embedded mode: started, watched, and ended with their parent, however it ends."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
THREADS = 16
WORKER = "lynxweb.registry.embedded.patience.PatientWorker"
BOUND = b"Listening at"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PortTaken(RuntimeError):
    """Something else answers on the port."""


class NotReady(RuntimeError):
    """A process of the site did not start, or ended."""


@dataclass(frozen=True)
class Child:
    """One process, with the file that its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int = 0

    def check(self) -> None:
        """Raise `NotReady` with the last lines of its output if it has ended."""
        code = self.process.poll()
        if code is not None:
            raise NotReady(f"{self.name} ended with code {code}; the last lines of {self.log}:\n{last_lines(self.log)}")

    def bound(self) -> bool:
        """Whether this start of a web server has said that it holds its port: what answers there is then no other program."""
        with self.log.open("rb") as lines:
            lines.seek(self.log_start)
            return BOUND in lines.read()


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `PortTaken`, with the remedy, if the site could not listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            why = "taken by another program" if error.errno == errno.EADDRINUSE else "not this user's to use"
            raise PortTaken(f"port {port} is {why}; end that program, or choose another port: make run PORT={port + 1}") from error


def start_site(host: str, port: int, logs: Path, environment: Mapping[str, str]) -> Child:
    """The web server."""
    arguments = [
        "-m", "gunicorn", "lynxweb.wsgi:application", "--bind", f"{host}:{port}", "--workers", "1", "--worker-class", WORKER,
        "--threads", str(THREADS), "--timeout", "120", "--graceful-timeout", "10", "--worker-tmp-dir", str(logs), "--no-control-socket",
    ]  # fmt: skip
    return _start("site", arguments, logs, environment)


def start_worker(logs: Path, environment: Mapping[str, str]) -> Child:
    """The Celery worker."""
    arguments = [
        "-m", "celery", "--app", "lynxweb.celery", "worker", "--pool", "solo", "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        "--without-heartbeat",
    ]  # fmt: skip
    return _start("worker", arguments, logs, environment)


def start_signer(logs: Path, environment: Mapping[str, str]) -> Child:
    """The signer of the log's checkpoints."""
    return _start("signer", ["-m", "django", "sign_checkpoint", "--every", "--settings", "lynxweb.settings"], logs, environment)


def wait_until_ready(url: str, site: Child) -> None:
    """Return as soon as this very process answers that it is ready; `NotReady` when it ends or takes too long."""
    deadline, answer = time.monotonic() + READY_WITHIN_S, ""
    while time.monotonic() < deadline:
        site.check()
        try:
            with _DIRECT.open(f"{url}/readyz", timeout=5):
                site.check()
                if site.bound():
                    return
                answer = "another program answers on the port"
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")
        except OSError as error:
            answer = str(error)
        time.sleep(0.1)
    raise NotReady(f"the site is not ready after {READY_WITHIN_S:.0f} s: {answer}; see {site.log}")


def stop(children: Sequence[Child]) -> None:
    """End the processes politely, and at last by force."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + STOP_WITHIN_S
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def last_lines(path: Path, lines: int = 12) -> str:
    """The end of a file, as text."""
    return "\n".join(path.read_text("utf-8", "replace").splitlines()[-lines:])


def _start(name: str, arguments: Sequence[str], logs: Path, environment: Mapping[str, str]) -> Child:
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = logs / f"{name}.log"
    with path.open("ab") as output:
        start = output.seek(0, os.SEEK_END)
        process = subprocess.Popen(  # a session of its own: Ctrl-C reaches the parent alone, which then ends its children in order
            [sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=dict(environment),
            start_new_session=True, preexec_fn=end_with_parent,  # noqa: PLW1509 - this process has one thread
        )  # fmt: skip
    return Child(name, process, path, start)


def end_with_parent() -> None:
    """In the child: ask the kernel for a SIGTERM when the parent ends, even by kill -9. Only Linux has this."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
