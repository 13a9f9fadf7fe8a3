"""Everything that stands around one run for one reader: whether it stands, what is said of it, and what this reader may do about it."""

from __future__ import annotations

from dataclasses import dataclass

from lynxweb.accounts.roles import READ, may, require
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.proposals import Proposal
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.registry.seeing import run_seen_by
from lynxweb.review.acting import owns
from lynxweb.review.cards import ReviewCard, RunActs, Tombstone
from lynxweb.review.deciding_cards import DecisionCard
from lynxweb.review.deciding_questions import decisions_citing_for
from lynxweb.review.models.notices import Dispute, Notice
from lynxweb.review.noting import DisputeLine, NoticeLine, disputes_of, notices_on
from lynxweb.review.proposing import proposals_on
from lynxweb.review.questions import acts_for, reviews_of, tombstone_of
from lynxweb.review.reviewing import opening_problems
from lynxweb.review.separation import reviewer_problems
from runner.contract.problems import Problem


@dataclass(frozen=True)
class RunStanding:
    """What stands around one run. `offered` names the acts that the actor may do now, with proposals where a second person is needed;
    `judges` says that the actor may decide its disputes, `lifts` that the actor may lift its notices."""

    acts: RunActs
    offered: frozenset[str]
    tombstone: Tombstone | None
    notices: tuple[NoticeLine, ...]
    disputes: tuple[DisputeLine, ...]
    reviews: tuple[ReviewCard, ...]
    proposals: tuple[Proposal, ...]
    decisions: tuple[DecisionCard, ...]
    judges: bool
    lifts: bool

    @property
    def open_disputes(self) -> tuple[DisputeLine, ...]:
        """The disputes that nobody has decided."""
        return tuple(one for one in self.disputes if one.state == "open")


def standing_for(actor: Actor, run_digest: str) -> RunStanding:
    """Where one run stands and what is said of it; unknown and foreign are `NotFound` alike."""
    acting = require(actor, READ)
    run, acts = run_seen_by(acting, run_digest), acts_for(acting, run_digest)
    own = owns(acting, run)
    return RunStanding(
        acts=acts,
        offered=acts.offered | _further(acting, run, acts, own),
        tombstone=tombstone_of(acting, run.digest),
        notices=notices_on([run.digest]).get(run.digest, ()),
        disputes=disputes_of(run.digest),
        reviews=reviews_of(acting, run.digest),
        proposals=proposals_on(acting, "run", run.digest),
        decisions=decisions_citing_for(acting, run.digest),
        judges=may(acting, Action.REVIEW_CLOSE) and not list(reviewer_problems(acting, run)),
        lifts=own and may(acting, Action.NOTICE_LIFT),
    )


def run_of_notice(actor: Actor, notice_id: str) -> str:
    """The run that a notice stands on; `NotFound` where the actor sees no such notice."""
    return _named(Notice.objects.for_actor(require(actor, READ)).filter(id=notice_id[:40]).first(), "notice", notice_id)


def run_of_dispute(actor: Actor, dispute_id: str) -> str:
    """The run that a dispute is about; `NotFound` where the actor sees no such dispute."""
    return _named(Dispute.objects.for_actor(require(actor, READ)).filter(id=dispute_id[:40]).first(), "dispute", dispute_id)


def _named(row: Notice | Dispute | None, noun: str, name: str) -> str:
    if row is None:
        raise NotFound(noun, name)
    return row.run_id


def _further(actor: Actor, run: Run, acts: RunActs, own: bool) -> set[str]:
    """The acts beyond the run's standing that the actor may do, by name."""
    stands = run.state == "standing"
    possible = {
        "propose_withdrawal": own and acts.second_person and run.state != "withdrawn" and may(actor, Action.ACT_PROPOSE),
        "propose_supersession": own and acts.second_person and stands and may(actor, Action.ACT_PROPOSE),
        "post_notice": own and may(actor, Action.NOTICE_POST),
        "open_dispute": stands and may(actor, Action.REVIEW_OPEN),
        "redact": own and (may(actor, Action.PAYLOAD_REDACT) or may(actor, Action.ACT_PROPOSE)),
        "export": may(actor, Action.PACK_EXPORT),
    }
    return {name for name, offered in possible.items() if offered}


def review_hindrances(actor: Actor, run_digest: str, kind: str = "intake") -> tuple[Problem, ...]:
    """What stands against this actor opening a review of this kind; nothing where it may be opened once conflicts of interest are denied."""
    acting = require(actor, READ)
    run = run_seen_by(acting, run_digest)
    if not may(acting, Action.REVIEW_OPEN):
        return (Problem("you", "no reviewer", "the role reviewer", "ask an administrator for the role", "no-reviewer"),)
    return tuple(opening_problems(acting, run, kind))
