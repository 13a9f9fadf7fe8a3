"""Redaction: bytes that must not be kept are taken out for good, by two people, for a stated reason; digest and proofs stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from lynxweb.accounts.roles import require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models_redactions import Redaction
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import Recorded, record, utc_now
from lynxweb.audit.redactions import all_redactions, empty, redaction_of
from lynxweb.registry import storage
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Document, Run, RunArtifact
from lynxweb.registry.redacting import DOCUMENT_PATHS
from lynxweb.registry.seeing import named
from lynxweb.review.acting import made_before, next_position, refuse
from lynxweb.review.models.notices import Dispute, DisputeClosing, Notice
from lynxweb.review.models.reviews import ReviewStep
from runner.contract.bundle import ENVELOPE
from runner.contract.problems import Problem

OBJECT_TYPE = "payload"


@dataclass(frozen=True)
class Kept:
    """Where redactable bytes are kept, and the organisations whose runs they belong to."""

    place: str
    organisations: frozenset[str]


def redaction_terms(digest: str, reason: Reason) -> dict[str, Any]:
    """The document of a redaction, which a proposal holds word for word."""
    return {"v": 1, "payload": digest, "reason_code": str(reason.code), "reason": reason.text}


def propose_redaction(actor: Actor, digest: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Proposal:
    """Propose that a publisher take these bytes out for exactly this reason."""
    acting = require(actor, Action.ACT_PROPOSE)
    refuse(_problems(acting, digest, _kept(acting, digest)))
    subject = Subject(OBJECT_TYPE, digest)
    return proposals.propose(
        acting, Action.PAYLOAD_REDACT, subject, redaction_terms(digest, reason), reason=reason, request_id=request_id, clock=clock
    )


def redact_payload(
    actor: Actor, digest: str, *, proposal: str | None = None, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> Recorded:
    """Take out the bytes with this SHA-256: a file or a document of a run of the actor's organisation, or what an act on one attached.

    The digest, every proof and every number stay; whoever asks for the bytes is told of this event. Raises `NotFound` for bytes that belong to
    others, `Problems` for bytes that are gone already or shared with another organisation.
    """
    acting = require(actor, Action.PAYLOAD_REDACT)
    with transaction.atomic():
        if (made := made_before(request_id, Action.PAYLOAD_REDACT, digest)) is not None:
            return made
        kept = _kept(acting, digest)
        refuse(_problems(acting, digest, kept))
        terms, subject, position = redaction_terms(digest, reason), Subject(OBJECT_TYPE, digest, 1), next_position()
        seconded = proposals.second(acting, Action.PAYLOAD_REDACT, Subject(OBJECT_TYPE, digest), terms, proposal, request_id=request_id, clock=clock)
        row = Redaction(digest=digest, position=position, reason_code=str(reason.code), reason=reason.text or "")
        row.save()
        _take_out(kept.place, digest)
        payload, after = snapshots.keep(terms), snapshots.keep({"redaction": snapshots.row(row)})
        return record(
            Action.PAYLOAD_REDACT, subject,
            actor=acting, reason=reason, request_id=request_id, after=after, payload=payload, proposal=seconded, clock=clock,
        )  # fmt: skip


def reasons() -> dict[str, str]:
    """Why each redacted payload is gone, by its digest: what a pack says in the place of the bytes."""
    return {digest: f"redacted by event {one.position}: {one.reason}" for digest, one in all_redactions().items()}


def _take_out(place: str, digest: str) -> None:
    if place == "file":  # once the redaction is committed: an act that fails must not have removed anything
        transaction.on_commit(partial(storage.remove, digest))
    else:
        table, key = {"document": ("registry_document", "sha256"), "log document": ("audit_document", "digest")}[place]
        empty(table, key, digest)


def _kept(actor: Actor, digest: str) -> Kept:
    """Where these bytes are; `NotFound` where none of the actor's runs rests on them."""
    named(OBJECT_TYPE, digest)
    for place, find in _PLACES.items():
        organisations = frozenset(find(digest))
        if organisations:
            if actor.kind != "system" and actor.organisation not in organisations:
                break
            return Kept(place, organisations)
    raise NotFound(OBJECT_TYPE, digest)


def _of_files(digest: str) -> Iterator[str]:
    yield from RunArtifact.objects.filter(artifact=digest).values_list("run__organisation", flat=True)


def _of_documents(digest: str) -> Iterator[str]:
    if Document.objects.filter(sha256=digest).exists():
        rests = Q(*[(path, digest) for path in DOCUMENT_PATHS.values()], _connector=Q.OR)
        yield from Run.objects.filter(rests).values_list("organisation", flat=True)


def _of_acts(digest: str) -> Iterator[str]:
    for model, path in ((Notice, "run"), (Dispute, "run"), (DisputeClosing, "dispute__run"), (ReviewStep, "review__run")):
        yield from model.objects.filter(document=digest).values_list(f"{path}__organisation", flat=True)


_PLACES: dict[str, Callable[[str], Iterator[str]]] = {"file": _of_files, "document": _of_documents, "log document": _of_acts}


def _problems(actor: Actor, digest: str, kept: Kept) -> Iterator[Problem]:
    if (earlier := redaction_of(digest)) is not None:
        found = f"redacted by event {earlier.position}"
        yield Problem("payload", found, "bytes that are still there", "nothing is to be done", "redacted")
    if RunArtifact.objects.filter(artifact=digest, role=ENVELOPE).exists():
        remedy = "redact the member that holds what must go: the envelope names digests alone, and without it nothing is signed"
        yield Problem("payload", "the signed envelope of a run", "a document or a file of it", remedy, "envelope")
    if actor.kind != "system" and kept.organisations != {actor.organisation}:
        remedy = "ask the site's operator: what belongs to several organisations is not one's own to take out"
        yield Problem("payload", "bytes that another organisation's run rests on too", "bytes of your own runs alone", remedy, "shared-payload")
