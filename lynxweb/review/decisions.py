"""Deciding: a draft is computed from the evidence, each member signs it as a whole, and what comes later is an addendum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import projections, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import instant
from lynxweb.audit.record import Recorded, record, utc_now
from lynxweb.registry.missing import NotFound
from lynxweb.registry.seeing import named
from lynxweb.review.acting import made_before, next_position, refuse
from lynxweb.review.candidates import MOST_CANDIDATES, answers_for, runs_by_fingerprint
from lynxweb.review.deciding import member_problems, state_of_log, state_problems
from lynxweb.review.models.decisions import Decision as DecisionRow
from lynxweb.review.models.decisions import DecisionAddendum, DecisionCitation, DecisionSignature, RequirementVersion
from lynxweb.review.requirements import attached, document_of, version_for
from runner.contract import canary
from runner.contract.canonical import decode, encode
from runner.contract.decision import Decision, decision_problems
from runner.contract.hidden import hidden_problems
from runner.contract.problems import Problem, Problems

# What a decision watches unless its committee says otherwise.
WATCHED = ("driver_change", "new_executor_version", "run_withdrawn", "requirement_superseded", "notice", "model_change")
ADDENDUM_LENGTH = range(10, 20_001)


@dataclass(frozen=True)
class Draft:
    """What a committee says itself; answers, methodologies and the state of the log are computed.

    `candidates` maps fingerprints to names, `dissent` is (actor, text), `triggers` are (kind, instant or None, note), `valid_until` an instant.
    """

    question: str
    candidates: Mapping[str, str]
    chosen: str | None
    rationale: str
    valid_until: str
    members: tuple[str, ...]
    dissent: tuple[tuple[str, str], ...] = ()
    triggers: tuple[tuple[str, str | None, str], ...] = tuple((kind, None, "") for kind in WATCHED)
    pack_sha256: str | None = None


@dataclass(frozen=True)
class Signed:
    """A signed decision and the event of this signature."""

    digest: str
    recorded: Recorded


def draft_decision(actor: Actor, requirement_digest: str, draft: Draft, *, clock: Callable[[], datetime] = utc_now) -> Decision:
    """The decision document as it would be signed now, its answers computed from every run that the committee may see; nothing is stored.

    Raises `Problems` with everything that stands against the draft, `NotFound` for a requirement of somebody else.
    """
    acting = require(actor, Action.DECISION_SIGN)
    version = version_for(acting, requirement_digest)
    asked = document_of(version)
    if not 0 < len(draft.candidates) <= MOST_CANDIDATES:
        told = Problem("candidates", str(len(draft.candidates)), f"1 to {MOST_CANDIDATES}", "name the configurations that are weighed", "candidates")
        raise Problems([told])
    answers = answers_for(acting, asked, draft.candidates)
    document = {
        "schema_id": "decision/v1", "organisation": version.organisation_id, "question": draft.question, "requirement_sha256": version.digest,
        "candidates": [one.model_dump(mode="json") for one in answers], "chosen": draft.chosen,
        "methodologies": list(asked.workload.methodologies), "rationale": draft.rationale,
        "dissent": [{"actor": member, "text": text} for member, text in draft.dissent], "valid_until": draft.valid_until,
        "as_of": state_of_log().model_dump(mode="json"), "pack_sha256": draft.pack_sha256,
        "triggers": [{"kind": kind, "at": at, "note": note} for kind, at, note in draft.triggers], "members": list(draft.members),
    }  # fmt: skip
    decision = Decision.read(encode(document))
    refuse([*_drafting_problems(version, decision), *_lasting_problems(version, decision, clock)])
    return decision


def sign_decision(actor: Actor, content: bytes, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Signed:
    """Sign the canonical decision `content`; the first signature stores it, from then on it is read-only and the other members sign the same.

    At the first signature every answer must equal the one that the evidence gives now; at a later one no answer may have turned. Raises `Problems`
    with all that differs, `NotFound` for a decision of another organisation.
    """
    acting, decision = require(actor, Action.DECISION_SIGN), Decision.read(content)
    with transaction.atomic():
        version = version_for(acting, decision.requirement_sha256)
        if (made := made_before(request_id, Action.DECISION_SIGN, decision.sha256)) is not None:
            return Signed(decision.sha256, made)
        position, now = next_position(), clock()
        stored = DecisionRow.objects.filter(digest=decision.sha256).first()
        first = stored is None
        refuse([*_signer_problems(acting, decision), *(_drafting_problems(version, decision) if first else ()),
                *_lasting_problems(version, decision, clock), *_answer_problems(acting, version, decision, first)])  # fmt: skip
        row = stored or _store(version, decision, position)
        rev = 1 if first else row.signatures.count() + row.addenda.count() + 1
        signature = DecisionSignature.objects.create(decision=row, actor=acting.id, rev=rev, position=position, signed_at=now)
        cited = [DecisionCitation.objects.create(decision=row, run_id=run) for run in decision.runs] if first else []
        recorded = record(
            Action.DECISION_SIGN,
            Subject("decision", row.digest, rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            after=projections.keep(row, {"signatures": [signature], "citations": cited}),
            payload=snapshots.keep(decision.canonical()),
            clock=clock,
        )
    return Signed(row.digest, recorded)


def sign_stored_decision(actor: Actor, digest: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Signed:
    """Sign a decision that another member signed first, by its digest."""
    row = decision_row_for(require(actor, Action.DECISION_SIGN), digest)
    return sign_decision(actor, attached(row.digest), reason=reason, request_id=request_id, clock=clock)


def append_addendum(
    actor: Actor, digest: str, text: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> Recorded:  # fmt: skip
    """Add a later word to a signed decision, 10 to 20,000 characters; the decision itself stays as it was signed."""
    acting = require(actor, Action.DECISION_APPEND)
    with transaction.atomic():
        row = decision_row_for(acting, digest)
        if (made := made_before(request_id, Action.DECISION_APPEND, row.digest)) is not None:
            return made
        refuse(_addendum_problems(text))
        position, rev = next_position(), row.signatures.count() + row.addenda.count() + 1
        document = snapshots.keep({"v": 1, "decision": row.digest, "actor": acting.id, "text": text})
        addendum = DecisionAddendum.objects.create(
            decision=row, actor=acting.id, rev=rev, document=document, position=position, added_at=clock()
        )  # fmt: skip
        return record(
            Action.DECISION_APPEND,
            Subject("decision", row.digest, rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            after=projections.keep(row, {"addenda": [addendum]}),
            payload=document,
            clock=clock,
        )


def decision_row_for(actor: Actor, digest: str) -> DecisionRow:
    """The row of a decision of the actor's organisation; unknown and foreign are `NotFound` alike."""
    row = DecisionRow.objects.for_actor(actor).filter(digest=named("decision", digest)).first()
    if row is None:
        raise NotFound("decision", digest)
    return row


