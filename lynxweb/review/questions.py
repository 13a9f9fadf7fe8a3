"""The questions of the doors about reviews and standings: each takes the actor first and shows only what that actor may see."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from lynxweb.accounts.models import Organisation
from lynxweb.accounts.roles import READ, Role, may, require
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.opening import log_settings
from lynxweb.registry import gathering
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.seeing import run_seen_by, runs_seen_by
from lynxweb.review.acting import owns
from lynxweb.review.cards import AwaitingCard, FiledReport, GivenResponse, ReviewCard, ReviewQueue, ReviewView, RunActs, Tombstone
from lynxweb.review.models.reviews import REVIEW_ID, Review, ReviewStep
from lynxweb.review.publishing import SEEN_BY_REVIEWERS, publication_problems, request_problems
from lynxweb.review.reviewing import opening_problems
from lynxweb.review.separation import reviewer_problems
from runner.contract.checklist import CHECKLISTS, PUBLISHED, ReviewReport, ReviewResponse

MOST_WAITING = 100


def queue_for(actor: Actor) -> ReviewQueue:
    """What awaits the actor's judgement, oldest first: at most 100 runs to review, none of which the actor may not review."""
    acting = require(actor, READ)
    waiting = _waiting(acting) if may(acting, Action.REVIEW_OPEN) else []
    mine = Review.objects.for_actor(acting).by_reviewer(acting.id).unclosed().whole().order_by("position")
    to_answer = Review.objects.for_actor(acting).about_runs_of(acting.organisation).unanswered().whole().order_by("position")
    return ReviewQueue(
        awaiting=_awaiting_cards(acting, waiting[:MOST_WAITING]),
        mine=_cards(acting, mine),
        to_answer=_cards(acting, to_answer if may(acting, Action.REVIEW_RESPOND) else ()),
        more=len(waiting) > MOST_WAITING,
    )


def review_for(actor: Actor, review_id: str) -> ReviewView:
    """One review with its reports and responses, and what the actor may do with it; unknown and foreign are `NotFound` alike."""
    acting = require(actor, READ)
    known = Review.objects.for_actor(acting).whole()
    review = known.filter(id=review_id).first() if REVIEW_ID.fullmatch(review_id) else None
    if review is None:
        raise NotFound("review", review_id)
    closing, report = review.newest("closing"), review.newest("report")
    works = review.reviewer == acting.id and closing is None and review.run.state == "standing" and not list(reviewer_problems(acting, review.run))
    return ReviewView(
        card=_card(acting, review),
        checklist=PUBLISHED[review.checklist],
        reports=tuple(_report(step) for step in review.taken if step.step == "report"),
        responses=tuple(_response(step) for step in review.taken if step.step == "response"),
        closed_position=None if closing is None else closing.position,
        closed_at=None if closing is None else closing.taken_at,
        may_report=works and may(acting, Action.REVIEW_REPORT),
        may_close=works and report is not None and may(acting, Action.REVIEW_CLOSE),
        may_respond=review.last_word == "report" and owns(acting, review.run) and may(acting, Action.REVIEW_RESPOND),
    )


def reviews_of(actor: Actor, run_digest: str) -> tuple[ReviewCard, ...]:
    """Every review of one run, in the order in which they were opened."""
    run = run_seen_by(actor, run_digest)
    return _cards(actor, Review.objects.of_run(run.digest).whole())


def tombstone_of(actor: Actor, run_digest: str) -> Tombstone | None:
    """Why and by whom a run was withdrawn or superseded, from its newest such event; None for a run that stands."""
    run = run_seen_by(actor, run_digest)
    if run.state == "standing":
        return None
    event = Event.objects.on("run", run.digest).filter(action__in=(Action.RUN_WITHDRAW, Action.RUN_SUPERSEDE)).last()
    if event is None:
        raise LookupError(f"run {run.digest} is {run.state} without an event; run the full audit")
    leaf = leaf_fields(event.leaf)
    who = leaf["actor"]
    return Tombstone(
        run.digest, run.state, leaf["reason_code"], leaf["reason"], leaf["time"], event.seq, who["id"], who["role"], run.successor
    )  # fmt: skip


def acts_for(actor: Actor, run_digest: str) -> RunActs:
    """Where a run stands, and which acts on it this actor may do now."""
    run = run_seen_by(actor, run_digest)
    published, own, standing = run.stage == "published", owns(actor, run), run.state == "standing"
    publisher = Role.PUBLISHER.value in actor.roles
    kinds = tuple(kind for kind in CHECKLISTS if may(actor, Action.REVIEW_OPEN) and not list(opening_problems(actor, run, kind)))
    possible = {
        "request_review": own and may(actor, Action.RUN_DISCLOSE) and not list(request_problems(run)),
        "open_review": bool(kinds),
        "disclose": own and standing and may(actor, Action.RUN_DISCLOSE),
        "publish": own and may(actor, Action.RUN_PUBLISH) and not list(publication_problems(actor, run)),
        "withdraw": own and run.state != "withdrawn" and may(actor, Action.RUN_WITHDRAW) and (publisher or not published),
        "supersede": own and standing and may(actor, Action.RUN_SUPERSEDE) and (publisher or not published),
    }
    return RunActs(
        run.stage, run.state, run.visibility, run.reviewed, frozenset(name for name, offered in possible.items() if offered), kinds,
        second_person=published and log_settings().two_person_rule,
    )  # fmt: skip


def _waiting(actor: Actor) -> list[Run]:
    runs = runs_seen_by(actor).standing().newest().filter(stage="submitted", visibility__in=SEEN_BY_REVIEWERS).order_by("position")
    allowed = (run for run in runs.iterator(chunk_size=MOST_WAITING) if not list(reviewer_problems(actor, run)))
    return list(islice(allowed, MOST_WAITING + 1))


def _awaiting_cards(actor: Actor, runs: list[Run]) -> tuple[AwaitingCard, ...]:
    names = dict(Organisation.objects.filter(id__in={run.organisation_id for run in runs}).values_list("id", "name"))
    counts = {run.digest: Review.objects.of_run(run.digest).count() for run in runs}
    cards = gathering.cards(runs)
    return tuple(AwaitingCard(card, names[run.organisation_id], run.visibility, counts[run.digest]) for card, run in zip(cards, runs, strict=True))


def _cards(actor: Actor, reviews: Iterable[Review]) -> tuple[ReviewCard, ...]:
    return tuple(_card(actor, review) for review in reviews)


def _card(actor: Actor, review: Review) -> ReviewCard:
    return ReviewCard(
        id=review.id,
        run_digest=review.run_id,
        run_label=review.run.label,
        kind=review.kind,
        checklist=review.checklist,
        reviewer=review.reviewer,
        organisation=review.organisation.name,
        state=review.state,
        outcome=review.outcome,
        position=review.position,
        opened_at=review.opened_at,
        mine=review.reviewer == actor.id,
    )


def _report(step: ReviewStep) -> FiledReport:
    return FiledReport(ReviewReport.model_validate_json(_content(step)), step.document, step.position, step.taken_at)


def _response(step: ReviewStep) -> GivenResponse:
    said = ReviewResponse.model_validate_json(_content(step))
    return GivenResponse(said.text, said.report, step.actor, step.document, step.position, step.taken_at)


def _content(step: ReviewStep) -> bytes:
    return bytes(LogDocument.objects.get(digest=step.document).content)
