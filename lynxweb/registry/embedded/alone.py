"""One start per installation: a lock on a file below its home, held until the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class RunningAlready(RuntimeError):
    """Another process serves this installation."""


class Lock:
    """An exclusive lock; the kernel gives it back when the process ends, and children do not inherit it."""

    def __init__(self, path: Path) -> None:
        """Take the lock at `path`, or raise `RunningAlready` with who holds it and how to stop it."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._handle, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._handle)
            raise RunningAlready(
                f"a start for {path.parent} is running already (process {holder}); stop it with Ctrl-C in its terminal or `kill {holder}`"
            ) from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back; the file stays, so that nobody locks a file that another has just removed."""
        os.close(self._handle)
