"""What the signer remembers outside the database: origin, size and root of the last tree that it signed, in one small file."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATE, LOCK = "state.json", ".lock"


@dataclass(frozen=True)
class Memory:
    """The last tree that was signed."""

    origin: str
    size: int
    root: bytes


class Files:
    """The four operations that bring a file to the disk, in this order; a test cuts between any two of them."""

    def write(self, path: Path, content: bytes) -> None:
        """Write a draft that only its owner can read."""
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
            handle.write(content)

    def sync(self, path: Path) -> None:
        """Bring the content of a file, or the entries of a folder, to the disk."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, draft: Path, path: Path) -> None:
        """Put the draft in place; a reader sees the old file or the new one."""
        os.replace(draft, path)


def recall(folder: Path) -> Memory | None:
    """What `folder` remembers, or None before the first signature; raises ValueError for a file that is not ours."""
    path = folder / STATE
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_bytes())
        if sorted(state) != ["origin", "root", "size", "v"] or state["v"] != 1:
            raise ValueError("another shape")
        return Memory(str(state["origin"]), int(state["size"]), bytes.fromhex(state["root"]))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a signer's memory of version 1 ({error}): restore it, never make one up") from error


def remember(folder: Path, memory: Memory, files: Files) -> None:
    """Bring `memory` to the disk so that a crash at any moment leaves the old one or the new one: write, sync, rename, sync of the folder."""
    content = json.dumps({"v": 1, "origin": memory.origin, "size": memory.size, "root": memory.root.hex()}, sort_keys=True).encode()
    draft = folder / f".{STATE}.draft"
    files.write(draft, content)
    files.sync(draft)
    files.rename(draft, folder / STATE)
    files.sync(folder)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One signer at a time: waits for the other to finish; the kernel gives the lock back if it dies."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
