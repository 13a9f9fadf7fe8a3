"""The questions of the doors about requirements and decisions: each takes the actor first, and a foreign object is not found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Count

from lynxweb.accounts.roles import READ, may, require
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now
from lynxweb.registry import gathering
from lynxweb.registry.models import MethodologyVersion, Run
from lynxweb.registry.redacting import redacted_parts
from lynxweb.registry.seeing import runs_seen_by
from lynxweb.review.candidates import MOST_CANDIDATES, Candidate, candidates_for, unseen_runs
from lynxweb.review.deciding import standing_of
from lynxweb.review.deciding_cards import (
    AddendumLine,
    DecisionCard,
    DecisionView,
    MatrixRow,
    NamedMethodology,
    PreRegistered,
    RedactedPart,
    RequirementCard,
    RequirementView,
    SignatureLine,
)
from lynxweb.review.decisions import decision_row_for
from lynxweb.review.models.decisions import Decision as DecisionRow
from lynxweb.review.models.decisions import RequirementVersion
from lynxweb.review.requirements import attached, document_of, methodologies_of, version_for
from runner.contract.answers import answer
from runner.contract.citations import CitationRefusal, Cited
from runner.contract.decision import Decision
from runner.contract.requirement import Requirement

MOST_LISTED = 100


def requirements_for(actor: Actor) -> tuple[RequirementCard, ...]:
    """The newest 100 requirements of the actor's organisation, superseded ones included."""
    return _requirement_cards(RequirementVersion.objects.for_actor(require(actor, READ)).newest()[:MOST_LISTED])


def requirement_for(actor: Actor, digest: str, *, clock: Callable[[], datetime] = utc_now) -> RequirementView:
    """One requirement with the matrix of every configuration that was measured on its workload, at most 50; `left_off` counts the others."""
    acting = require(actor, READ)
    version = version_for(acting, digest)
    asked, card = document_of(version), _requirement_cards([version])[0]
    candidates, known = candidates_for(acting, asked), methodologies_of(asked)
    unseen, matrix = unseen_runs(asked), _matrix(asked, candidates[:MOST_CANDIDATES])
    newest = card.superseded_by is None
    return RequirementView(
        card=card,
        requirement=asked,
        methodologies=tuple(NamedMethodology(name, how.name, how.version, how.title) for name, how in sorted(known.items())),
        matrix=tuple(replace(row, unseen=unseen.get(row.fingerprint, 0)) for row in matrix),
        left_off=len(candidates) - len(matrix),
        versions=_requirement_cards(_chain(acting, version)),
        decisions=tuple(_decision_card(acting, row, clock) for row in version.decisions.whole().newest()),
        may_supersede=newest and may(acting, Action.REQUIREMENT_SUPERSEDE),
        may_decide=newest and may(acting, Action.DECISION_SIGN),
        unseen_elsewhere=sum(unseen.values()) - sum(unseen.get(one.fingerprint, 0) for one in candidates),
    )


def decisions_for(actor: Actor, *, clock: Callable[[], datetime] = utc_now) -> tuple[DecisionCard, ...]:
    """The newest 100 decisions of the actor's organisation, each with its badge as of now."""
    acting = require(actor, READ)
    return tuple(_decision_card(acting, row, clock) for row in DecisionRow.objects.for_actor(acting).whole().newest()[:MOST_LISTED])


def decision_for(actor: Actor, digest: str, *, clock: Callable[[], datetime] = utc_now) -> DecisionView:
    """One decision with everything that a page or a pack shows of it."""
    acting = require(actor, READ)
    row = DecisionRow.objects.whole().get(digest=decision_row_for(acting, digest).digest)
    decision, asked = Decision.read(attached(row.digest)), document_of(row.requirement)
    signed = {one.actor: one for one in row.signatures.all()}
    lines = tuple(SignatureLine(member, signed[member].position, signed[member].signed_at) if member in signed else SignatureLine(member, None, None)
                  for member in decision.members)  # fmt: skip
    return DecisionView(
        card=_decision_card(acting, row, clock),
        decision=decision,
        requirement=asked,
        pre_registered=_pre_registered(row, decision),
        signatures=lines,
        addenda=tuple(
            AddendumLine(one.actor, str(leaf_fields(attached(one.document))["text"]), one.position, one.added_at)
            for one in sorted(row.addenda.all(), key=lambda one: one.position)
        ),
        may_sign=acting.id in decision.members and acting.id not in signed and may(acting, Action.DECISION_SIGN),
        may_append=may(acting, Action.DECISION_APPEND),
        unseen={name: count for name, count in unseen_runs(asked).items() if decision.candidate(name)},
        runs={card.digest: card for card in gathering.cards(runs_seen_by(acting).newest().filter(digest__in=decision.runs))},
    )


