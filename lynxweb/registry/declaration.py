"""`declare()`: a promise to measure, before the measurement; its nonce is signed into the bundle."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from lynxweb.accounts.models import Node
from lynxweb.accounts.roles import require
from lynxweb.audit import checkpoints, projections
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import Event
from lynxweb.audit.record import record, recorded_as, utc_now
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Declaration, MethodologyVersion
from lynxweb.registry.seeing import named
from runner.contract.canonical import sha256

LIFETIME = timedelta(hours=24)
NO_CHECKPOINT = bytes(32)
REASON = Reason(text="declared over the API")


def declare(
    actor: Actor,
    methodology_digest: str,
    *,
    request_id: str,
    node_id: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Declaration:
    """A fresh declaration for one node under a published methodology.

    The nonce is SHA-256(text of the newest checkpoint or 32 zero bytes, then 32 random bytes). Measuring must start before `expires_at`. A node
    declares for itself; a person names one of the organisation's nodes. The same `request_id` again gives the same declaration.
    """
    acting = require(actor, Action.RUN_DECLARE)
    methodology = MethodologyVersion.objects.filter(digest=named("methodology", methodology_digest)).first()
    if methodology is None:
        raise NotFound("methodology", methodology_digest)
    node = Node.objects.for_actor(acting).filter(id=acting.id if acting.kind == "node" else node_id, retired=False).first()
    if node is None:
        raise NotFound("node", node_id or acting.id)
    earlier = _made_by(request_id, node, methodology)
    if earlier is not None:
        return earlier
    newest, now = checkpoints.newest(), clock()
    nonce = sha256((NO_CHECKPOINT if newest is None else newest.text.encode()) + random_bytes(32))
    with transaction.atomic():
        declaration = Declaration.objects.create(
            nonce=nonce, organisation_id=node.organisation_id, node=node, methodology=methodology,
            declared_at=now, expires_at=now + LIFETIME,
        )  # fmt: skip
        record(
            Action.RUN_DECLARE,
            Subject("declaration", nonce),
            actor=acting,
            reason=REASON,
            request_id=request_id,
            after=projections.keep(declaration),
            clock=clock,
        )
    return declaration


def _made_by(request_id: str, node: Node, methodology: MethodologyVersion) -> Declaration | None:
    """The declaration that this request made before; None lets a new one be made, and `record()` refuses an id that did something else."""
    recorded = recorded_as(request_id)
    event = None if recorded is None else Event.objects.filter(seq=recorded.seq, action=Action.RUN_DECLARE).first()
    return None if event is None else Declaration.objects.filter(nonce=event.object_id, node=node, methodology=methodology).first()
