"""Rulings: one event marks many runs, or says how far two methodology versions may be compared. Runs keep their rows; the register decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import Recorded, record, utc_now
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import MethodologyVersion, Run
from lynxweb.registry.models_rulings import Ruling, RulingRun
from lynxweb.review.acting import made_before, next_position, refuse
from runner.contract.problems import Problem
from runner.contract.ruling import RulingDocument, RunsRuling, ruling_of, ruling_problems

REGISTER = Subject("ruling", "register")


@dataclass(frozen=True)
class Issued:
    """A ruling that was issued: its number and its event."""

    number: int
    recorded: Recorded


def next_number() -> int:
    """The number that the next ruling will have."""
    newest = Ruling.objects.order_by("-number").values_list("number", flat=True).first()
    return (newest or 0) + 1


def runs_terms(*, rule: str, outcome: str, runs: Iterable[str], text: str, number: int | None = None) -> dict[str, Any]:
    """The document of a ruling on runs, which a proposal holds word for word; under the next number where none is given."""
    listed = sorted(set(runs))
    return {"v": 1, "number": number or next_number(), "kind": "runs", "rule": rule, "outcome": outcome, "runs": listed, "text": text}


def methodologies_terms(*, a: str, b: str, metric: str, outcome: str, text: str, number: int | None = None) -> dict[str, Any]:
    """The document of a ruling on one metric under two methodology versions, in whichever order they are named."""
    low, high = sorted((a, b))
    pair = {"kind": "methodologies", "a": low, "b": high, "metric": metric}
    return {"v": 1, "number": number or next_number(), **pair, "outcome": outcome, "text": text}


def propose_ruling(actor: Actor, terms: Mapping[str, Any], *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Proposal:
    """Propose exactly this ruling; what would be refused to whoever issues it is refused here already."""
    acting = require(actor, Action.ACT_PROPOSE)
    _check(acting, ruling_of(dict(terms)))
    return proposals.propose(acting, Action.RULING_ISSUE, REGISTER, terms, reason=reason, request_id=request_id, clock=clock)


def issue_ruling(
    actor: Actor,
    terms: Mapping[str, Any],
    *,
    proposal: str | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Issued:
    """Issue a ruling with these terms (`runs_terms`, `methodologies_terms`) as the next revision of the register, proposed by another person.

    Raises `NotFound` for a run that the actor may not see, `Problems` for everything that is wrong with the terms, for a number that another
    ruling took in between, and for an actor who brought one of the runs.
    """
    acting = require(actor, Action.RULING_ISSUE)
    with transaction.atomic():
        if (made := made_before(request_id, Action.RULING_ISSUE)) is not None:
            return Issued(made.rev, made)
        ruling = ruling_of(dict(terms))
        runs = _check(acting, ruling)
        position = next_position()
        _refuse_number(ruling.number)
        seconded = proposals.second(acting, Action.RULING_ISSUE, REGISTER, terms, proposal, request_id=request_id, clock=clock)
        before, document = _newest_snapshot(), snapshots.keep(dict(terms))
        after = snapshots.keep(_insert(ruling, runs, document, position, clock()))
        cited = ruling.rule if isinstance(ruling, RunsRuling) else ruling.metric
        recorded = record(
            Action.RULING_ISSUE, Subject(REGISTER.type, REGISTER.id, ruling.number),
            actor=acting, reason=reason, request_id=request_id, before=before, after=after, payload=document, basis={"rule": cited},
            proposal=seconded, clock=clock,
        )  # fmt: skip
    return Issued(ruling.number, recorded)


def _check(actor: Actor, ruling: RulingDocument) -> list[Run]:
    """The runs that are ruled on; raises what stands against this ruling by this actor."""
    runs: list[Run] = []
    if isinstance(ruling, RunsRuling):
        runs = list(Run.objects.for_actor(actor).filter(digest__in=ruling.runs).order_by("digest"))
        unseen = sorted(set(ruling.runs) - {run.digest for run in runs})
        if unseen:
            raise NotFound("run", unseen[0])
        refuse([*ruling_problems(ruling), *_party_problems(actor, runs)])
        return runs
    known = set(MethodologyVersion.objects.among((ruling.a, ruling.b)).values_list("digest", flat=True))
    for digest in (ruling.a, ruling.b):
        if digest not in known:
            raise NotFound("methodology", digest)
    refuse(ruling_problems(ruling))
    return runs


def _party_problems(actor: Actor, runs: list[Run]) -> Iterator[Problem]:
    """Who rules brought none of the runs; in sites with the two-person rule nobody of their organisation did."""
    submitted = Event.objects.filter(object_type="run", action=Action.RUN_SUBMIT, actor=actor.id, object_id__in=[run.digest for run in runs])
    enrolled = Event.objects.filter(object_type="node", action=Action.NODE_ENROL, actor=actor.id, object_id__in={run.node_id for run in runs})
    if submitted.exists() or enrolled.exists():
        yield Problem("actor", "who uploaded a run or enrolled its node", "somebody else", "let somebody else rule on it", "own-upload")
    if log_settings().two_person_rule and any(run.organisation_id == actor.organisation for run in runs):
        yield Problem("actor", "of an organisation that measured", "of another one", "ask another organisation's auditor", "own-organisation")


def _refuse_number(number: int) -> None:
    if number != (due := next_number()):
        refuse([Problem("number", str(number), str(due), "have it proposed anew under the next number", "changed-in-between")])


def _insert(ruling: RulingDocument, runs: list[Run], document: str, position: int, now: datetime) -> dict[str, Any]:
    """The rows of a ruling, as one JSON value."""
    row = Ruling(number=ruling.number, kind=ruling.kind, outcome=ruling.outcome, document=document, position=position, issued_at=now)
    if isinstance(ruling, RunsRuling):
        row.rule = ruling.rule
    else:
        row.a, row.b, row.metric = ruling.a, ruling.b, ruling.metric
    row.save()
    marks = [RulingRun(ruling=row, run=run) for run in runs]
    for mark in marks:
        mark.save()
    return {"ruling": snapshots.row(row), "ruling_runs": [snapshots.row(mark) for mark in marks]}


def _newest_snapshot() -> str | None:
    newest = Event.objects.on(REGISTER.type, REGISTER.id).newest().first()
    return None if newest is None else leaf_fields(newest.leaf)["after"]
