"""The questions of the doors about draws: those of the actor's organisation, and the runs that could be drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lynxweb.accounts.roles import READ, require
from lynxweb.audit.actors import Actor
from lynxweb.registry.seeing import runs_seen_by
from lynxweb.review.drawing import draw_for
from lynxweb.review.models.notices import Draw

MOST_LISTED = 100
MOST_PROPOSED = 200


@dataclass(frozen=True)
class DrawLine:
    """One draw as a list shows it: how many runs are picked among how many, by which value, and where the log has it."""

    id: str
    candidates: int
    count: int
    seed_source: str
    position: int
    frozen_at: datetime


def draws_for(actor: Actor) -> tuple[DrawLine, ...]:
    """The newest 100 draws of the actor's organisation."""
    rows = Draw.objects.for_actor(require(actor, READ)).order_by("-position")[:MOST_LISTED]
    frozen = [(row, draw_for(actor, row.id)) for row in rows]
    return tuple(DrawLine(row.id, len(one.candidates), one.count, one.seed_source, one.position, row.frozen_at) for row, one in frozen)


def drawable_for(actor: Actor) -> tuple[str, ...]:
    """Digests of the newest 200 published, standing runs that the actor may see: what a draw usually is among."""
    runs = runs_seen_by(actor).standing().filter(stage="published").order_by("-position")
    return tuple(runs.values_list("digest", flat=True)[:MOST_PROPOSED])
