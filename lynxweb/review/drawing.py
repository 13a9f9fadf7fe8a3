"""Reviews by lot: the candidates are frozen in the log before the public value is known that picks among them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import READ, require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import LogDocument
from lynxweb.audit.record import Recorded, record, utc_now
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.acting import made_before, next_position, refuse
from lynxweb.review.models.notices import Draw
from lynxweb.review.public_text import text_problems
from runner.contract.drawing import draw
from runner.contract.problems import Problem

MOST_CANDIDATES = 20_000
OBJECT_TYPE = "draw"


@dataclass(frozen=True)
class Frozen:
    """Candidates that were frozen, and the event that froze them."""

    draw: str
    recorded: Recorded


@dataclass(frozen=True)
class FrozenDraw:
    """A draw as its event holds it: sorted run digests, how many are picked, the public value that will pick, and the event's position."""

    id: str
    candidates: tuple[str, ...]
    count: int
    seed_source: str
    position: int

    def picked(self, seed: str) -> tuple[str, ...]:
        """The runs that this value picks; `Problems` for an empty one."""
        try:
            return draw(self.candidates, seed, self.count)
        except ValueError as error:
            refuse([Problem("seed", "empty", "the public value", str(error), "no-seed")])
            raise


def draw_review(
    actor: Actor,
    candidates: Iterable[str],
    *,
    seed_source: str,
    count: int = 1,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Frozen:
    """Freeze the runs among which `count` will be drawn for a review.

    `seed_source` names a value that nobody can know yet: a future round of a public beacon, or dice that the committee will throw. The log's
    own checkpoints are none: whoever runs the site could try contents until the draw suits.
    """
    acting = require(actor, Action.REVIEW_DRAW)
    listed = sorted(set(candidates))
    with transaction.atomic():
        if (made := made_before(request_id, Action.REVIEW_DRAW)) is not None:
            return Frozen(Draw.objects.get(position=made.seq).id, made)
        seen = set(Run.objects.for_actor(acting).standing().filter(digest__in=listed).values_list("digest", flat=True))
        if unseen := [digest for digest in listed if digest not in seen]:
            raise NotFound("run", unseen[0])
        refuse([*text_problems("seed_source", seed_source), *_count_problems(listed, count)])
        row = Draw(id=f"draw_{random_bytes(10).hex()}", organisation_id=str(acting.organisation), frozen_at=clock())
        row.document = snapshots.keep({"v": 1, "draw": row.id, "candidates": listed, "count": count, "seed_source": seed_source.strip()})
        row.position = next_position()
        row.save()
        after = snapshots.keep({"draws": [snapshots.row(row)]})
        recorded = record(
            Action.REVIEW_DRAW, Subject(OBJECT_TYPE, row.id, 1),
            actor=acting, reason=reason, request_id=request_id, after=after, payload=row.document, clock=clock,
        )  # fmt: skip
    return Frozen(row.id, recorded)


def draw_for(actor: Actor, draw_id: str) -> FrozenDraw:
    """A draw of the actor's organisation, with its candidates."""
    row = Draw.objects.for_actor(require(actor, READ)).filter(id=draw_id[:40]).first()
    if row is None:
        raise NotFound("draw", draw_id)
    told = leaf_fields(LogDocument.objects.get(digest=row.document).content)
    return FrozenDraw(row.id, tuple(told["candidates"]), told["count"], told["seed_source"], row.position)


def _count_problems(candidates: list[str], count: int) -> Iterator[Problem]:
    if not 0 < len(candidates) <= MOST_CANDIDATES:
        yield Problem("candidates", str(len(candidates)), f"1 to {MOST_CANDIDATES} runs", "name the runs among which is drawn", "candidates")
    if not 0 < count <= max(len(candidates), 1):
        yield Problem("count", str(count), f"1 to {len(candidates)}", "draw fewer than there are", "count")
