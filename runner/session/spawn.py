"""One trial in a process of its own: fresh, alone in its process group, dead when its session is dead."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from runner.session.task import Task

MODULE = "runner.trial"
PR_SET_PDEATHSIG = 1
TAIL_CHARACTERS = 2_000
# ONNX Runtime's Linux builds from 1.29 on report usage to their maker unless this is set before they are imported. What is measured here
# is nobody else's business, and its threads have no place in a measured process.
SILENCED = {"ORT_DISABLE_TELEMETRY": "1"}


class TrialFailed(Exception):
    """A trial process that did not finish; the message is the end of what it wrote to stderr."""


def spawn(task: Task, folder: Path, patience_s: float, environ: Mapping[str, str] | None = None) -> None:
    """Run one trial in a fresh process that leaves its files in `folder`; raises `TrialFailed`, and never leaves a process behind.

    `environ` is added to the environment of that process.
    """
    with _in_memory() as stderr:
        child = subprocess.Popen(
            (sys.executable, "-m", MODULE, str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={**os.environ, **(environ or {}), **SILENCED},
            start_new_session=True,
        )
        try:
            child.communicate(task.canonical(), timeout=patience_s)
        except subprocess.TimeoutExpired as error:
            _end(child)
            raise TrialFailed(f"no answer within {patience_s:.0f} s") from error
        except BaseException:
            _end(child)
            raise
        if child.returncode != 0:
            stderr.seek(0)
            said = stderr.read().decode("utf-8", "replace").strip()[-TAIL_CHARACTERS:]
            raise TrialFailed(f"exit status {child.returncode}: {said or 'it said nothing'}")


def _in_memory() -> IO[bytes]:
    """A file for what the process says: in memory where the system can, so that a full disk does not silence who complains of it."""
    return os.fdopen(os.memfd_create("stderr"), "w+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent ends, and end at once if that has happened already; elsewhere this does nothing."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the session that asked for this trial is gone")
