"""Who may not judge a run: whoever brought it, in sites with the two-person rule their whole organisation, and a reviewer as its publisher."""

from __future__ import annotations

from collections.abc import Iterator

from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.registry import standing
from lynxweb.registry.models import Run
from lynxweb.review.models.reviews import Review
from runner.contract.problems import Problem


def reviewer_problems(actor: Actor, run: Run) -> Iterator[Problem]:
    """What stands against this actor as a reviewer of the run."""
    yield from _uploader_problems(actor, run, "let somebody else review it")
    if log_settings().two_person_rule and actor.organisation == run.organisation_id:
        yield Problem(
            "reviewer", "of the organisation that measured", "of another organisation", "ask another organisation for a review", "own-organisation"
        )


def publisher_problems(actor: Actor, run: Run) -> Iterator[Problem]:
    """What stands against this actor as the publisher of the run."""
    yield from _uploader_problems(actor, run, "let somebody else publish it")
    if Review.objects.of_run(run.digest).by_reviewer(actor.id).exists():
        yield Problem("publisher", "a reviewer of this run", "somebody who has not reviewed it", "let somebody else publish it", "own-review")


def _uploader_problems(actor: Actor, run: Run, remedy: str) -> Iterator[Problem]:
    if actor.id in standing.uploaders(run):
        yield Problem("actor", "who uploaded the run or enrolled its node", "somebody else", remedy, "own-upload")
