"""Who may see a run: asked to be reviewed, disclosed, and, after somebody else accepted it, published by a third person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import Role, require, require_as
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.record import Recorded, utc_now
from lynxweb.registry import standing
from lynxweb.registry.models import VISIBILITIES, Run
from lynxweb.review.acting import made_before, not_standing, own_run, record_on_run, refuse, wrong_stage
from lynxweb.review.models.reviews import ReviewStep
from lynxweb.review.separation import publisher_problems
from runner.contract.problems import Problem

SEEN_BY_REVIEWERS = ("review", "public")
BY_PUBLISHERS = ("link", "public")
PUBLISHED_AS = ("public", "organisation")


def request_review(actor: Actor, run_digest: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Show a run of the actor's organisation to reviewers, so that it waits in their queue; after requested changes it waits there again."""
    acting = require(actor, Action.RUN_DISCLOSE)
    with transaction.atomic():
        run = own_run(acting, run_digest)
        if (made := made_before(request_id, Action.RUN_DISCLOSE, run.digest)) is not None:
            return made
        refuse(request_problems(run))
        visibility = "public" if run.visibility == "public" else "review"
        payload = _disclosure(run, visibility)
        changed = standing.change(run, visibility=visibility, stage="submitted")
        return record_on_run(Action.RUN_DISCLOSE, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=payload)


def disclose(actor: Actor, run_digest: str, visibility: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Change who may see a run of the actor's organisation; links and the public are a publisher's to open.

    Raises `Problems` where it hides a published run from anybody who sees it, or a run in review from its reviewer.
    """
    acting = require(actor, Action.RUN_DISCLOSE)
    if visibility in BY_PUBLISHERS:
        acting = as_publisher(acting, Action.RUN_DISCLOSE)
    with transaction.atomic():
        run = own_run(acting, run_digest)
        if (made := made_before(request_id, Action.RUN_DISCLOSE, run.digest)) is not None:
            return made
        refuse(_disclosure_problems(run, visibility))
        payload = _disclosure(run, visibility)
        changed = standing.change(run, visibility=visibility)
        return record_on_run(Action.RUN_DISCLOSE, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=payload)


def publish(
    actor: Actor,
    run_digest: str,
    *,
    visibility: str = "public",
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """Publish a run that was accepted: to everybody, or with `organisation` to the own one alone.

    The publisher has neither uploaded nor reviewed it. The event's document names the review that it rests on.
    """
    acting = require(actor, Action.RUN_PUBLISH)
    with transaction.atomic():
        run = own_run(acting, run_digest)
        if (made := made_before(request_id, Action.RUN_PUBLISH, run.digest)) is not None:
            return made
        refuse(publication_problems(acting, run, visibility))
        accepted = ReviewStep.objects.acceptances_of(run.digest).last()
        assert accepted is not None  # `reviewed` is set by closing a review, and by nothing else
        payload = snapshots.keep({"v": 1, "run": run.digest, "visibility": visibility, "review": accepted.review_id})
        changed = standing.change(run, stage="published", visibility=visibility)
        return record_on_run(Action.RUN_PUBLISH, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=payload)


def as_publisher(actor: Actor, act: Action) -> Actor:
    """The actor acting as publisher, whatever other role would permit the act too; raises `Forbidden` for anybody else."""
    return require_as(actor, act, Role.PUBLISHER)


def request_problems(run: Run) -> Iterator[Problem]:
    """What stands against asking for a review of the run."""
    yield from not_standing(run)
    yield from wrong_stage(run, ("submitted", "changes_requested"), "wait for the outcome")
    if run.stage == "submitted" and run.visibility in SEEN_BY_REVIEWERS:
        yield Problem("run.visibility", run.visibility, "a run nobody asked to review", "wait for a reviewer", "already-requested")


def publication_problems(actor: Actor, run: Run, visibility: str = "public") -> Iterator[Problem]:
    """What stands against publishing the run, and against this actor as its publisher."""
    yield from not_standing(run)
    yield from wrong_stage(run, ("reviewed",), "ask for a review, then publish what was accepted")
    if not run.reviewed:
        yield Problem("run.reviewed", "no accepted review", "an accepted review by somebody else", "ask for a review", "not-reviewed")
    if run.validity == "invalid":
        yield Problem("run.validity", "invalid", "a valid run", "measure again: an invalid run is not published", "run-invalid")
    if visibility not in PUBLISHED_AS:
        yield Problem("visibility", visibility[:40], " or ".join(PUBLISHED_AS), "choose who the run is published to", "unknown-visibility")
    yield from publisher_problems(actor, run)


def _disclosure(run: Run, visibility: str) -> str:
    return snapshots.keep({"v": 1, "run": run.digest, "visibility": visibility})


def _disclosure_problems(run: Run, visibility: str) -> Iterator[Problem]:
    yield from not_standing(run)
    if visibility not in VISIBILITIES:
        yield Problem("visibility", visibility[:40], " or ".join(VISIBILITIES), "choose who may see the run", "unknown-visibility")
        return
    if visibility == run.visibility:
        yield Problem("visibility", visibility, "another visibility", "nothing is to be done", "unchanged")
    narrower = VISIBILITIES.index(visibility) < VISIBILITIES.index(run.visibility)
    if narrower and run.stage == "published":
        yield Problem("visibility", visibility, f"at least {run.visibility}", "withdraw the run, its page then says why", "published-stays")
    if run.stage == "in_review" and visibility not in SEEN_BY_REVIEWERS:
        yield Problem("visibility", visibility, " or ".join(SEEN_BY_REVIEWERS), "wait for the outcome of the review", "in-review")
