"""How every act around one run begins and ends: whose run, an earlier answer to this request, what stands against the act; its event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from django.db import transaction

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import Event
from lynxweb.audit.record import Recorded, hold, record, recorded_as
from lynxweb.registry import standing
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from runner.contract.problems import Problem, Problems


def own_run(actor: Actor, digest: str) -> Run:
    """The run, locked for an act of the organisation that measured it; `NotFound` for unknown, unseen and foreign ones alike."""
    run = standing.locked(actor, digest)
    if not owns(actor, run):
        raise NotFound("run", digest)
    return run


def owns(actor: Actor, run: Run) -> bool:
    """Whether the run is the actor's organisation's; the site's own acts count as anybody's."""
    return actor.kind == "system" or run.organisation_id == actor.organisation


def made_before(request_id: str, action: Action, object_id: str | None = None) -> Recorded | None:
    """The event that this request made, if it was this act (on this object); what else it made is for `record()` to refuse."""
    made = Event.objects.filter(request_id=request_id, action=str(action))
    known = made if object_id is None else made.filter(object_id=object_id)
    return recorded_as(request_id) if known.exists() else None


def next_position() -> int:
    """The position of the event that ends this act; nobody else writes the log until the transaction ends. Lock the run before."""
    return hold(transaction.get_connection())


def refuse(problems: Iterable[Problem]) -> None:
    """Raise `Problems` with all of them, if there is one."""
    found = list(problems)
    if found:
        raise Problems(found)


def not_standing(run: Run) -> Iterator[Problem]:
    """The problem that a withdrawn or superseded run has with every further judgement."""
    if run.state != "standing":
        yield Problem("run.state", run.state, "standing", "choose a run that was neither withdrawn nor superseded", "run-not-standing")


def wrong_stage(run: Run, allowed: Iterable[str], remedy: str) -> Iterator[Problem]:
    """The problem of an act that the run's stage does not allow."""
    stages = tuple(allowed)
    if run.stage not in stages:
        yield Problem("run.stage", run.stage, " or ".join(stages), remedy, "wrong-stage")


def record_on_run(
    action: Action,
    run: Run,
    changed: standing.Changed,
    *,
    actor: Actor,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime],
    payload: str,
    basis: Mapping[str, object] | None = None,
    proposal: int | None = None,
) -> Recorded:
    """The event that ends an act on a run: the revision it made with both snapshots, and the document that it attaches."""
    return record(
        action,
        Subject("run", run.digest, changed.rev),
        actor=actor,
        reason=reason,
        request_id=request_id,
        before=changed.before,
        after=changed.after,
        payload=payload,
        basis=basis,
        proposal=proposal,
        clock=clock,
    )
