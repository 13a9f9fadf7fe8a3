"""Regenerates requirements.lock from what is installed in the environment that runs it: `.venv/bin/python .ci/lock.py`.

Walks from the requirements of pyproject.toml, all extras, through the metadata of the installed distributions. Local versions (torch +cpu)
are cut off, and what a CUDA build of torch brings is left to torch, which pins it itself; so one lock serves every build.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
OWN_NAME = "lynxweb"
PINNED_BY_TORCH = ("nvidia-c", "nvidia-nccl", "nvidia-nv", "triton", "cuda-")
HEADER = """\
# Exact versions of every dependency, all extras, for Linux and Python 3.11 or later. A constraints file that plain pip reads:
#   pip install -c requirements.lock -e ".[site,node,torch,dev]"
# Made by .ci/lock.py; docs/decisions/0001-lock-file.md says why it looks like this. It names no index: pip's own settings do.
"""


def declared() -> list[Requirement]:
    """Every requirement of pyproject.toml: base, all extras and the build backend."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = [project["build-system"]["requires"], project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    return [Requirement(text) for texts in listed for text in texts]


def reached(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Version by canonical name of everything the requirements bring; raises SystemExit naming what is not installed."""
    pins: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if name == OWN_NAME or name.startswith(PINNED_BY_TORCH) or not applies:
            continue
        version, wanted = _installed(name)
        pins[name] = version
        for own_extra in ("", *sorted(requirement.extras)):
            if (name, own_extra) not in seen:
                seen.add((name, own_extra))
                waiting.extend((child, own_extra) for child in wanted)
    return pins


def _installed(name: str) -> tuple[str, list[Requirement]]:
    try:
        found = distribution(name)
    except PackageNotFoundError as error:
        raise SystemExit(f"{name}: not installed here; install every extra first, then lock") from error
    return Version(found.version).public, [Requirement(text) for text in found.requires or []]


def main() -> None:
    """Write requirements.lock beside pyproject.toml."""
    pins = reached(declared())
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    (ROOT / "requirements.lock").write_text(HEADER + "".join(lines), "utf-8")
    print(f"requirements.lock: {len(pins)} distributions", file=sys.stderr)


if __name__ == "__main__":
    main()
