"""Whether storage holds every file as its row says: there, of that size, with that SHA-256."""

from __future__ import annotations

from collections.abc import Iterator

from lynxweb.audit.redactions import all_redactions
from lynxweb.audit.stored import ReplayFault
from lynxweb.registry import storage
from lynxweb.registry.models import Artifact
from runner.contract.canonical import sha256


def file_faults() -> Iterator[ReplayFault]:
    """Every artifact whose file is gone or is not what its row says; a redacted one has no file, and that is no fault."""
    redacted = all_redactions()
    for one in Artifact.objects.order_by("sha256").iterator(chunk_size=200):
        if one.sha256 in redacted:
            continue
        try:
            content = storage.fetch(one.sha256)
        except FileNotFoundError:
            yield ReplayFault("registry_artifact", one.sha256, "file", "storage has no such file")
            continue
        if sha256(content) != one.sha256:
            yield ReplayFault("registry_artifact", one.sha256, "file", "not the bytes of this digest")
        if len(content) != one.size_bytes:
            yield ReplayFault("registry_artifact", one.sha256, "size_bytes", f"the file has {len(content)} bytes")
