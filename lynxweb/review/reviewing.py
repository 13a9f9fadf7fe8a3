"""A review from its opening to its outcome: opened, reported, answered, closed; each one act with one event."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import Recorded, record, utc_now
from lynxweb.registry import standing
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review.acting import made_before, next_position, not_standing, owns, record_on_run, refuse, wrong_stage
from lynxweb.review.lots import Lot, lot_problems
from lynxweb.review.models.reviews import REVIEW_ID, Review, ReviewStep
from lynxweb.review.publishing import SEEN_BY_REVIEWERS
from lynxweb.review.separation import reviewer_problems
from runner.contract.canonical import encode
from runner.contract.checklist import CHECKLISTS, NO_CONFLICT, ReviewReport, ReviewResponse, conflict_problems, report_problems, response_problems
from runner.contract.findings import CHECKER
from runner.contract.problems import Problem

STAGE_AFTER = {"accepted": "reviewed", "changes_requested": "changes_requested", "not_accepted": "submitted"}


@dataclass(frozen=True)
class Opened:
    """A new review and the event that opened it."""

    review: str
    recorded: Recorded


def open_review(
    actor: Actor,
    run_digest: str,
    *,
    conflicts: str,
    kind: str = "intake",
    lot: Lot | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Opened:
    """Open a review of a run; `conflicts` is the word `none`, anything else is refused with the advice to let somebody else review.

    A published run stays published while it is reviewed again, every other run is in review from now on. A review of the kind `drawn` names
    its lot. Raises `Problems` with everything that stands against reviewer, kind and run.
    """
    acting = require(actor, Action.REVIEW_OPEN)
    with transaction.atomic():
        run = standing.locked(acting, run_digest)
        made = made_before(request_id, Action.REVIEW_OPEN, run.digest)
        if made is not None and (known := Review.objects.filter(position=made.seq).first()) is not None:
            return Opened(known.id, made)
        refuse([*conflict_problems(conflicts), *opening_problems(acting, run, kind, lot)])
        review = Review(id=f"rev_{random_bytes(10).hex()}", run=run, kind=kind, checklist=CHECKLISTS[kind].name, reviewer=acting.id)  # type: ignore[index]
        review.organisation_id, review.position, review.opened_at = str(acting.organisation), next_position(), clock()
        review.save()
        drawn = {} if lot is None else {"draw": lot.draw, "seed": lot.seed.strip()}
        payload = snapshots.keep(_about(review) | {"conflicts": NO_CONFLICT} | drawn)
        stage = run.stage if run.stage == "published" else "in_review"
        changed = standing.change(run, made={"reviews": [review]}, stage=stage)
        recorded = record_on_run(Action.REVIEW_OPEN, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=payload)
    return Opened(review.id, recorded)


def report_review(
    actor: Actor,
    review_id: str,
    *,
    answers: Iterable[Mapping[str, str]],
    outcome: str,
    summary: str,
    conflicts: str,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """File the report of a review: an answer {"id", "answer", "note"} to every sentence of its checklist, an outcome and a summary.

    The newest report counts, so a reviewer may report again after a response. Raises `Problems` with everything that is wrong with the report.
    """
    acting = require(actor, Action.REVIEW_REPORT)
    with transaction.atomic():
        review, run = _own_review(acting, review_id)
        if (made := made_before(request_id, Action.REVIEW_REPORT, review.id)) is not None:
            return made
        said = {"conflicts": conflicts.strip(), "answers": [dict(one) for one in answers], "outcome": outcome, "summary": summary}
        report = ReviewReport.read(encode(_about(review) | said))
        refuse([*report_problems(report), *reviewer_problems(acting, run), *not_standing(run), *_closed(review)])
        step = _step(review, "report", acting, report.canonical(), clock(), report.outcome)
        return _record_on_review(Action.REVIEW_REPORT, review, step, acting, reason, request_id, clock)


def respond(actor: Actor, review_id: str, *, text: str, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Answer the newest report for the organisation that measured: once per report, even after the review was closed."""
    acting = require(actor, Action.REVIEW_RESPOND)
    with transaction.atomic():
        review, run = _review_for_act(acting, review_id)
        if not owns(acting, run):
            raise NotFound("review", review_id)
        if (made := made_before(request_id, Action.REVIEW_RESPOND, review.id)) is not None:
            return made
        report = review.newest("report")
        if report is None or review.last_word == "response":
            found = "no report" if report is None else "answered"
            refuse([Problem("review", found, "a report that waits for an answer", "wait for the reviewer's report", "nothing-to-answer")])
        assert report is not None
        response = ReviewResponse.read(encode({"v": 1, "review": review.id, "run": run.digest, "report": report.document, "text": text}))
        refuse(response_problems(response))
        step = _step(review, "response", acting, response.canonical(), clock())
        return _record_on_review(Action.REVIEW_RESPOND, review, step, acting, reason, request_id, clock)


