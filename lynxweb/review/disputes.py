"""Disputes: an organisation holds a run to break a clause of the rules; somebody of neither side decides. An open one is a notice on the run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.leaf import instant
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import Recorded, utc_now
from lynxweb.registry import standing
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.acting import made_before, next_position, not_standing, record_on_run, refuse
from lynxweb.review.models.notices import DISPUTE_OUTCOMES, Dispute, DisputeClosing
from lynxweb.review.public_text import text_problems
from lynxweb.review.separation import reviewer_problems
from runner.contract.problems import Problem

WINDOW = timedelta(days=60)  # after publication, as TPC has it
DECIDED_WITHIN = timedelta(days=60)
WAIVED_BELOW_PERMILLE = 20  # before publication, as MLPerf has it
NEEDED_ABOVE_PERMILLE = 50  # after publication
LARGEST_PERMILLE = 1_000_000
PUBLISHED = "published"


@dataclass(frozen=True)
class OpenedDispute:
    """A new dispute and the event that opened it."""

    dispute: str
    recorded: Recorded


def open_dispute(
    actor: Actor,
    run_digest: str,
    *,
    clause: str,
    effect_permille: int,
    text: str,
    deadline: datetime | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> OpenedDispute:
    """Dispute a run that the actor may see: the clause it is said to break, what that is worth in permille, and why.

    About a published run within 60 days of its publication, and for more than 50 permille. It is due within 60 days unless `deadline` says
    otherwise. Raises `Problems` with everything that stands against it.
    """
    acting = require(actor, Action.REVIEW_OPEN)
    with transaction.atomic():
        run = standing.locked(acting, run_digest)
        if (made := made_before(request_id, Action.REVIEW_OPEN, run.digest)) is not None:
            return OpenedDispute(Dispute.objects.get(position=made.seq).id, made)
        now = clock()
        due = deadline or now + DECIDED_WITHIN
        refuse([*not_standing(run), *_terms_problems(clause, text, due, now), *effect_problems(effect_permille, published_at(run), now)])
        dispute = Dispute(id=f"dis_{random_bytes(10).hex()}", run=run, by=acting.id, clause=clause.strip(), effect_permille=effect_permille)
        dispute.organisation_id, dispute.published = str(acting.organisation), run.stage == PUBLISHED
        dispute.deadline, dispute.opened_at, dispute.position = due, now, next_position()
        dispute.document = snapshots.keep(_document(dispute, text))
        dispute.save()
        changed = standing.change(run, made={"disputes": [dispute]})
        recorded = record_on_run(
            Action.REVIEW_OPEN, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=dispute.document
        )
    return OpenedDispute(dispute.id, recorded)


def close_dispute(
    actor: Actor, dispute_id: str, *, outcome: str, text: str, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> Recorded:
    """Decide a dispute: upheld, rejected, or waived where the run was unpublished and the effect is under 20 permille.

    The actor is a reviewer of neither side: not who disputes, and nobody who may not review the run.
    """
    acting = require(actor, Action.REVIEW_CLOSE)
    with transaction.atomic():
        dispute, run = _dispute_for_act(acting, dispute_id)
        if (made := made_before(request_id, Action.REVIEW_CLOSE, run.digest)) is not None:
            return made
        refuse([*_closing_problems(dispute, outcome), *text_problems("text", text), *_sides(acting, dispute), *reviewer_problems(acting, run)])
        document = snapshots.keep({"v": 1, "dispute": dispute.id, "run": run.digest, "outcome": outcome, "text": text})
        closing = DisputeClosing(dispute=dispute, outcome=outcome, actor=acting.id, document=document)
        closing.position, closing.closed_at = next_position(), clock()
        closing.save()
        changed = standing.change(run, made={"dispute_closings": [closing]})
        return record_on_run(
            Action.REVIEW_CLOSE, run, changed,
            actor=acting, reason=reason, request_id=request_id, clock=clock, payload=document, basis={"rule": dispute.clause},
        )  # fmt: skip


def published_at(run: Run) -> datetime | None:
    """When the run was published, by the log; None for a run that is not."""
    if run.stage != PUBLISHED:
        return None
    time = Event.objects.on("run", run.digest).filter(action=Action.RUN_PUBLISH).newest().values_list("time", flat=True).first()
    return None if time is None else datetime.fromisoformat(time).astimezone(UTC)


def effect_problems(effect_permille: int, published: datetime | None, now: datetime) -> Iterator[Problem]:
    """What stands against a dispute about a run published at `published`, None for a run that is not published; pure."""
    if not 0 < effect_permille <= LARGEST_PERMILLE:
        yield Problem("effect_permille", str(effect_permille), f"1 to {LARGEST_PERMILLE}", "state the effect in permille of the metric", "effect")
    if published is None:
        return
    if now > published + WINDOW:
        closed = f"before {instant(published + WINDOW)}"
        yield Problem("opened", instant(now), closed, "ask an auditor for a ruling: the window for disputes is over", "window-over")
    if effect_permille <= NEEDED_ABOVE_PERMILLE:
        expected = f"more than {NEEDED_ABOVE_PERMILLE} permille of a published run"
        yield Problem("effect_permille", str(effect_permille), expected, "post it as a notice, or let it stand", "effect-too-small")


def _document(dispute: Dispute, text: str) -> dict[str, object]:
    worth = {"clause": dispute.clause, "effect_permille": dispute.effect_permille, "deadline": instant(dispute.deadline)}
    return {"v": 1, "dispute": dispute.id, "run": dispute.run_id, "by": dispute.organisation_id, **worth, "text": text}


def _terms_problems(clause: str, text: str, deadline: datetime, now: datetime) -> Iterator[Problem]:
    yield from text_problems("clause", clause, shortest=1, longest=200)
    yield from text_problems("text", text)
    if deadline <= now:
        yield Problem("deadline", instant(deadline), f"after {instant(now)}", "leave time to decide", "deadline")


def _closing_problems(dispute: Dispute, outcome: str) -> Iterator[Problem]:
    if dispute.state != "open":
        yield Problem("dispute", dispute.state, "an open dispute", "open another dispute", "dispute-closed")
    if outcome not in DISPUTE_OUTCOMES:
        yield Problem("outcome", outcome[:40], " or ".join(DISPUTE_OUTCOMES), "choose an outcome", "unknown-outcome")
    if outcome == "waived" and (dispute.published or dispute.effect_permille >= WAIVED_BELOW_PERMILLE):
        expected = f"an effect under {WAIVED_BELOW_PERMILLE} permille on a run that was not published"
        yield Problem("outcome", "waived", expected, "uphold or reject it", "not-waivable")


def _sides(actor: Actor, dispute: Dispute) -> Iterator[Problem]:
    same = actor.id == dispute.by or (log_settings().two_person_rule and actor.organisation == dispute.organisation_id)
    if same:
        yield Problem("reviewer", "of the side that disputes", "somebody of neither side", "let somebody else decide", "own-dispute")


def _dispute_for_act(actor: Actor, dispute_id: str) -> tuple[Dispute, Run]:
    # The run is the lock of everything around it: the closing is looked for after it is held.
    found = Dispute.objects.for_actor(actor).filter(id=dispute_id[:40]).values_list("run", flat=True).first()
    if found is None:
        raise NotFound("dispute", dispute_id)
    run = standing.locked(actor, found)
    return Dispute.objects.whole().get(id=dispute_id), run