def _store(version: RequirementVersion, decision: Decision, position: int) -> DecisionRow:
    return DecisionRow.objects.create(
        digest=decision.sha256, organisation_id=version.organisation_id, requirement=version, position=position
    )  # fmt: skip


def _drafting_problems(version: RequirementVersion, decision: Decision) -> Iterator[Problem]:
    """What stands against a decision until its first signature: its state of the log, its members, secrets in its texts."""
    yield from state_problems(decision.as_of)
    yield from member_problems(version.organisation_id, decision.members)
    yield from canary.scan(decode(decision.canonical()), "decision")
    yield from hidden_problems(decode(decision.canonical()), "decision")


def _lasting_problems(version: RequirementVersion, decision: Decision, clock: Callable[[], datetime]) -> Iterator[Problem]:
    """What stands against every signature: a day that has passed, a requirement that has a successor."""
    if decision.valid_until <= instant(clock()):
        yield Problem("valid_until", decision.valid_until, "a day to come", "say until when the decision holds", "expired")
    later = RequirementVersion.objects.superseding(version.digest).first()
    if later is not None:
        yield Problem("requirement_sha256", f"superseded by {later.digest}", "the newest version", "decide on that one", "superseded-already")


def _signer_problems(actor: Actor, decision: Decision) -> Iterator[Problem]:
    if actor.id not in decision.members:
        yield Problem("members", actor.id, "one of those who are to sign", "name yourself among the members, or let them sign", "not-a-member")
    if DecisionSignature.objects.filter(decision=decision.sha256, actor=actor.id).exists():
        yield Problem("signatures", actor.id, "one signature from each member", "nothing is left to do", "signed-already")


def _answer_problems(actor: Actor, version: RequirementVersion, decision: Decision, first: bool) -> Iterator[Problem]:
    """Every place in which the evidence gives another answer now; at a later signature only the answers themselves count."""
    found = decision_problems(decision, document_of(version), runs_by_fingerprint(actor, document_of(version)))
    yield from (problem for problem in found if first or problem.path.endswith(".answer") or problem.code != "answers-differ")


def _addendum_problems(text: str) -> Iterator[Problem]:
    if len(text.strip()) not in ADDENDUM_LENGTH or len(text) not in ADDENDUM_LENGTH:
        yield Problem("text", f"{len(text.strip())} characters", "10 to 20,000 characters", "say what is to be added", "addendum-length")
    yield from canary.scan(text, "text")
    yield from hidden_problems(text, "text")