def close_review(actor: Actor, review_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Close a review with the outcome of its newest report: accepted raises the run's grade, anything else takes an earlier acceptance back."""
    acting = require(actor, Action.REVIEW_CLOSE)
    with transaction.atomic():
        review, run = _own_review(acting, review_id)
        if (made := made_before(request_id, Action.REVIEW_CLOSE, run.digest)) is not None:
            return made
        report = review.newest("report")
        unreported = [Problem("review", "no report", "a report", "file the report first", "unreported")]
        refuse([*_closed(review), *reviewer_problems(acting, run), *not_standing(run), *(unreported if report is None else ())])
        assert report is not None and report.outcome is not None
        outcome = report.outcome
        said = {"v": 1, "review": review.id, "run": run.digest, "outcome": outcome, "report": report.document}
        step = _step(review, "closing", acting, encode(said), clock(), outcome)
        stage = run.stage if run.stage == "published" else STAGE_AFTER[outcome]
        changed = standing.change(run, made={"review_steps": [step]}, stage=stage, reviewed=outcome == "accepted")
        basis = {"rule": review.checklist, "checker": CHECKER}
        return record_on_run(
            Action.REVIEW_CLOSE, run, changed, actor=acting, reason=reason, request_id=request_id, clock=clock, payload=step.document, basis=basis
        )


def opening_problems(actor: Actor, run: Run, kind: str, lot: Lot | None = None) -> Iterator[Problem]:
    """What stands against a review of this kind by this actor, conflicts of interest apart."""
    yield from reviewer_problems(actor, run)
    yield from not_standing(run)
    if kind not in CHECKLISTS:
        yield Problem("kind", kind[:40], " or ".join(CHECKLISTS), "choose the kind of review", "unknown-kind")
    if kind == "drawn":
        yield from lot_problems(run, lot)
    elif lot is not None:
        yield Problem("lot", lot.draw[:40], "no lot", "choose the kind `drawn` for a run that was drawn", "not-drawn")
    if kind == "intake":
        yield from wrong_stage(run, ("submitted", "in_review"), "open a review of another kind, or wait until it is asked for again")
        if run.visibility not in SEEN_BY_REVIEWERS:
            yield Problem("run.visibility", run.visibility, " or ".join(SEEN_BY_REVIEWERS), "wait until a review is asked for", "not-requested")
    if Review.objects.of_run(run.digest).by_reviewer(actor.id).unclosed().exists():
        yield Problem("review", "open", "no open review of yours", "report and close the review that you opened", "review-open")


def _about(review: Review) -> dict[str, object]:
    """What the documents of opening and report begin with."""
    name, _, version = review.checklist.partition("@")
    return {"v": 1, "review": review.id, "run": review.run_id, "kind": review.kind, "checklist": {"id": name, "version": int(version)}}


def _closed(review: Review) -> Iterator[Problem]:
    if review.state == "closed":
        yield Problem("review", "closed", "an open review", "open another review of the run", "review-closed")


def _own_review(actor: Actor, review_id: str) -> tuple[Review, Run]:
    """A review that the actor opened, and its run, locked."""
    review, run = _review_for_act(actor, review_id)
    if review.reviewer != actor.id:
        raise NotFound("review", review_id)
    return review, run


def _review_for_act(actor: Actor, review_id: str) -> tuple[Review, Run]:
    # The run is the lock of everything around it: its review's steps are read after it is held.
    known = Review.objects.for_actor(actor).filter(id=review_id) if REVIEW_ID.fullmatch(review_id) else Review.objects.none()
    found = known.values_list("run", flat=True).first()
    if found is None:
        raise NotFound("review", review_id)
    run = standing.locked(actor, found)
    return Review.objects.whole().get(id=review_id), run


def _step(review: Review, step: str, actor: Actor, document: bytes, now: datetime, outcome: str | None = None) -> ReviewStep:
    """The next step of a review, inserted with its document and the position that its event will have."""
    digest = snapshots.keep(document)
    taken = ReviewStep(review=review, step=step, actor=actor.id, outcome=outcome, document=digest, position=next_position(), taken_at=now)
    taken.save()
    return taken


def _record_on_review(
    action: Action, review: Review, step: ReviewStep, actor: Actor, reason: Reason, request_id: str, clock: Callable[[], datetime]
) -> Recorded:
    earlier = [snapshots.row(one) for one in review.taken if one.step != "closing"]
    before = snapshots.keep({"reviews": [snapshots.row(review)], "review_steps": earlier}) if earlier else None
    after = snapshots.keep({"reviews": [snapshots.row(review)], "review_steps": [*earlier, snapshots.row(step)]})
    basis = {"rule": review.checklist, "checker": CHECKER} if action == Action.REVIEW_REPORT else None
    return record(
        action, Subject("review", review.id), actor=actor, reason=reason, request_id=request_id, before=before, after=after, payload=step.document,
        basis=basis, clock=clock,
    )  # fmt: skip
