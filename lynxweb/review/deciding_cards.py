"""What the doors get of requirements and decisions: plain frozen values, typed documents inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lynxweb.registry.cards import RunCard
from runner.contract.answers import Answer
from runner.contract.decision import Decision
from runner.contract.requirement import Requirement
from runner.contract.triggers import DecisionStanding


@dataclass(frozen=True)
class RequirementCard:
    """One requirement as a list shows it; `superseded_by` is the version that took its place, `decisions` how many were signed on it."""

    digest: str
    title: str
    position: int
    published_at: datetime
    supersedes: str | None
    superseded_by: str | None
    decisions: int


@dataclass(frozen=True)
class NamedMethodology:
    """A methodology version that a requirement takes as evidence."""

    digest: str
    name: str
    version: int
    title: str


@dataclass(frozen=True)
class RedactedPart:
    """A part of a run's bundle that is gone: its name there, and the event that took it out."""

    run: str
    name: str
    position: int


@dataclass(frozen=True)
class MatrixRow:
    """One candidate in the matrix of a requirement: how it is named, and the answer that its runs give now.

    `unseen` counts the runs of this configuration that the organisation keeps from its committee; `redacted` is what is gone of those it sees;
    `grades` are theirs by digest.
    """

    fingerprint: str
    label: str
    product: str
    answer: Answer
    unseen: int = 0
    redacted: tuple[RedactedPart, ...] = ()
    grades: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RequirementView:
    """One requirement with its document, its matrix of candidates, its versions (newest first) and what the actor may do with it.

    `unseen_elsewhere` counts runs that the committee may not see on configurations of which it sees none.
    """

    card: RequirementCard
    requirement: Requirement
    methodologies: tuple[NamedMethodology, ...]
    matrix: tuple[MatrixRow, ...]
    left_off: int
    versions: tuple[RequirementCard, ...]
    decisions: tuple[DecisionCard, ...]
    may_supersede: bool
    may_decide: bool
    unseen_elsewhere: int = 0


@dataclass(frozen=True)
class PreRegistered:
    """Whether requirement and methodologies stood in the log before the declaration of the first cited run; positions decide, not clocks.

    `answer` is None where no run is cited. `asked_at` is the last position among requirement and methodologies, `declared_at` the first declaration.
    """

    answer: bool | None
    asked_at: int
    declared_at: int | None


@dataclass(frozen=True)
class SignatureLine:
    """One member who is to sign: the position and time of the signature, None for both until then."""

    actor: str
    position: int | None
    signed_at: datetime | None


@dataclass(frozen=True)
class AddendumLine:
    """A later word on a decision."""

    actor: str
    text: str
    position: int
    added_at: datetime


@dataclass(frozen=True)
class DecisionCard:
    """One decision as a list shows it: what was chosen by name (None: nothing), how many of its members signed, and the badge."""

    digest: str
    question: str
    requirement_digest: str
    requirement_title: str
    chosen: str | None
    position: int
    signed: int
    members: int
    valid_until: str
    standing: DecisionStanding

    @property
    def badge(self) -> str:
        """`valid`, `re-check` or `expired`."""
        return self.standing.word


@dataclass(frozen=True)
class DecisionView:
    """One decision with its documents, its badge with every trigger that fired, its signatures and later words, and what the actor may do.

    `unseen` counts, by fingerprint of a candidate, the runs that the organisation keeps from its committee now; `runs` are the cards of the cited
    runs that the actor may see, as they stand now.
    """

    card: DecisionCard
    decision: Decision
    requirement: Requirement
    pre_registered: PreRegistered
    signatures: tuple[SignatureLine, ...]
    addenda: tuple[AddendumLine, ...]
    may_sign: bool
    may_append: bool
    unseen: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, RunCard] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The decision's name."""
        return self.card.digest

    @property
    def requirement_digest(self) -> str:
        """The requirement's name."""
        return self.card.requirement_digest

    @property
    def cited(self) -> tuple[str, ...]:
        """Every run on which an answer rests."""
        return self.decision.runs
