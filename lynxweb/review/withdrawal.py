"""Taking a run back, or putting another in its place: nothing is deleted, the page stays and says what happened, why and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action, ReasonCode
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import Recorded, utc_now
from lynxweb.registry import standing
from lynxweb.registry.models import Run
from lynxweb.registry.seeing import run_seen_by
from lynxweb.review.acting import made_before, not_standing, own_run, record_on_run, refuse
from lynxweb.review.publishing import as_publisher
from runner.contract.problems import Problem

_DIGEST = re.compile(r"[0-9a-f]{64}")


def withdrawal_terms(run_digest: str, reason: Reason, replacement: str | None = None) -> dict[str, Any]:
    """The document of a withdrawal, which a proposal holds word for word."""
    return {"v": 1, "run": run_digest, "reason_code": str(reason.code), "reason": reason.text, "replacement": replacement}


def supersession_terms(run_digest: str, successor: str) -> dict[str, Any]:
    """The document of a supersession, which a proposal holds word for word."""
    return {"v": 1, "run": run_digest, "successor": successor}


def withdraw(
    actor: Actor,
    run_digest: str,
    *,
    replacement: str | None = None,
    proposal: str | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """Withdraw a run of the actor's organisation under a coded reason; a published one takes a publisher and the proposal of a second person.

    `replacement` is the digest of the run that stands instead. Raises `Problems` for a routine reason, a withdrawn run or a wrong replacement.
    """
    acting = require(actor, Action.RUN_WITHDRAW)
    with transaction.atomic():
        run = own_run(acting, run_digest)
        if (made := made_before(request_id, Action.RUN_WITHDRAW, run.digest)) is not None:
            return made
        refuse([*_withdrawn(run), *_uncoded(reason), *_successor_problems(acting, run, replacement)])
        terms = withdrawal_terms(run.digest, reason, replacement)
        acting, seconded = _second_person(acting, Action.RUN_WITHDRAW, run, terms, proposal, request_id, clock)
        payload = snapshots.keep(terms)
        changed = standing.change(run, state="withdrawn", successor=replacement or run.successor)
        return record_on_run(
            Action.RUN_WITHDRAW, run, changed,
            actor=acting, reason=reason, request_id=request_id, clock=clock, payload=payload, proposal=seconded,
        )  # fmt: skip


def supersede(
    actor: Actor,
    run_digest: str,
    successor: str,
    *,
    proposal: str | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """Put a newer run of the same organisation in the place of one that stands; a published one takes the proposal of a second person."""
    acting = require(actor, Action.RUN_SUPERSEDE)
    with transaction.atomic():
        run = own_run(acting, run_digest)
        if (made := made_before(request_id, Action.RUN_SUPERSEDE, run.digest)) is not None:
            return made
        refuse([*not_standing(run), *_successor_problems(acting, run, successor)])
        terms = supersession_terms(run.digest, successor)
        acting, seconded = _second_person(acting, Action.RUN_SUPERSEDE, run, terms, proposal, request_id, clock)
        payload = snapshots.keep(terms)
        changed = standing.change(run, state="superseded", successor=successor)
        return record_on_run(
            Action.RUN_SUPERSEDE, run, changed,
            actor=acting, reason=reason, request_id=request_id, clock=clock, payload=payload, proposal=seconded,
        )  # fmt: skip


def propose_withdrawal(
    actor: Actor,
    run_digest: str,
    *,
    replacement: str | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Proposal:
    """Propose that a publisher withdraw a run for exactly this reason; what would be refused to the publisher is refused here already."""
    acting = require(actor, Action.ACT_PROPOSE)
    run = run_seen_by(acting, run_digest)
    refuse([*_withdrawn(run), *_uncoded(reason), *_successor_problems(acting, run, replacement)])
    terms = withdrawal_terms(run.digest, reason, replacement)
    return proposals.propose(acting, Action.RUN_WITHDRAW, Subject("run", run.digest), terms, reason=reason, request_id=request_id, clock=clock)


def propose_supersession(
    actor: Actor, run_digest: str, successor: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> Proposal:
    """Propose that a publisher put exactly this run in the place of another."""
    acting = require(actor, Action.ACT_PROPOSE)
    run = run_seen_by(acting, run_digest)
    refuse([*not_standing(run), *_successor_problems(acting, run, successor)])
    terms = supersession_terms(run.digest, successor)
    return proposals.propose(acting, Action.RUN_SUPERSEDE, Subject("run", run.digest), terms, reason=reason, request_id=request_id, clock=clock)


def _second_person(
    actor: Actor, action: Action, run: Run, terms: dict[str, Any], proposal: str | None, request_id: str, clock: Callable[[], datetime]
) -> tuple[Actor, int | None]:
    """Under which role the act is done, and the position of the proposal it carries out; an unpublished run needs neither, if none is given."""
    if run.stage != "published" and proposal is None:
        return actor, None
    acting = as_publisher(actor, action) if run.stage == "published" else actor
    return acting, proposals.second(acting, action, Subject("run", run.digest), terms, proposal, request_id=request_id, clock=clock)


def _withdrawn(run: Run) -> Iterator[Problem]:
    if run.state == "withdrawn":
        yield Problem("run.state", "withdrawn", "a run that was not withdrawn", "nothing is to be done", "already-withdrawn")


def _uncoded(reason: Reason) -> Iterator[Problem]:
    if reason.code == ReasonCode.ROUTINE:
        yield Problem("reason_code", "routine", "the cause of the withdrawal", "choose the code that says why, `other` at worst", "uncoded-reason")


def _successor_problems(actor: Actor, run: Run, successor: str | None) -> Iterator[Problem]:
    if successor is None:
        return
    known = Run.objects.for_actor(actor).of_organisation(run.organisation_id).standing().but(run.digest)
    if not _DIGEST.fullmatch(successor) or not known.filter(digest=successor).exists():
        yield Problem("successor", successor[:64], "another standing, valid run of the same organisation", "choose a run that stands", "no-successor")
