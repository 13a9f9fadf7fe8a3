"""Which runner this is: its version, the commit it was built from and whether somebody changed it since."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from runner.contract.run import RunnerBuild

MEASUREMENT_SEMANTICS = 2
CONTRACT_VERSION = "v1"
UNKNOWN = "unknown"
SOURCE = Path(__file__).resolve().parent
STAMP = "build.json"
PATIENCE_S = 10

Git = Callable[[Sequence[str]], str | None]


def runner_build(root: Path = SOURCE.parent, ask: Git | None = None) -> RunnerBuild:
    """The build of the running code; commit `unknown` where neither a checkout nor a stamp of the build says it."""
    ask = ask or (lambda arguments: _git(root, arguments))
    commit, dirty = _checkout(root, ask) or _stamp(SOURCE / STAMP) or (UNKNOWN, False)
    return RunnerBuild(version=_version(), commit=commit, dirty=dirty, measurement_semantics=MEASUREMENT_SEMANTICS)


def _version() -> str:
    try:
        return metadata.version("lynxweb")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def _checkout(root: Path, ask: Git) -> tuple[str, bool] | None:
    """Commit and whether files of the runner differ from it; None outside a checkout of this project."""
    if not (root / ".git").exists():
        return None
    commit = ask(("rev-parse", "HEAD"))
    changed = ask(("status", "--porcelain", "--", "runner", "pyproject.toml"))
    return None if not commit or changed is None else (commit, bool(changed))


def _stamp(path: Path) -> tuple[str, bool] | None:
    """What the build wrote beside the code: {"commit", "dirty"}."""
    if not path.is_file():
        return None
    found = json.loads(path.read_text("utf-8"))
    return str(found["commit"]), bool(found["dirty"])


def _git(root: Path, arguments: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(("git", "-C", str(root), *arguments), capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
