"""From a stream to a file: counted and hashed while it arrives, never in memory as a whole."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from django.db import OperationalError

from lynxweb.registry import storage
from lynxweb.registry.refusing import refused
from runner.contract.container import LARGEST_BUNDLE_BYTES

CHUNK_BYTES = 64 * 1024
# What must stay free beside an upload: the database and the log have to be able to write, too.
FREE_FLOOR_BYTES = 64 * 1024 * 1024
POSTGRES_DISK_FULL = "53100"


class Stream(Protocol):
    """Whatever an upload arrives on."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


@contextmanager
def received(stream: Stream, declared_sha256: str, declared_length: int) -> Iterator[BinaryIO]:
    """The upload in a file at its start, gone afterwards; raises `Refused` unless length and digest are as declared.

    OSError (ENOSPC) where the disk has no room for it, before a byte is read.
    """
    if declared_length > LARGEST_BUNDLE_BYTES:
        raise refused("too_large", "Content-Length", f"{declared_length} bytes", f"at most {LARGEST_BUNDLE_BYTES} bytes",
                      "measure in smaller bundles", "too-large")  # fmt: skip
    _leave_room(declared_length)
    path, handle = storage.new_upload()
    try:
        with handle:
            length, found = _copy(stream, handle, declared_length)
            if length != declared_length:
                raise refused("malformed", "Content-Length", f"{length} bytes arrived", f"{declared_length} bytes",
                              "send the whole bundle again", "truncated")  # fmt: skip
            if found != declared_sha256:
                raise refused("rule", "Content-Digest", found, declared_sha256, "send the bytes whose digest is stated", "wrong-digest")
            handle.seek(0)
            yield handle
    finally:
        path.unlink(missing_ok=True)


def out_of_room(error: Exception) -> bool:
    """Whether the disk, a disk quota or the database has no room left."""
    if isinstance(error, OperationalError):
        return "database or disk is full" in str(error) or getattr(error.__cause__, "sqlstate", None) == POSTGRES_DISK_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _leave_room(length: int) -> None:
    folder = storage.incoming()
    if shutil.disk_usage(folder).free < length + FREE_FLOOR_BYTES:
        raise OSError(errno.ENOSPC, "too little room for this upload", str(folder))


def _copy(stream: Stream, handle: BinaryIO, limit: int) -> tuple[int, str]:
    length, running = 0, hashlib.sha256()
    while length <= limit and (chunk := stream.read(min(CHUNK_BYTES, limit + 1 - length))):
        handle.write(chunk)
        running.update(chunk)
        length += len(chunk)
    handle.flush()
    return length, running.hexdigest()
