"""How a run stands, and the one way to change it: lock, change columns by one revision, record the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from lynxweb.audit import projections
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import FindingRow, Run
from lynxweb.registry.seeing import named
from runner.contract.findings import RULES
from runner.contract.grades import grade

STANDING = frozenset({"validity", "state", "latency_withheld", "checking", "stage", "visibility", "reviewed", "successor"})


@dataclass(frozen=True)
class Changed:
    """What an act tells the log about a run: digests of the kept snapshots before and after, and the revision it makes."""

    before: str
    after: str
    rev: int


def locked(actor: Actor, digest: str) -> Run:
    """The run for an act of `actor`, locked until the open transaction ends; unknown and foreign are `NotFound` alike."""
    found = Run.objects.for_actor(actor).select_for_update(of=("self",), no_key=True).filter(digest=named("run", digest))
    run = found.first()
    if run is None:
        raise NotFound("run", digest)
    return run


def change(run: Run, *, made: Mapping[str, Sequence[models.Model]] | None = None, **columns: Any) -> Changed:
    """Step the revision of a locked run with new values for columns of its standing; the grade follows by itself.

    `made` holds the rows this act inserted beside the run, by their name in the snapshot. The caller records the event of `rev`
    with `before` and `after`, last of all. Raises TypeError for a column that is not part of a standing.
    """
    strange = columns.keys() - STANDING
    if strange:
        raise TypeError(f"not part of a run's standing: {', '.join(sorted(strange))}")
    before = _newest_snapshot(run)
    for column, value in columns.items():
        setattr(run, column, value)
    run.rev += 1
    run.grade = grade(run.validity, raw_samples=True, capped=capped(run), reviewed=run.reviewed)  # type: ignore[arg-type]
    run.save(update_fields=[*columns, "rev", "grade"])
    return Changed(before, projections.keep(run, made), run.rev)


def capped(run: Run) -> bool:
    """Whether a finding of the newest checking caps the grade."""
    codes = FindingRow.objects.filter(run=run, checking=run.checking).values_list("code", flat=True)
    return any(RULES[code].level == "cap" for code in codes)


def uploaders(run: Run) -> frozenset[str]:
    """Actor ids of whoever handed the run in; for a node also the person who enrolled it."""
    senders = set(Event.objects.on("run", run.digest).filter(action=Action.RUN_SUBMIT).values_list("actor", flat=True))
    if run.node_id in senders:
        senders |= set(Event.objects.on("node", run.node_id).filter(action=Action.NODE_ENROL).values_list("actor", flat=True))
    return frozenset(senders)


def _newest_snapshot(run: Run) -> str:
    """The `after` of the run's newest event; where that event kept none, the row as it stands."""
    newest = Event.objects.on("run", run.digest).newest().first()
    after = None if newest is None else leaf_fields(newest.leaf)["after"]
    return str(after) if after is not None else projections.keep(run)
