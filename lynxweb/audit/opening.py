"""Opening the log: position 0 names its origin and keys; receipts are signed with the key named there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.keyring import LOG_KEY, RECEIPT_KEY, kept_key, read_key
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.record import NotRecordable, Recorded, hold, record, recorded_as, utc_now
from runner.contract import canonical, receipts

OPENING = "log.open"


@dataclass(frozen=True)
class LogSettings:
    """What `log.open` says: the log's name, the public keys (raw, hex) and whether acts need two people."""

    origin: str
    log_key: str
    receipt_key: str
    two_person_rule: bool


def open_log(
    *,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    folder: Path | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> Recorded:
    """Position 0 of the log, written if the log is empty, with its keys and origin; repeating it changes nothing."""
    opened = recorded_as(OPENING, using)
    if opened is not None:
        return opened
    keys = folder or settings.LYNXWEB_KEYS
    log_key, receipt_key = kept_key(keys, LOG_KEY, random_bytes), kept_key(keys, RECEIPT_KEY, random_bytes)
    with transaction.atomic(using=using):
        hold(transaction.get_connection(using))
        opened = recorded_as(OPENING, using)
        if opened is not None:
            return opened
        origin = f"{urlsplit(settings.LYNXWEB_BASE_URL).hostname}/log/{random_bytes(8).hex()}"
        content = canonical.encode(
            {"v": 1, "origin": origin, "log_key": log_key.public.hex(), "receipt_key": receipt_key.public.hex(), "two_person_rule": "off"}
        )
        document = LogDocument(digest=canonical.sha256(content), content=content)
        document.save(using=using)
        subject = Subject("log", origin)
        return record(Action.LOG_OPEN, subject, actor=SYSTEM, request_id=OPENING, payload=document.digest, clock=clock, using=using)


def log_settings(using: str = DEFAULT_DB_ALIAS) -> LogSettings:
    """What `log.open` says; raises `NotRecordable` where the log is not open."""
    opening = Event.objects.using(using).filter(seq=0).first()
    if opening is None:
        raise NotRecordable("the log is not open: run manage.py migrate, which writes log.open")
    attached = LogDocument.objects.using(using).get(digest=leaf_fields(opening.leaf)["payload"])
    document = leaf_fields(attached.content)
    return LogSettings(document["origin"], document["log_key"], document["receipt_key"], document["two_person_rule"] == "on")


def receipt_for(recorded: Recorded, *, folder: Path | None = None, using: str = DEFAULT_DB_ALIAS) -> bytes:
    """The signed receipt of an event, a DSSE envelope; the same event always gives the same bytes."""
    opened = log_settings(using)
    path = (folder or settings.LYNXWEB_KEYS) / RECEIPT_KEY
    key = read_key(path)
    if key.public.hex() != opened.receipt_key:
        raise NotRecordable(f"{path}: not the receipt key that log.open names; restore the key file that belongs to this database")
    receipt = receipts.Receipt(
        origin=opened.origin, seq=recorded.seq, leaf_digest=recorded.leaf_digest, request_id=recorded.request_id, time=recorded.time
    )
    return receipts.issue(receipt, key)
