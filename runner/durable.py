"""Files that are either whole or not there: written beside their place, flushed to the disk, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path` with mode 0600, whole or not at all, on the disk before this returns; replaces what was there."""
    temporary = _written(path, content)
    os.replace(temporary, path)
    _sync_folder(path.parent)


def write_once(path: Path, content: bytes) -> bool:
    """Like `write_private`, but the first writer wins: False if `path` was there already, which then stays as it is."""
    temporary = _written(path, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def sweep(folder: Path) -> list[Path]:
    """Remove the temporary files of writers that are gone; returns what was removed."""
    removed = []
    for left in folder.glob(f".*{TEMPORARY}") if folder.is_dir() else ():
        writer = left.name.split(".")[-2]
        if writer.isdigit() and not Path(f"/proc/{writer}").exists():
            left.unlink(missing_ok=True)
            removed.append(left)
    return removed


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{os.getpid()}{TEMPORARY}"
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
