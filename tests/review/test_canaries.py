"""Forty canaries in every place where somebody writes freely: none of them is ever kept, in a row, a document or the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lynxweb.accounts.erasing import erase_actor
from lynxweb.accounts.people import create_person
from lynxweb.accounts.roles import Role
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import Reason
from lynxweb.audit.models import Event, LogDocument
from lynxweb.registry.models import Run
from lynxweb.registry.refusing import Refused
from lynxweb.review.disputes import close_dispute, open_dispute
from lynxweb.review.drawing import draw_review
from lynxweb.review.notices import post_notice
from lynxweb.review.redaction import propose_redaction
from lynxweb.review.reviewing import respond
from lynxweb.review.rulings import issue_ruling, runs_terms
from lynxweb.review.withdrawal import withdraw
from runner.contract.problems import Problems
from tests.contract.canaries import LEAKS
from tests.registry.world import bundle_of, upload
from tests.review.people import Cast, answers, asked, judged, opened, published, report, requested, somebody, submitted

Write = Callable[[str], Any]
TEXT = "said at such length that it can be kept"


def _reason(cast: Cast) -> Write:
    run = submitted(cast)
    return lambda text: withdraw(cast.engineer, run, **{**asked(), "reason": Reason(ReasonCode.OTHER, text)})


def _erasure(cast: Cast) -> Write:
    person = create_person(cast.uploader, name="grace", email="grace@example.org", password=None, **asked()).person
    return lambda text: erase_actor(cast.uploader, person.actor_id, **{**asked(), "reason": Reason(text=text)})


def _proposal(cast: Cast) -> Write:
    run = Run.objects.get(digest=submitted(cast))
    return lambda text: propose_redaction(cast.engineer, run.samples_sha256, **{**asked(), "reason": Reason(text=text)})


def _notice(cast: Cast) -> Write:
    run = submitted(cast)
    return lambda text: post_notice(cast.publisher, run, text=text, **asked())


def _clause(cast: Cast) -> Write:
    run = published(cast)
    return lambda text: open_dispute(cast.reviewer, run, clause=text, effect_permille=80, text=TEXT, **asked())


def _dispute(cast: Cast) -> Write:
    run = published(cast)
    return lambda text: open_dispute(cast.reviewer, run, clause="4.2", effect_permille=80, text=text, **asked())


def _decision(cast: Cast) -> Write:
    dispute = open_dispute(cast.reviewer, published(cast), clause="4.2", effect_permille=80, text=TEXT, **asked()).dispute
    return lambda text: close_dispute(cast.second, dispute, outcome="upheld", text=text, **asked())


def _ruling(cast: Cast) -> Write:
    run, auditor = published(cast), somebody("auditor", cast.other, Role.AUDITOR)
    return lambda text: issue_ruling(auditor, runs_terms(rule="2.3", outcome="noted", runs=[run], text=text), **asked())


def _rule(cast: Cast) -> Write:
    run, auditor = published(cast), somebody("auditor", cast.other, Role.AUDITOR)
    return lambda text: issue_ruling(auditor, runs_terms(rule=text, outcome="noted", runs=[run], text=TEXT), **asked())


def _draw(cast: Cast) -> Write:
    run, auditor = published(cast), somebody("auditor", cast.other, Role.AUDITOR)
    return lambda text: draw_review(auditor, [run], seed_source=text, **asked())


def _summary(cast: Cast) -> Write:
    review = opened(cast.reviewer, requested(cast))
    return lambda text: report(cast.reviewer, review, summary=text)


def _note(cast: Cast) -> Write:
    review = opened(cast.reviewer, requested(cast))
    first = answers()[0]["id"]
    return lambda text: report(cast.reviewer, review, answers=answers(**{first: ("no", text)}))


def _response(cast: Cast) -> Write:
    review = judged(cast.reviewer, requested(cast))
    return lambda text: respond(cast.engineer, review, text=text, **asked())


def _bundle(cast: Cast) -> Write:
    return lambda text: upload(cast.site, bundle_of(cast.site, notes=text))


PLACES: dict[str, Callable[[Cast], Write]] = {
    "the reason of an act": _reason,
    "the reason of an erasure": _erasure,
    "the reason of a proposal": _proposal,
    "a notice": _notice,
    "the clause of a dispute": _clause,
    "the text of a dispute": _dispute,
    "the decision of a dispute": _decision,
    "a ruling": _ruling,
    "the rule that a ruling cites": _rule,
    "the source of a draw": _draw,
    "the summary of a report": _summary,
    "a note in a report": _note,
    "the response to a report": _response,
    "a document of a bundle": _bundle,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_canary_is_kept_in(cast: Cast, place: str) -> None:
    write = PLACES[place](cast)
    kept = set(LogDocument.objects.values_list("digest", flat=True))
    before = Event.objects.count()
    missed = {}
    for name, leak in LEAKS.items():
        try:
            write(f"see {leak} in it")
            missed[name] = "kept"
        except (Problems, Refused) as refused:
            told = [problem.found for problem in refused.problems if problem.code == "canary"]
            if f"looks like a {name}" not in told or leak in str(refused):
                missed[name] = str(refused)
    assert missed == {}
    assert set(LogDocument.objects.values_list("digest", flat=True)) == kept
    events = Event.objects.filter(seq__gte=before)
    assert {event.action for event in events} <= {"bundle.reject"}
    assert not [name for event in events for name, leak in LEAKS.items() if leak.encode() in bytes(event.leaf)]
