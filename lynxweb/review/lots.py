"""Whether a run was really drawn: the candidates were frozen before the public value that picked it, and anyone can draw again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import LogDocument
from lynxweb.registry.models import Run
from lynxweb.review.models.notices import Draw
from runner.contract.drawing import draw
from runner.contract.problems import Problem

LONGEST_SEED = 200
_DRAW_ID = re.compile(r"draw_[0-9a-f]{20}")


@dataclass(frozen=True)
class Lot:
    """The draw that picked a run, and the public value by which it was picked; both go into the log with the review."""

    draw: str
    seed: str


def lot_problems(run: Run, lot: Lot | None) -> Iterator[Problem]:
    """What stands against the claim that this lot fell on the run."""
    row = Draw.objects.filter(id=lot.draw).first() if lot is not None and _DRAW_ID.fullmatch(lot.draw) else None
    if lot is None or row is None:
        yield Problem("lot", "none", "a draw and its public value", "name the draw that picked the run", "not-drawn")
        return
    if not 0 < len(lot.seed.strip()) <= LONGEST_SEED or not lot.seed.isprintable():
        yield Problem("lot.seed", f"{len(lot.seed)} characters", f"1 to {LONGEST_SEED} printable characters", "give the public value", "no-seed")
        return
    frozen = leaf_fields(LogDocument.objects.get(digest=row.document).content)
    if run.digest not in draw(frozen["candidates"], lot.seed, frozen["count"]):
        yield Problem("lot", "the draw picks other runs", "a run that it picks", "draw again with the value that was published", "not-drawn")
