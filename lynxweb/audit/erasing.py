"""Forgetting a person: the openings of their private values go, the commitments in the log stay, and every proof stays valid."""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Q

from lynxweb.audit.models import Event, PrivateValue

# Values about whoever acts, committed to by events on other objects; every value on the person's own object goes in any case.
OF_THE_ACTOR = ("client_address", "user_agent")


def forget(actor_id: str, using: str = DEFAULT_DB_ALIAS) -> int:
    """Delete the salts and values that open what the log committed to about this person; how many there were. Needs an open transaction."""
    events = Event.objects.using(using)
    own, acted = events.on("actor", actor_id).values("seq"), events.filter(actor=actor_id).values("seq")
    deleted, _ = PrivateValue.objects.using(using).filter(Q(seq__in=own) | Q(seq__in=acted, name__in=OF_THE_ACTOR)).delete()
    return deleted


def overwrite_freed(using: str = DEFAULT_DB_ALIAS) -> None:
    """Have SQLite overwrite what this connection deletes from now on, and empty its write-ahead log once the transaction is committed.

    PostgreSQL frees such bytes at its next VACUUM; a dump never holds them. Backups are covered by how long they are kept.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
    transaction.on_commit(lambda: _empty_write_ahead_log(using), using=using)


def _empty_write_ahead_log(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
