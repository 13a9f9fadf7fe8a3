"""Giving a declaration up: that the promised run will not come is said, dated and counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import projections
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.record import Recorded, hold, record, recorded_as, utc_now
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Abandonment, Declaration
from lynxweb.registry.seeing import named
from runner.contract.problems import Problem, Problems

OBJECT_TYPE = "declaration"


def abandon_declaration(actor: Actor, nonce: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Give up a declaration of the actor's organisation that no run has answered; its nonce is worth nothing from now on.

    A node gives up its own declarations alone. Raises `Problems` (code `not-open`) where a run has answered it or it was given up before.
    """
    acting = require(actor, Action.RUN_ABANDON)
    with transaction.atomic():
        declaration = Declaration.objects.for_actor(acting).filter(nonce=named(OBJECT_TYPE, nonce)).first()
        if declaration is None or (acting.kind == "node" and declaration.node_id != acting.id):
            raise NotFound(OBJECT_TYPE, nonce)
        if (made := _made_by(request_id, nonce)) is not None:
            return made
        hold(transaction.get_connection())  # a run that answers the declaration is accepted before this or after it, never beside it
        if declaration.state != "open":
            raise Problems([Problem("declaration", declaration.state, "an open declaration", "nothing is to be done", "not-open")])
        row = Abandonment(declaration=declaration, abandoned_at=clock())
        row.save()
        before = leaf_fields(Event.objects.get(object_type=OBJECT_TYPE, object_id=nonce, object_rev=1).leaf)["after"]
        return record(
            Action.RUN_ABANDON, Subject(OBJECT_TYPE, nonce, 2),
            actor=acting, reason=reason, request_id=request_id, before=before, after=projections.keep(row), clock=clock,
        )  # fmt: skip


def _made_by(request_id: str, nonce: str) -> Recorded | None:
    made = Event.objects.filter(request_id=request_id, action=Action.RUN_ABANDON, object_id=nonce).exists()
    return recorded_as(request_id) if made else None
