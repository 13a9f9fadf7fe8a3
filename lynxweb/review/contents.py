"""The files of a pack that its export pins: leaves, bundles, documents, heads, omissions, and the pages for its reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lynxweb.audit.leaf import leaf_fields
from lynxweb.registry.filing import DOCUMENT_KINDS
from lynxweb.registry.models import Run
from lynxweb.review import evidence
from lynxweb.review.closure import History
from runner.contract import bundle, pack
from runner.contract.canonical import sha256

VERIFIER = Path(bundle.__file__).resolve().parent.parent / "verify.py"
# Snapshots of these objects go along; those of people, nodes and keys stay, because they hold names that are nobody's business.
SHOWS_SNAPSHOTS = frozenset({"run", "review", "declaration", "requirement", "decision", "proposal"})
IN_BUNDLES = frozenset({"run.submit"})  # their payload is the envelope, which has a place of its own
LEFT_OUT = "left out by whoever exported this pack, to keep it small; the site still has it"


class Damaged(RuntimeError):
    """A member of a run's bundle is neither in storage nor redacted: restore storage before anything is exported."""

    def __init__(self, run: str, name: str) -> None:
        super().__init__(f"{name} of run {run} is missing from storage; restore it from the backup")


@dataclass
class Contents:
    """Files by name, and what is left out with the reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    omitted: dict[str, tuple[str, str]] = field(default_factory=dict)


def gather(history: History, runs: Iterable[Run], *, with_samples: bool, redacted: Mapping[str, str]) -> Contents:
    """Everything but what depends on the export itself; `redacted` gives the reason for each payload whose bytes are gone."""
    contents = Contents()
    for position, leaf in history.events.items():
        contents.files[pack.event_name(position)] = leaf
        _attachments(contents, leaf_fields(leaf), redacted)
    for run in runs:
        _bundle(contents, run, with_samples, redacted)
    contents.files[pack.HEADS] = pack.heads(history.heads)
    contents.files[pack.OMITTED] = pack.omitted(contents.omitted)
    return contents


def _attachments(contents: Contents, leaf: Mapping[str, Any], redacted: Mapping[str, str]) -> None:
    digests = {leaf["payload"]} if leaf["action"] not in IN_BUNDLES else set()
    if leaf["object"]["type"] in SHOWS_SNAPSHOTS:
        digests |= {leaf["before"], leaf["after"]}
    for digest in sorted(filter(None, digests)):
        content = None if digest in redacted else evidence.bytes_of(digest)
        if content is not None:
            contents.files[pack.document_name(digest)] = content
        elif digest in redacted:
            contents.omitted[digest] = (f"attached to {leaf['action']}", redacted[digest])


def _bundle(contents: Contents, run: Run, with_samples: bool, redacted: Mapping[str, str]) -> None:
    envelope = evidence.envelope_of(run)
    contents.files[pack.bundle_name(sha256(envelope))] = envelope
    for name, digest in evidence.manifest_of(envelope).items():
        why = redacted.get(digest) or (LEFT_OUT if not with_samples and name not in DOCUMENT_KINDS else None)
        if why is not None:
            contents.omitted[digest] = (name, why)
            continue
        content = evidence.bytes_of(digest)
        if content is None:
            raise Damaged(run.digest, name)
        named = pack.document_name if name in DOCUMENT_KINDS else pack.payload_name
        contents.files[named(digest)] = content
