"""The decision: what a committee signs about a requirement: candidates with their answers, the choice, why, who dissents, and what reopens it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from runner.contract.answers import Answer, answer
from runner.contract.canonical import digest, encode
from runner.contract.citations import CitationRefusal, Cited
from runner.contract.fields import Digest, Document, Instant
from runner.contract.loads import Natural
from runner.contract.problems import Problem
from runner.contract.recompute import differences
from runner.contract.requirement import Account, Line, Requirement

TriggerKind = Literal[
    "driver_change", "new_executor_version", "run_withdrawn", "requirement_superseded", "date", "notice", "model_change"
]  # fmt: skip


class CandidateAnswer(Answer):
    """One candidate under its name: a configuration, and the answer that its runs give."""

    name: Line
    fingerprint: Digest


class Dissent(Document):
    """What a member holds against the decision, in their own words; it is signed with everything else."""

    actor: Account
    text: Annotated[str, Bound(min_length=1, max_length=4000)]


class Trigger(Document):
    """What asks for a new look: a kind of change to what is cited, or a date; `note` says why the committee cares."""

    kind: TriggerKind
    at: Instant | None = None
    note: Annotated[str, Bound(max_length=300)] = ""

    @model_validator(mode="after")
    def _date_has_a_day(self) -> Self:
        if (self.kind == "date") != (self.at is not None):
            raise ValueError("at: stated for a date, and for nothing else")
        if self.at is not None:
            datetime.fromisoformat(self.at)  # a ValueError for a day that does not exist
        return self


class AsOf(Document):
    """The state of the log on which the answers rest: its size and the root over all events below it."""

    size: Natural
    root: Digest


class Decision(Document):
    """`decision/v1`: signed as a whole by every member, read-only from the first signature on; a later word is an addendum.

    `chosen` is the fingerprint of a candidate that meets the requirement, or none. `pack_sha256` names an evidence pack, where one was made before.
    """

    ALWAYS: ClassVar[frozenset[str]] = frozenset({"run_withdrawn", "requirement_superseded"})
    schema_id: Literal["decision/v1"] = "decision/v1"
    organisation: Account
    question: Annotated[str, Bound(min_length=1, max_length=2000)]
    requirement_sha256: Digest
    candidates: Annotated[tuple[CandidateAnswer, ...], Bound(min_length=1, max_length=50)]
    chosen: Digest | None
    methodologies: Annotated[tuple[Digest, ...], Bound(min_length=1, max_length=20)]
    rationale: Annotated[str, Bound(min_length=10, max_length=20_000)]
    dissent: Annotated[tuple[Dissent, ...], Bound(max_length=50)]
    valid_until: Instant
    as_of: AsOf
    pack_sha256: Digest | None
    triggers: Annotated[tuple[Trigger, ...], Bound(max_length=50)]
    members: Annotated[tuple[Account, ...], Bound(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for what in ("name", "fingerprint"):
            if len({getattr(one, what) for one in self.candidates}) != len(self.candidates):
                raise ValueError(f"candidates: each {what} once")
        if len(set(self.members)) != len(self.members):
            raise ValueError("members: each account once")
        if list(self.methodologies) != sorted(set(self.methodologies)):
            raise ValueError("methodologies: each digest once, in order")
        datetime.fromisoformat(self.valid_until)
        return self

    @model_validator(mode="after")
    def _choice_meets(self) -> Self:
        chosen = self.candidate(self.chosen) if self.chosen else None
        if self.chosen and chosen is None:
            raise ValueError("chosen: one of the candidates, by its fingerprint, or none")
        if chosen is not None and chosen.answer != "meets":
            raise ValueError(f"chosen: {chosen.name} does not meet the requirement (answer {chosen.answer}); choose none, and say why")
        strangers = {one.actor for one in self.dissent} - set(self.members)
        if strangers:
            raise ValueError(f"dissent: by members alone (got {', '.join(sorted(strangers))[:200]})")
        return self

    @model_validator(mode="after")
    def _withdrawals_are_watched(self) -> Self:
        missing = sorted(self.ALWAYS - {one.kind for one in self.triggers})
        if missing:
            raise ValueError(f"triggers: {', '.join(missing)} always ask for a new look; list them")
        return self

    @property
    def sha256(self) -> str:
        """The digest that names this decision."""
        return digest(self.model_dump(mode="json"))

    @property
    def runs(self) -> tuple[str, ...]:
        """Every run on which an answer rests, in order; runs that were refused are not among them."""
        return tuple(sorted({run for one in self.candidates for run in one.runs}))

    def candidate(self, fingerprint: str) -> CandidateAnswer | None:
        """The candidate with this fingerprint; None where there is none."""
        return next((one for one in self.candidates if one.fingerprint == fingerprint), None)


def candidate_answer(requirement: Requirement, name: str, fingerprint: str, runs: Sequence[Cited | CitationRefusal]) -> CandidateAnswer:
    """The answer of a candidate's runs, under its name; `Problems` for what is no name or no fingerprint."""
    found = answer(requirement, runs).model_dump(mode="json")
    return CandidateAnswer.read(encode({**found, "name": name, "fingerprint": fingerprint}))


def decision_problems(
    decision: Decision, requirement: Requirement, runs: Mapping[str, Sequence[Cited | CitationRefusal]]
) -> Iterator[Problem]:  # fmt: skip
    """Where a decision says something else than its requirement and the runs of its candidates (by fingerprint) give."""
    stated = {"requirement_sha256": decision.requirement_sha256, "organisation": decision.organisation, "methodologies": list(decision.methodologies)}
    true = {
        "requirement_sha256": requirement.sha256, "organisation": requirement.organisation,
        "methodologies": list(requirement.workload.methodologies),
    }  # fmt: skip
    for path, found, expected in differences(stated, true, "decision"):
        yield Problem(path, str(found)[:80], str(expected)[:80], "draft the decision again", "another-requirement")
    for place, one in enumerate(decision.candidates):
        again = candidate_answer(requirement, one.name, one.fingerprint, runs.get(one.fingerprint, ()))
        for path, found, expected in differences(one.model_dump(mode="json"), again.model_dump(mode="json"), f"decision.candidates[{place}]"):
            yield Problem(path, str(found)[:80], str(expected)[:80], "draft the decision again: the evidence gives another answer", "answers-differ")
