"""Installed distributions by the names of their metadata folders: no file is opened and nothing is imported, so asking is cheap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from runner.contract.canonical import digest
from runner.probe.machine import Machine

METADATA = re.compile(r"^(?P<name>[^-]+)-(?P<version>[^-]+)(-[^-]+)?\.(dist-info|egg-info)$")


def installed(machine: Machine) -> dict[str, str]:
    """Version by normalised name (PEP 503); where two folders hold a distribution, the first on the path counts, as for an import."""
    versions: dict[str, str] = {}
    for folder in machine.site_folders:
        for name, version in _in(folder):
            versions.setdefault(normal(name), version)
    return versions


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_digest(versions: Mapping[str, str]) -> str:
    """SHA-256 over the sorted names and versions."""
    return digest(sorted(f"{name}=={version}" for name, version in versions.items()))


def _in(folder: Path) -> list[tuple[str, str]]:
    entries: list[str] = []
    with suppress(OSError):
        entries = sorted(entry.name for entry in folder.iterdir())
    matches = (METADATA.match(entry) for entry in entries)
    return [(match["name"], match["version"]) for match in matches if match]
