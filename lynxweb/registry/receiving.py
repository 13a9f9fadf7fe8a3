"""From a stream to a file: counted and hashed while it arrives, never in memory as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from lynxweb.registry import storage
from lynxweb.registry.refusing import refused
from runner.contract.container import LARGEST_BUNDLE_BYTES

CHUNK_BYTES = 64 * 1024


class Stream(Protocol):
    """Whatever an upload arrives on."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""


@contextmanager
def received(stream: Stream, declared_sha256: str, declared_length: int) -> Iterator[BinaryIO]:
    """The upload in a file at its start, gone afterwards; raises `Refused` unless length and digest are as declared."""
    if declared_length > LARGEST_BUNDLE_BYTES:
        raise refused("too_large", "Content-Length", f"{declared_length} bytes", f"at most {LARGEST_BUNDLE_BYTES} bytes",
                      "measure in smaller bundles", "too-large")  # fmt: skip
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


def _copy(stream: Stream, handle: BinaryIO, limit: int) -> tuple[int, str]:
    length, running = 0, hashlib.sha256()
    while length <= limit and (chunk := stream.read(min(CHUNK_BYTES, limit + 1 - length))):
        handle.write(chunk)
        running.update(chunk)
        length += len(chunk)
    handle.flush()
    return length, running.hexdigest()
