"""When a checkpoint is due: enough new events, old enough ones, or a pack that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import DEFAULT_DB_ALIAS

from lynxweb.audit import checkpoints
from lynxweb.audit.actions import Action
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now

NEW_EVENTS = 100


def due(oldest_s: int, *, clock: Callable[[], datetime] = utc_now, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether to sign now: 100 events or a `pack.export` above the newest checkpoint, or any event and a checkpoint `oldest_s` seconds old."""
    last = checkpoints.newest(using)
    above = Event.objects.using(using).above(0 if last is None else last.size)
    newest = above.newest().first()
    if newest is None:
        return False
    if last is None or clock() - last.published_at >= timedelta(seconds=oldest_s):
        return True
    return newest.seq + 1 - last.size >= NEW_EVENTS or above.filter(action=Action.PACK_EXPORT).exists()
