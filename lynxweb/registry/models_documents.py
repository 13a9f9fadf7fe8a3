"""The tables of bytes under their SHA-256: documents in the database, files in storage."""

from __future__ import annotations

from django.db import models

from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet

DIGEST = 64


class DocumentQuerySet(InsertOnlyQuerySet["Document"]):
    """Documents, by digest."""


class Document(InsertOnly):
    """The exact canonical bytes of an executor, methodology, run or quality document, under their SHA-256."""

    sha256 = models.CharField(max_length=DIGEST, primary_key=True)
    kind = models.CharField(max_length=20)
    content = models.BinaryField()

    objects = DocumentQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256}"


class ArtifactQuerySet(InsertOnlyQuerySet["Artifact"]):
    """Files, by digest."""


class Artifact(InsertOnly):
    """A file in storage, content-addressed; one file behind two runs is visible as reuse."""

    sha256 = models.CharField(max_length=DIGEST, primary_key=True)
    size_bytes = models.BigIntegerField()
    media_type = models.CharField(max_length=80)

    objects = ArtifactQuerySet.as_manager()

    def __str__(self) -> str:
        return self.sha256
