"""A private PostgreSQL on a free port whose processes may be killed: made by initdb, with fsync on, and thrown away with its folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUPERUSER = "lynxweb"


def programs() -> Path | None:
    """The folder of the newest initdb on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    return None if named is None else Path(named).parent


@dataclass(frozen=True)
class Cluster:
    """A running server: its programs, its folder and its port on the loopback address."""

    programs: Path
    folder: Path
    port: int

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The address of a database, as DATABASE_URL has it; the server trusts every role of this machine."""
        return f"postgres://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, or start again after a stop or crash, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=on -c wal_writer_delay=10s"
        self._control("-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop; `immediate` is a crash: nothing is written that is not written already."""
        self._control("-m", mode, "stop")

    def _control(self, *arguments: str) -> None:
        command = [str(self.programs / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-t", "60", *arguments]
        # Output to a file: the server inherits these handles, and a pipe would stay open as long as it runs.
        with open(os.devnull, "wb") as nowhere:
            subprocess.run(_as_postgres(command), check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere, timeout=120)


@contextmanager
def running(found: Path) -> Iterator[Cluster]:
    """A fresh server with the superuser `lynxweb`; `found` is the folder of its programs."""
    folder = Path(tempfile.mkdtemp(prefix="lynxweb-cluster-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        initdb = [str(found / "initdb"), "-D", str(folder / "data"), "-U", SUPERUSER, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(_as_postgres(initdb), check=True, cwd="/", capture_output=True, timeout=120)
        cluster = Cluster(found, folder, _free_port())
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_postgres(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else list(command)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
