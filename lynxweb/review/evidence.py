"""The exact bytes behind a digest, wherever the site keeps them: log documents, documents of runs, registrations of keys, files."""

from __future__ import annotations

from lynxweb.accounts.models import NodeKey
from lynxweb.audit.models import LogDocument
from lynxweb.registry import rechecking, storage
from lynxweb.registry.models import Artifact, Document, Run
from runner.contract.bundle import ENVELOPE, Statement
from runner.contract.canonical import sha256
from runner.contract.dsse import parse


def bytes_of(digest: str) -> bytes | None:
    """The bytes with this SHA-256; None where the site has never had them or no longer has them."""
    kept = _kept(digest)
    return kept if kept is not None and sha256(kept) == digest else _registration(digest)


def _kept(digest: str) -> bytes | None:
    attached = LogDocument.objects.filter(digest=digest).first()
    if attached is not None:
        return bytes(attached.content)
    document = Document.objects.filter(sha256=digest).first()
    if document is not None:
        return bytes(document.content)
    return storage.fetch(digest) if Artifact.objects.filter(sha256=digest).exists() else None


def _registration(digest: str) -> bytes | None:
    """The proof of possession that a `key.register` event attaches; keys are few, and their rows hold it."""
    found = (bytes(content) for content in NodeKey.objects.values_list("registration", flat=True).iterator())
    return next((content for content in found if sha256(content) == digest), None)


def envelope_of(run: Run) -> bytes:
    """The signed envelope of the run's bundle."""
    return rechecking.members_of(run)[ENVELOPE]()


def manifest_of(envelope: bytes) -> dict[str, str]:
    """SHA-256 by name of every member that the signature covers."""
    return {subject.name: subject.digest.sha256 for subject in Statement.read(parse(envelope).payload).subject}
