"""Reviews of runs: one row when a review is opened, one for each step after that; nothing changes, state and outcome follow from the steps."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal, Self

from django.db import models

from lynxweb.accounts.models import Organisation
from lynxweb.audit.actors import Actor
from lynxweb.audit.insert_only import InsertOnly, InsertOnlyQuerySet
from lynxweb.audit.written import written_at
from lynxweb.registry.models import DIGEST, Run

KINDS = ("intake", "dispute", "elected", "drawn")
OUTCOMES = ("accepted", "changes_requested", "not_accepted")
STEPS = ("report", "response", "closing")
REVIEW_ID = re.compile(r"rev_[0-9a-f]{20}")
State = Literal["open", "reported", "closed"]
OPENED = "object_type = 'run' AND object_id = NEW.run_id AND action = 'review.open'"
STEPPED = (
    "action = 'review.' || CASE NEW.step WHEN 'report' THEN 'report' WHEN 'response' THEN 'respond' ELSE 'close' END "
    "AND (NEW.step = 'closing' OR object_id = NEW.review_id)"
)
REVIEW_GUARDS = (
    written_at("review_review", "position", OPENED, keys=(("id",), ("position",))),
    written_at("review_reviewstep", "position", STEPPED, keys=(("id",), ("position",))),
)
REVIEW_PARTS = {"reviews": "review.Review", "review_steps": "review.ReviewStep"}  # what snapshots of runs and reviews hold beside the run


class ReviewQuerySet(InsertOnlyQuerySet["Review"]):
    """Reviews, by run, reviewer and what they wait for."""

    def for_actor(self, actor: Actor) -> Self:
        """Reviews of runs that the actor may see: whoever sees a run sees what its reviewers said."""
        return self.filter(run__in=Run.objects.for_actor(actor))

    def of_run(self, digest: str) -> Self:
        """The reviews of one run, in the order in which they were opened."""
        return self.filter(run=digest).order_by("position")

    def by_reviewer(self, actor_id: str) -> Self:
        """The reviews that one person opened."""
        return self.filter(reviewer=actor_id)

    def about_runs_of(self, organisation: str | None) -> Self:
        """The reviews of one organisation's runs."""
        return self.filter(run__organisation=organisation)

    def unclosed(self) -> Self:
        """Reviews without an outcome so far, of runs that still stand."""
        closings = ReviewStep.objects.filter(review=models.OuterRef("pk"), step="closing")
        return self.filter(~models.Exists(closings), run__state="standing")

    def unanswered(self) -> Self:
        """Reviews whose newest report has no response so far, and whose run still stands."""
        spoken = ReviewStep.objects.filter(review=models.OuterRef("pk")).exclude(step="closing").order_by("-position").values("step")[:1]
        return self.annotate(spoken_last=models.Subquery(spoken)).filter(spoken_last="report", run__state="standing")

    def whole(self) -> Self:
        """With their runs, organisations and steps."""
        return self.select_related("run", "organisation").prefetch_related("steps")


class Review(InsertOnly):
    """A review as it was opened: of which run, by whom, under which checklist, without a conflict of interest; `position` is its event's."""

    id = models.CharField(max_length=40, primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="reviews")
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in KINDS])
    checklist = models.CharField(max_length=80)
    reviewer = models.CharField(max_length=DIGEST)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    position = models.BigIntegerField(unique=True)
    opened_at = models.DateTimeField()

    objects = ReviewQuerySet.as_manager()

    def __str__(self) -> str:
        return self.id

    @cached_property
    def taken(self) -> tuple[ReviewStep, ...]:
        """Every step so far, in the order of the log."""
        return tuple(sorted(self.steps.all(), key=lambda step: step.position))

    def newest(self, step: str) -> ReviewStep | None:
        """The newest report, response or closing."""
        return next((one for one in reversed(self.taken) if one.step == step), None)

    @property
    def last_word(self) -> str | None:
        """Which of report and response came last; None where nothing was said so far."""
        return next((one.step for one in reversed(self.taken) if one.step != "closing"), None)

    @property
    def state(self) -> State:
        """`closed` with an outcome, `reported` with a report, `open` otherwise."""
        if self.newest("closing") is not None:
            return "closed"
        return "open" if self.newest("report") is None else "reported"

    @property
    def outcome(self) -> str | None:
        """What the review came to; None until it is closed."""
        closing = self.newest("closing")
        return None if closing is None else closing.outcome


class ReviewStepQuerySet(InsertOnlyQuerySet["ReviewStep"]):
    """Steps of reviews."""

    def acceptances_of(self, run: str) -> Self:
        """The closings that accepted one run, in the order of the log."""
        return self.filter(review__run=run, step="closing", outcome="accepted").order_by("position")


class ReviewStep(InsertOnly):
    """A report, a response or the closing of a review: who, at which position of the log, and the digest of the document that says it."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=20, choices=[(step, step) for step in STEPS])
    actor = models.CharField(max_length=DIGEST)
    outcome = models.CharField(max_length=20, null=True, choices=[(outcome, outcome) for outcome in OUTCOMES])
    document = models.CharField(max_length=DIGEST)
    position = models.BigIntegerField(unique=True)
    taken_at = models.DateTimeField()

    objects = ReviewStepQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.review_id} {self.step}"
