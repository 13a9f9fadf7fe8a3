"""All that a printed report of a decision says: the decision, every cited run as it stands now, and the state of the log at printing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import utc_now
from lynxweb.registry.cards import RunView
from lynxweb.registry.missing import NotFound, Redacted
from lynxweb.registry.reading import run_for
from lynxweb.review.contents import VERIFIER
from lynxweb.review.deciding import state_of_log
from lynxweb.review.deciding_cards import DecisionView
from lynxweb.review.deciding_questions import decision_for
from lynxweb.review.noting import NoticeLine, notices_on
from lynxweb.review.questioning import questions_about
from lynxweb.words.four_questions import Question
from runner.contract.canonical import sha256
from runner.contract.decision import AsOf


@dataclass(frozen=True)
class CitedRun:
    """One cited run: its view with the four questions and what stands beside it, or in one sentence why there is none."""

    digest: str
    view: RunView | None
    questions: tuple[Question, ...] = ()
    notices: tuple[NoticeLine, ...] = ()
    absent: str = ""


@dataclass(frozen=True)
class DecisionReport:
    """What is printed; the same decision in the same state of the log (`printed`) prints the same."""

    view: DecisionView
    runs: tuple[CitedRun, ...]
    printed: AsOf
    origin: str
    log_key: str
    verifier_sha256: str
    signed_at: datetime


def report_for(actor: Actor, digest: str, *, clock: Callable[[], datetime] = utc_now) -> DecisionReport:
    """The report of one decision of the actor's organisation; unknown and foreign are `NotFound` alike."""
    view = decision_for(actor, digest, clock=clock)
    beside, opened = notices_on(view.cited, clock=clock), log_settings()
    return DecisionReport(
        view=view,
        runs=tuple(cited_run(actor, run, beside.get(run, ())) for run in view.cited),
        printed=state_of_log(),
        origin=opened.origin,
        log_key=opened.log_key,
        verifier_sha256=sha256(VERIFIER.read_bytes()),
        signed_at=min(line.signed_at for line in view.signatures if line.signed_at is not None),
    )


def cited_run(actor: Actor, digest: str, notices: tuple[NoticeLine, ...] = ()) -> CitedRun:
    """One cited run as the actor may see it now; what was redacted or is not the actor's to see is said, never left out."""
    try:
        view = run_for(actor, digest)
    except Redacted as gone:
        return CitedRun(digest, None, (), notices, f"Its bytes {gone.digest} were redacted by event {gone.position}: {gone.reason}")
    except NotFound:
        return CitedRun(digest, None, (), (), "It is not yours to see; ask a member of the committee or its organisation.")
    return CitedRun(digest, view, questions_about(view), notices)
