"""What the doors get to know about the governance of a run: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lynxweb.registry.cards import RunCard
from runner.contract.checklist import Checklist, ReviewReport


@dataclass(frozen=True)
class AwaitingCard:
    """A run that waits for a reviewer: whose it is, who sees it, and how many reviews it had so far."""

    run: RunCard
    organisation: str
    visibility: str
    reviews: int


@dataclass(frozen=True)
class ReviewCard:
    """One review as a list shows it. `reviewer` is an actor id, `organisation` the reviewer's, by name; `outcome` is None until it is closed."""

    id: str
    run_digest: str
    run_label: str
    kind: str
    checklist: str
    reviewer: str
    organisation: str
    state: str
    outcome: str | None
    position: int
    opened_at: datetime
    mine: bool


@dataclass(frozen=True)
class ReviewQueue:
    """What awaits judgement: runs nobody reviews so far, the actor's own open reviews, and reports that the actor's organisation may answer.

    `more` is whether other runs wait behind those shown.
    """

    awaiting: tuple[AwaitingCard, ...]
    mine: tuple[ReviewCard, ...]
    to_answer: tuple[ReviewCard, ...]
    more: bool


@dataclass(frozen=True)
class FiledReport:
    """One report of a review: the document, its digest, and the position of its event in the log."""

    report: ReviewReport
    digest: str
    position: int
    filed_at: datetime


@dataclass(frozen=True)
class GivenResponse:
    """What the organisation that measured said to a report: the text, who, the digest of the document and the position of its event."""

    text: str
    report: str
    actor: str
    digest: str
    position: int
    given_at: datetime


@dataclass(frozen=True)
class ReviewView:
    """One review with everything said in it, oldest first; `may_…` is what the actor may do with it now."""

    card: ReviewCard
    checklist: Checklist
    reports: tuple[FiledReport, ...]
    responses: tuple[GivenResponse, ...]
    closed_position: int | None
    closed_at: datetime | None
    may_report: bool
    may_close: bool
    may_respond: bool


@dataclass(frozen=True)
class Tombstone:
    """What stands in the place of a run that was withdrawn or superseded: by whom under which role, when, why, and what stands instead."""

    run_digest: str
    state: str
    reason_code: str
    reason: str | None
    time: str
    position: int
    actor: str
    role: str | None
    successor: str | None


@dataclass(frozen=True)
class RunActs:
    """Where a run stands and what the actor may do about it now: names of acts, and the kinds of review that may be opened
    (`drawn` is not among them: it takes a lot).

    `second_person` says that withdrawing or superseding it takes a proposal by somebody else.
    """

    stage: str
    state: str
    visibility: str
    reviewed: bool
    offered: frozenset[str]
    review_kinds: tuple[str, ...]
    second_person: bool
