"""Reading what may be gone: bytes that were redacted are answered with the event that took them out, and damage stays damage."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from lynxweb.audit.models_redactions import redactable
from lynxweb.audit.redactions import RedactedPayload, all_redactions, redaction_of
from lynxweb.registry.missing import Redacted
from lynxweb.registry.models import Document, Run, RunArtifact

DOCUMENT_GUARD = redactable("registry_document", "sha256", "content", others=("kind",))
# Where a run's own documents hang, by the name that each has in the bundle.
DOCUMENT_PATHS = {
    "run.json": "document",
    "executor.before.json": "executor__document",
    "executor.after.json": "executor_after",
    "quality.json": "quality",
}


def gone(digest: str) -> Redacted | None:
    """The error that answers for redacted bytes; None where nobody redacted them."""
    found = redaction_of(digest)
    return None if found is None else Redacted(digest, found.position, found.reason)


def content_of(document: Document) -> bytes:
    """The bytes of a stored document; raises `Redacted` where they were taken out."""
    content = bytes(document.content)
    if not content and (missing := gone(document.sha256)) is not None:
        raise missing
    return content


def redacted_parts(run_digests: Iterable[str]) -> dict[str, dict[str, RedactedPayload]]:
    """For each run what was redacted of its bundle, by name there, in at most three queries; a whole run has no entry."""
    gone_now, runs = all_redactions(), list(run_digests)
    found: dict[str, dict[str, RedactedPayload]] = {}
    if not gone_now:
        return found
    for run, digest, name in RunArtifact.objects.filter(run__in=runs, artifact__in=list(gone_now)).values_list("run_id", "artifact_id", "role"):
        found.setdefault(run, {})[name] = gone_now[digest]
    touched = Q(*[(f"{path}__in", list(gone_now)) for path in DOCUMENT_PATHS.values()], _connector=Q.OR)
    for run, *digests in Run.objects.filter(touched, digest__in=runs).values_list("digest", *DOCUMENT_PATHS.values()):
        parts = {name: gone_now[digest] for name, digest in zip(DOCUMENT_PATHS, digests, strict=True) if digest in gone_now}
        found.setdefault(run, {}).update(parts)
    return found