def _matrix(asked: Requirement, candidates: Sequence[Candidate]) -> list[MatrixRow]:
    """The row of each candidate, with what was redacted of its runs."""
    named = {one.fingerprint: [run.run if isinstance(run, CitationRefusal) else run.digest for run in one.runs] for one in candidates}
    gone = redacted_parts(digest for digests in named.values() for digest in digests)
    parts = {
        fingerprint: tuple(RedactedPart(run, name, one.position) for run in digests for name, one in sorted(gone.get(run, {}).items()))
        for fingerprint, digests in named.items()
    }
    return [
        MatrixRow(
            one.fingerprint, one.label, one.product, answer(asked, one.runs), redacted=parts[one.fingerprint],
            grades={run.digest: run.standing.grade for run in one.runs if isinstance(run, Cited)},
        )
        for one in candidates
    ]  # fmt: skip


def decisions_citing(run_digest: str) -> tuple[str, ...]:
    """The digests of all decisions whose answers rest on a run, newest first, whoever signed them: for acts on the run, not for doors."""
    return tuple(DecisionRow.objects.citing(run_digest).newest().values_list("digest", flat=True))


def decisions_citing_for(actor: Actor, run_digest: str, *, clock: Callable[[], datetime] = utc_now) -> tuple[DecisionCard, ...]:
    """The decisions of the actor's organisation whose answers rest on a run."""
    acting = require(actor, READ)
    return tuple(_decision_card(acting, row, clock) for row in DecisionRow.objects.for_actor(acting).citing(run_digest).whole().newest())


def _requirement_cards(versions: Iterable[RequirementVersion]) -> tuple[RequirementCard, ...]:
    rows = list(versions)
    digests = [row.digest for row in rows]
    later = dict(RequirementVersion.objects.filter(supersedes__in=digests).values_list("supersedes", "digest"))
    counted = dict(DecisionRow.objects.filter(requirement__in=digests).values_list("requirement").annotate(Count("pk")))
    return tuple(
        RequirementCard(
            row.digest, row.title, row.position, row.published_at, row.supersedes, later.get(row.digest), counted.get(row.digest, 0)
        )
        for row in rows
    )  # fmt: skip


def _chain(actor: Actor, version: RequirementVersion) -> list[RequirementVersion]:
    """Every version of one requirement, newest first."""
    own = {row.digest: row for row in RequirementVersion.objects.for_actor(actor)}
    after = {row.supersedes: row for row in own.values() if row.supersedes}
    newest, found = version, []
    while newest.digest in after:
        newest = after[newest.digest]
    walked: RequirementVersion | None = newest
    while walked is not None:
        found.append(walked)
        walked = own.get(walked.supersedes) if walked.supersedes else None
    return found


def _decision_card(actor: Actor, row: DecisionRow, clock: Callable[[], datetime]) -> DecisionCard:
    decision = Decision.read(attached(row.digest))
    chosen = decision.candidate(decision.chosen) if decision.chosen else None
    return DecisionCard(
        digest=row.digest,
        question=decision.question,
        requirement_digest=row.requirement.digest,
        requirement_title=row.requirement.title,
        chosen=None if chosen is None else chosen.name,
        position=row.position,
        signed=len(row.signatures.all()),
        members=len(decision.members),
        valid_until=decision.valid_until,
        standing=standing_of(actor, decision, clock),
    )


def _pre_registered(row: DecisionRow, decision: Decision) -> PreRegistered:
    nonces = Run.objects.filter(digest__in=decision.runs).exclude(nonce=None).values_list("nonce", flat=True)
    declared = Event.objects.filter(action=Action.RUN_DECLARE, object_id__in=list(nonces)).order_by("seq").values_list("seq", flat=True).first()
    methods = MethodologyVersion.objects.among(decision.methodologies).values_list("position", flat=True)
    asked = max(row.requirement.position, *methods)
    return PreRegistered(None if declared is None else asked < declared, asked, declared)
