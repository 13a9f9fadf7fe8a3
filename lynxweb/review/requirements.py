"""Asking: a requirement is published before the runs that it judges, and a later version takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.roles import require
from lynxweb.audit import projections, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import LogDocument
from lynxweb.audit.record import record, utc_now
from lynxweb.registry import gathering
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import MethodologyVersion
from lynxweb.registry.redacting import content_of
from lynxweb.registry.seeing import named
from lynxweb.review.acting import next_position, refuse
from lynxweb.review.models.decisions import RequirementVersion
from runner.contract import canary
from runner.contract.canonical import decode
from runner.contract.hidden import hidden_problems
from runner.contract.methodology import Methodology
from runner.contract.problems import Problem
from runner.contract.requirement import Requirement, evidence_problems


@dataclass(frozen=True)
class PublishedRequirement:
    """A requirement, the position of its event in the log, and whether this act published it."""

    digest: str
    position: int
    created: bool


def publish_requirement(
    actor: Actor, content: bytes, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> PublishedRequirement:
    """Publish the canonical `content` for the actor's organisation; publishing it again changes nothing.

    Raises `Problems` with everything that is wrong with the document, and with the methodologies that it names as evidence (R-05, R-07 …).
    """
    acting, asked = require(actor, Action.REQUIREMENT_PUBLISH), Requirement.read(content)
    if asked.supersedes is not None:
        refuse([Problem("supersedes", asked.supersedes, "nothing", "supersede the earlier version instead of publishing", "supersedes")])
    return _file(Action.REQUIREMENT_PUBLISH, acting, asked, reason, request_id, clock)


def supersede_requirement(
    actor: Actor, digest: str, content: bytes, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> PublishedRequirement:
    """Publish `content` in the place of the requirement `digest`, which the document names; decisions on the earlier one ask for a new look.

    A version is superseded once: the next one supersedes the newest. Raises `NotFound` for a requirement of somebody else.
    """
    acting, asked = require(actor, Action.REQUIREMENT_SUPERSEDE), Requirement.read(content)
    earlier = version_for(acting, digest)
    if asked.supersedes != earlier.digest:
        refuse([Problem("supersedes", str(asked.supersedes), earlier.digest, "name the version that it takes the place of", "supersedes")])
    return _file(Action.REQUIREMENT_SUPERSEDE, acting, asked, reason, request_id, clock)


def _file(
    action: Action, actor: Actor, asked: Requirement, reason: Reason, request_id: str, clock: Callable[[], datetime]
) -> PublishedRequirement:  # fmt: skip
    refuse(_problems(actor, asked))
    with transaction.atomic():
        position = next_position()
        known = RequirementVersion.objects.filter(digest=asked.sha256).first()
        if known is not None:
            return PublishedRequirement(known.digest, known.position, created=False)
        refuse(_superseded_already(asked.supersedes))
        version = RequirementVersion(digest=asked.sha256, organisation_id=asked.organisation, title=asked.title, supersedes=asked.supersedes)
        version.position, version.published_at = position, clock()
        version.save()
        record(
            action,
            Subject("requirement", version.digest, 1),
            actor=actor,
            reason=reason,
            request_id=request_id,
            before=asked.supersedes,
            after=projections.keep(version),
            payload=snapshots.keep(asked.canonical()),
            clock=clock,
        )
    return PublishedRequirement(version.digest, version.position, created=True)


def _problems(actor: Actor, asked: Requirement) -> Iterator[Problem]:
    if asked.organisation != actor.organisation:
        yield Problem("organisation", asked.organisation, str(actor.organisation), "ask for your own organisation", "another-organisation")
    yield from canary.scan(decode(asked.canonical()), "requirement")
    yield from hidden_problems(decode(asked.canonical()), "requirement")
    yield from evidence_problems(asked, methodologies_of(asked))


def _superseded_already(earlier: str | None) -> Iterator[Problem]:
    later = RequirementVersion.objects.superseding(earlier).first() if earlier else None
    if later is not None:
        yield Problem("supersedes", f"superseded by {later.digest}", "the newest version", "supersede that one", "superseded-already")


def methodologies_of(asked: Requirement) -> dict[str, Methodology]:
    """The published methodologies that a requirement names, by digest; one that is not published is not among them."""
    versions = MethodologyVersion.objects.among(asked.workload.methodologies).select_related("document")
    return {version.digest: gathering.methodology(content_of(version.document)) for version in versions}


def version_for(actor: Actor, digest: str) -> RequirementVersion:
    """The row of a requirement of the actor's organisation; unknown and foreign are `NotFound` alike."""
    version = RequirementVersion.objects.for_actor(actor).filter(digest=named("requirement", digest)).first()
    if version is None:
        raise NotFound("requirement", digest)
    return version


def document_of(version: RequirementVersion) -> Requirement:
    """The requirement as it was published."""
    return Requirement.read(attached(version.digest))


def attached(digest: str) -> bytes:
    """The exact bytes of a document that an event attached."""
    return bytes(LogDocument.objects.get(digest=digest).content)
