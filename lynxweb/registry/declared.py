"""The question of the doors about declarations: which promises to measure are open, which were answered, which were given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lynxweb.accounts.roles import READ, require
from lynxweb.audit.actors import Actor
from lynxweb.registry.models import Declaration
from lynxweb.registry.seeing import size_of
from runner.contract.problems import Problem, Problems

STATES = ("open", "used", "abandoned")


@dataclass(frozen=True)
class DeclarationLine:
    """One declaration: `state` is `open`, `used` (by `run`) or `abandoned` (at `abandoned_at`)."""

    nonce: str
    node: str
    node_name: str
    methodology: str
    state: str
    declared_at: datetime
    expires_at: datetime
    run: str | None
    abandoned_at: datetime | None


def declarations_for(actor: Actor, state: str | None = None, limit: int = 50) -> tuple[DeclarationLine, ...]:
    """The newest declarations of the actor's organisation, all or those of one state; `Problems` for a state that there is not."""
    if state is not None and state not in STATES:
        raise Problems([Problem("state", state[:40], " or ".join(STATES), "name a state, or none", "unknown-state")])
    rows = Declaration.objects.for_actor(require(actor, READ)).told(state)[: size_of(limit)]
    return tuple(_line(row) for row in rows)


def _line(row: Declaration) -> DeclarationLine:
    run, given_up = getattr(row, "answered_by", None), getattr(row, "abandonment", None)
    state = "used" if run else "abandoned" if given_up else "open"
    at = None if given_up is None else given_up.abandoned_at
    return DeclarationLine(row.nonce, row.node_id, row.node.name, row.methodology_id, state, row.declared_at, row.expires_at, run, at)
