"""Revoking a key back to an earlier position: the key's event, and a notice on every run that the key signed in between, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.key_changes import revoke_key_back
from lynxweb.audit.actors import SYSTEM, Actor, Reason
from lynxweb.audit.record import Recorded, utc_now
from lynxweb.review.notices import Posted, notices_for_key


@dataclass(frozen=True)
class ReachedBack:
    """The event that revoked the key, and the notices that the site posted because of it."""

    revoked: Recorded
    notices: tuple[Posted, ...]


def revoke_key_and_notify(
    actor: Actor,
    key_id: str,
    last_good_seq: int,
    *,
    reason: Reason,
    request_id: str,
    proposal: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ReachedBack:
    """`revoke_key_back()`, and the site's own notice on each run above `last_good_seq` that the key signed; nothing is deleted.

    The notices are the site's, because whoever revokes keys need not be a publisher; they name the event, which holds actor and reason.
    """
    with transaction.atomic():
        revoked = revoke_key_back(actor, key_id, last_good_seq, reason=reason, request_id=request_id, proposal=proposal, clock=clock)
        text = f"Event {revoked.seq} revoked the key that signed this run: it counts up to position {last_good_seq} of the log and no further."
        because = Reason(reason.code, f"follows from event {revoked.seq}")
        notices = notices_for_key(
            SYSTEM, key_id, after=last_good_seq, before=revoked.seq, text=text, reason=because, request_id=f"{request_id}:notice", clock=clock
        )
    return ReachedBack(revoked, notices)
