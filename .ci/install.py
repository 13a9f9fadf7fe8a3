"""The virtual environment: made once, filled from requirements.lock, left alone while nothing it depends on has changed. Standard library only."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from downloads import Download, planned, table
from progress import Progress, follow

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "lynxweb-ready.json"
LOG = VENV / "install.log"
PIP_VERSION = "26.3"
EXTRAS = {"run": ("site", "node", "torch"), "test": ("site", "node", "torch", "dev")}
UNPACKED_PER_DOWNLOADED = 4
SPARE_BYTES = 200_000_000
NETWORK_SIGNS = ("NewConnectionError", "name resolution", "Max retries exceeded", "ConnectTimeout", "Connection to ", "No matching distribution")


def install(purpose: str) -> int:
    """Make .venv hold what `purpose` (run or test) needs; 0 when it does, 1 after saying what stopped it."""
    torch = os.environ.get("TORCH", "")
    if torch not in ("", "none"):
        print(f"TORCH={torch}: use TORCH=none to leave torch out; to choose a build, name its source as below\n{SOURCES}", file=sys.stderr)
        return 1
    with (ROOT / "pyproject.toml").open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # a second make waits for the first
        wanted = {extra for extra in EXTRAS[purpose] if not (extra == "torch" and torch == "none")}
        return 0 if wanted <= _ready() else _fill(wanted | _ready(stale_too=True))


SOURCES = """\
  pip looks where its own settings say (pip config list). The build of torch follows from that:
    a CPU build    PIP_EXTRA_INDEX_URL=<index of CPU builds> make run     or   PIP_FIND_LINKS=/folder/of/wheels make run
    a CUDA build   PIP_EXTRA_INDEX_URL=<index of the CUDA version that your driver carries> make run
    none at all    TORCH=none make run     (ONNX Runtime alone: fp32 against int8 as a precision study)"""


def _digest() -> str:
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "requirements.lock")]
    return hashlib.sha256(b"\0".join([*parts, str(VENV).encode()])).hexdigest()


def _ready(*, stale_too: bool = False) -> set[str]:
    """The extras that .venv holds at the present pyproject.toml and lock (or, with `stale_too`, ever held)."""
    if not STAMP.is_file() or not PYTHON.exists():
        return set()
    stamp = json.loads(STAMP.read_text("utf-8"))
    return set(stamp["extras"]) if stale_too or stamp["digest"] == _digest() else set()


def _fill(extras: set[str]) -> int:
    try:
        _make_venv()
        _pip("install", f"pip=={PIP_VERSION}", f"setuptools=={_locked('setuptools')}", doing="preparing pip")
        downloads = _ask(extras)
        if downloads:
            print(table(downloads), SOURCES if any(each.name == "torch" for each in downloads) else "", sep="\n", file=sys.stderr)
            _check_disk(downloads)
        _install(extras, downloads)
    except Stopped as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    STAMP.write_text(json.dumps({"digest": _digest(), "extras": sorted(extras)}), "utf-8")
    return 0


class Stopped(Exception):
    """Something is missing; the message says what and how to get it."""


def _make_venv() -> None:
    if PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
        return
    print(f"making {VENV} with {sys.executable}", file=sys.stderr)
    try:
        venv.create(VENV, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Stopped(f"could not make {VENV}: {error}\nIs the folder writable, and is python3-venv installed?") from error


def _locked(name: str) -> str:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{name}=="))


def requirements(extras: set[str]) -> list[str]:
    """The requirements of pyproject.toml for `extras`, with references among our own extras opened up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found, waiting = list(project["dependencies"]), sorted(extras)
    while waiting:
        for text in project["optional-dependencies"][waiting.pop()]:
            if text.startswith("lynxweb["):
                waiting.extend(text.removeprefix("lynxweb[").rstrip("]").split(","))
            else:
                found.append(text)
    return found


def _ask(extras: set[str]) -> list[Download]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ("--dry-run", "--quiet", "--report", str(report), "-c", "requirements.lock")
        _pip("install", *options, *requirements(extras), doing="asking pip what is missing")
        return planned(json.loads(report.read_text("utf-8")))


def _check_disk(downloads: list[Download]) -> None:
    needed = SPARE_BYTES + UNPACKED_PER_DOWNLOADED * sum(each.size_bytes or 0 for each in downloads)
    free = shutil.disk_usage(ROOT).free
    if free < needed:
        raise Stopped(f"{ROOT}: {free // 10**6:,} MB free, about {needed // 10**6:,} MB needed. Make room, or use TORCH=none.")


def _install(extras: set[str], downloads: list[Download]) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--no-build-isolation", "--progress-bar", "raw", "-c", "requirements.lock", "-e"]
    command.append(f".[{','.join(sorted(extras))}]")
    with LOG.open("w", encoding="utf-8") as log:
        code = follow(command, ROOT, Progress(downloads, _count_installed, sys.stderr), log)
    if code:
        raise Stopped(_explained("pip install", LOG.read_text("utf-8")))


def _count_installed() -> int:
    return sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))


def _pip(*arguments: str, doing: str) -> None:
    print(f"{doing} …", file=sys.stderr, flush=True)
    done = subprocess.run([PYTHON, "-m", "pip", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stopped(_explained(doing, done.stdout + done.stderr))


def _explained(doing: str, output: str) -> str:
    tail = "\n".join(f"  {line}" for line in output.splitlines()[-12:])
    advice = ""
    if any(sign in output for sign in NETWORK_SIGNS):
        advice = "\nThis step needs an index that pip can reach (a proxy: HTTPS_PROXY=…), or PIP_NO_INDEX=1 PIP_FIND_LINKS=/folder/of/wheels."
    if "No space left" in output:
        advice = f"\nThe disk is full: make room under {ROOT} or {tempfile.gettempdir()} (TMPDIR names another place)."
    return f"{doing} failed:\n{tail}{advice}\nNothing is lost: the next make goes on from here."
