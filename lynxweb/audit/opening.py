"""Opening the log: position 0 names its origin and keys; receipts are signed with the key named there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, transaction

from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from lynxweb.audit.keyring import LOG_KEY, RECEIPT_KEY, kept_key, move_key, read_key
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.record import NotRecordable, Recorded, hold, record, recorded_as, utc_now
from runner.contract import receipts

OPENING = "log.open"


@dataclass(frozen=True)
class LogSettings:
    """What the log says of itself: its name, the public keys (raw, hex) and whether acts need two people."""

    origin: str
    log_key: str
    receipt_key: str
    two_person_rule: bool

    def document(self) -> dict[str, str | int]:
        """The settings document that `log.open` and `checkpoint.note` attach."""
        return {"v": 1} | asdict(self) | {"two_person_rule": "on" if self.two_person_rule else "off"}


def open_log(
    *,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    folder: Path | None = None,
    signer: Path | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> Recorded:
    """Position 0 of the log, written if the log is empty, with its keys and origin; repeating it changes nothing.

    The receipt key lies in `folder`, the log key in the `signer`'s; one that an earlier version left in `folder` is moved.
    """
    keys, signers = folder or settings.LYNXWEB_KEYS, signer or settings.LYNXWEB_SIGNER_HOME
    move_key(LOG_KEY, keys, signers)
    opened = recorded_as(OPENING, using)
    if opened is not None:
        return opened
    log_key, receipt_key = kept_key(signers, LOG_KEY, random_bytes), kept_key(keys, RECEIPT_KEY, random_bytes)
    with transaction.atomic(using=using):
        hold(transaction.get_connection(using))
        opened = recorded_as(OPENING, using)
        if opened is not None:
            return opened
        origin = f"{urlsplit(settings.LYNXWEB_BASE_URL).hostname}/log/{random_bytes(8).hex()}"
        payload = snapshots.keep(LogSettings(origin, log_key.public.hex(), receipt_key.public.hex(), two_person_rule=False).document(), using)
        return record(Action.LOG_OPEN, Subject("log", origin), actor=SYSTEM, request_id=OPENING, payload=payload, clock=clock, using=using)


def log_settings(using: str = DEFAULT_DB_ALIAS) -> LogSettings:
    """What `log.open`, or the newest `checkpoint.note` after it, says; raises `NotRecordable` where the log is not open."""
    said = Event.objects.using(using).filter(object_type="log", action__in=[Action.LOG_OPEN, Action.CHECKPOINT_NOTE]).newest().first()
    if said is None:
        raise NotRecordable("the log is not open: run manage.py migrate, which writes log.open")
    return settings_of(said, using)


def settings_of(said: Event, using: str = DEFAULT_DB_ALIAS) -> LogSettings:
    """The settings that a `log.open` or `checkpoint.note` attaches."""
    attached = LogDocument.objects.using(using).get(digest=leaf_fields(said.leaf)["payload"])
    document = leaf_fields(attached.content)
    return LogSettings(document["origin"], document["log_key"], document["receipt_key"], document["two_person_rule"] == "on")


def set_two_person_rule(
    actor: Actor,
    on: bool,
    *,
    reason: Reason,
    request_id: str,
    proposal: int | None = None,
    clock: Callable[[], datetime] = utc_now,
    using: str = DEFAULT_DB_ALIAS,
) -> Recorded:
    """Switch the two-person rule by a `checkpoint.note` with the whole settings document; whoever calls it has checked the permission.

    The same setting again is a note of its own: it says that somebody confirmed it.
    """
    with transaction.atomic(using=using):
        hold(transaction.get_connection(using))
        settings_now = log_settings(using)
        payload = snapshots.keep(replace(settings_now, two_person_rule=on).document(), using)
        subject, act = Subject("log", settings_now.origin), Action.CHECKPOINT_NOTE
        return record(act, subject, actor=actor, reason=reason, request_id=request_id, payload=payload, proposal=proposal, clock=clock, using=using)


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
