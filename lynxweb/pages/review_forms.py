"""The forms of a review: conflicts of interest first, then kind, answers, outcome; and what each sends."""

from __future__ import annotations

from typing import Final

from django.http import QueryDict
from django.urls import reverse

from lynxweb.pages.act_forms import ActForm, Input, Option, select
from lynxweb.pages.posted import text
from lynxweb.review.models.reviews import OUTCOMES
from lynxweb.words.governance_words import OUTCOMES as OUTCOME_WORDS
from lynxweb.words.governance_words import REVIEW_KINDS
from runner.contract.checklist import NO_CONFLICT

SOME = "some"
CONFLICT_OPTIONS: Final = (
    Option(NO_CONFLICT, "I have none: nothing binds me to who measured, to the vendor or to what follows from the outcome"),
    Option(SOME, "I have one"),
)
CONFLICT: Final = Input("conflict", "Conflicts of interest", "radio", options=CONFLICT_OPTIONS)
WHICH: Final = Input("conflicts", "Which conflict, if you have one", "textarea", hint="somebody else then reviews the run", required=False)


def conflicts(sent: QueryDict) -> str:
    """The statement of conflicts in a form: the word `none`, what binds the reviewer, or nothing where nothing was said."""
    said = text(sent, "conflict")
    return NO_CONFLICT if said == NO_CONFLICT else text(sent, "conflicts") if said == SOME else ""


def opening(digest: str, kinds: tuple[str, ...], draw: str, seed: str) -> ActForm:
    """The form that opens a review; with a draw and its seed, one that was drawn by lot."""
    offered = ("drawn",) if draw else kinds
    inputs = [CONFLICT, WHICH, select("kind", "Review", [(kind, REVIEW_KINDS[kind]) for kind in offered])]
    if draw:
        inputs += [Input("draw", "Draw", held=draw), Input("seed", "Public value that picked it", held=seed)]
    note = "While it is open the run is in review, and the review waits for your report."
    return ActForm("open", reverse("workspace", args=[digest]), "Open a review", "Open the review", tuple(inputs), note=note)


def report(review_id: str) -> ActForm:
    """The form of a report; its checklist stands beside it."""
    outcomes = tuple(Option(name, OUTCOME_WORDS[name].text) for name in OUTCOMES)
    summary = Input("summary", "Summary", "textarea", hint="what you read and found, 10 to 2,000 characters, public and permanent")
    inputs = (CONFLICT, WHICH, Input("outcome", "Outcome", "radio", options=outcomes), summary)
    return ActForm("report", reverse("review-report", args=[review_id]), "Report", "File the report", inputs)


def closing(review_id: str, outcome: str) -> ActForm:
    """The form that closes a review with the outcome of its newest report."""
    note = f"It closes with the outcome of the newest report: {OUTCOME_WORDS[outcome].text}."
    return ActForm("close", reverse("review-close", args=[review_id]), "Close the review", "Close it", note=note)


def response(review_id: str) -> ActForm:
    """The form with which the organisation that measured answers a report."""
    said = Input("text", "Response", "textarea", hint="10 to 2,000 characters, public and permanent")
    note = "Once per report, for the organisation that measured."
    return ActForm("respond", reverse("review-respond", args=[review_id]), "Respond to the report", "Respond", (said,), note=note)
