"""What was redacted, and the one way in which stored bytes disappear: the digest stays, the content becomes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections

from lynxweb.audit.models_redactions import Redaction


@dataclass(frozen=True)
class RedactedPayload:
    """Bytes that are gone: their SHA-256, the position of the event that took them out, and its reason."""

    digest: str
    position: int
    reason_code: str
    reason: str


def redaction_of(digest: str, using: str = DEFAULT_DB_ALIAS) -> RedactedPayload | None:
    """The redaction of the bytes with this SHA-256; None where nobody took them out."""
    return redactions_of([digest], using).get(digest)


def redactions_of(digests: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> dict[str, RedactedPayload]:
    """The redactions of these digests, in one query; a digest that was not redacted has no entry."""
    return _by_digest(Redaction.objects.using(using).filter(digest__in=list(digests)))


def all_redactions(using: str = DEFAULT_DB_ALIAS) -> dict[str, RedactedPayload]:
    """Every redaction, in the order of the log."""
    return _by_digest(Redaction.objects.using(using).order_by("position"))


def empty(table: str, key: str, digest: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the content of one document nothing, beside its row in the table of redactions; the database refuses it without one.

    On SQLite the freed bytes are overwritten, so that the file does not keep them either.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute(f"UPDATE {table} SET content = %s WHERE {key} = %s", [b"", digest])


def _by_digest(rows: Iterable[Redaction]) -> dict[str, RedactedPayload]:
    return {row.digest: RedactedPayload(row.digest, row.position, row.reason_code, row.reason) for row in rows}
