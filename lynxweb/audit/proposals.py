"""Two people: one proposes an act word for word, another does it; the log holds both, and a stranger can check that they agree."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction

from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import instant, leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.models_proposals import ProposalUse, Proposed
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import record, utc_now
from runner.contract import canonical
from runner.contract.problems import Problem, Problems

LIFETIME = timedelta(days=14)
OBJECT_TYPE = "proposal"
TWO_PERSON_ACTIONS = frozenset(
    {
        Action.RUN_WITHDRAW,
        Action.RUN_SUPERSEDE,
        Action.RULING_ISSUE,
        Action.PAYLOAD_REDACT,
        Action.ACTOR_BIND,
        Action.ACTOR_ERASE,
        Action.KEY_REVOKE,
        Action.ROLE_GRANT,
        Action.LOG_CLOSE,
        Action.CHECKPOINT_NOTE,
    }
)


@dataclass(frozen=True)
class Proposal:
    """One proposed act: its event's position, who proposed what on which object, the terms word for word, why, and until when."""

    id: str
    seq: int
    action: str
    object_type: str
    object_id: str
    terms: Mapping[str, Any]
    terms_digest: str
    proposer: str
    organisation: str | None
    reason: str | None
    expires: datetime
    used_by: str | None


def propose(
    actor: Actor,
    action: Action,
    subject: Subject,
    terms: Mapping[str, Any],
    *,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    using: str = DEFAULT_DB_ALIAS,
) -> Proposal:
    """Record that `actor` proposes `action` on `subject` under `terms`, the payload document that the act will have; it stands for 14 days.

    The caller has checked that the actor may propose (`require(actor, Action.ACT_PROPOSE)`) and sees the object. A repeated request is answered
    with its first proposal. Raises `Problems` for an act that one person may do alone.
    """
    if action not in TWO_PERSON_ACTIONS:
        allowed = ", ".join(sorted(TWO_PERSON_ACTIONS))
        raise Problems([Problem("action", str(action), f"one of {allowed}", "do the act itself: it needs no second person", "no-proposal-needed")])
    known = _proposed_by(request_id, action, subject, terms, using)
    if known is not None:
        return known
    expires = clock() + LIFETIME
    with transaction.atomic(using=using):
        digest = snapshots.keep(dict(terms), using)
        named = f"prop_{random_bytes(10).hex()}"
        row = Proposed(id=named, action=str(action), object_type=subject.type, object_id=subject.id, terms=digest, proposer=actor.id)
        row.organisation, row.expires = actor.organisation, expires
        row.save(using=using)
        payload = snapshots.keep(_document(row), using)
        event = Subject(OBJECT_TYPE, named, 1)
        after = snapshots.keep(snapshots.row(row), using)
        record(Action.ACT_PROPOSE, event, actor=actor, reason=reason, request_id=request_id, after=after, payload=payload, clock=clock, using=using)
    return _value(row, using)


def second(
    actor: Actor,
    action: Action,
    subject: Subject,
    terms: Mapping[str, Any],
    proposal_id: str | None,
    *,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    using: str = DEFAULT_DB_ALIAS,
) -> int | None:
    """The position of the proposal that this act, by another person, carries out; uses it up. Call it inside the act's transaction.

    None where the two-person rule is off and no proposal is given. Raises `Problems` (code `two-persons`) for a proposal that is missing,
    one's own, altered, expired or used.
    """
    if proposal_id is None:
        if not log_settings(using).two_person_rule:
            return None
        raise Problems([_refused("none", "a proposal of this act by another person", "ask a second person to propose it, word for word")])
    row = Proposed.objects.using(using).filter(id=proposal_id).first()
    event = Event.objects.using(using).filter(object_type=OBJECT_TYPE, object_id=proposal_id, object_rev=1).first()
    if row is None or event is None:
        raise Problems([_refused(proposal_id, "the id of a proposal", "open the list of proposals and take one of it")])
    problems = list(_faults(row, event, actor, action, subject, terms, clock()))
    if problems:
        raise Problems(problems)
    _use_up(row, request_id, using)
    return event.seq


def open_proposals(*, clock: Callable[[], datetime] = utc_now, using: str = DEFAULT_DB_ALIAS) -> tuple[Proposal, ...]:
    """Every proposal that is neither used nor expired, the one that expires first at the top."""
    return tuple(_value(row, using) for row in Proposed.objects.using(using).open_at(clock()))


def closed_proposals(
    organisation: str | None, most: int, *, clock: Callable[[], datetime] = utc_now, using: str = DEFAULT_DB_ALIAS
) -> tuple[Proposal, ...]:
    """The proposals of one organisation that are used or expired, the one that expired last at the top, at most `most`."""
    rows = Proposed.objects.using(using).closed_at(clock()).of_organisation(organisation)[:most]
    return tuple(_value(row, using) for row in rows)


def proposal(proposal_id: str, using: str = DEFAULT_DB_ALIAS) -> Proposal:
    """The proposal with this id, open or not; raises `Proposed.DoesNotExist`."""
    return _value(Proposed.objects.using(using).get(id=proposal_id), using)


def _proposed_by(request_id: str, action: Action, subject: Subject, terms: Mapping[str, Any], using: str) -> Proposal | None:
    event = Event.objects.using(using).filter(request_id=request_id, action=str(Action.ACT_PROPOSE)).first()
    if event is None:
        return None
    same = {"action": str(action), "object_type": subject.type, "object_id": subject.id, "terms": canonical.digest(dict(terms))}
    row = Proposed.objects.using(using).filter(id=event.object_id, **same).first()
    return None if row is None else _value(row, using)


def _document(row: Proposed) -> dict[str, Any]:
    object_ = {"type": row.object_type, "id": row.object_id}
    return {"v": 1, "action": row.action, "object": object_, "terms": row.terms, "expires": instant(row.expires)}


def _faults(row: Proposed, event: Event, actor: Actor, action: Action, subject: Subject, terms: Mapping[str, Any], now: datetime) -> list[Problem]:
    leaf = leaf_fields(event.leaf)
    found: list[Problem] = []
    if leaf["payload"] != canonical.digest(_document(row)) or leaf["actor"]["id"] != row.proposer:
        found.append(_refused(row.id, "the proposal that its event holds", "run manage.py audit: a row differs from the log"))
    if leaf["actor"]["id"] == actor.id:
        found.append(_refused("your own proposal", "a proposal by another person", "let somebody else do the act"))
    if {leaf["actor"]["kind"], actor.kind} != {"user"}:  # a node or the site may carry out what a person decides, but is no second one
        found.append(_refused(f"{leaf['actor']['kind']} and {actor.kind}", "two people", "let two people who sign in propose and do it"))
    for what, proposed, done in (
        ("act", row.action, str(action)),
        ("object", f"{row.object_type} {row.object_id}", f"{subject.type} {subject.id}"),
        ("terms", row.terms, canonical.digest(dict(terms))),
    ):
        if proposed != done:
            found.append(_refused(f"{what}: {done}", f"{what}: {proposed}, as proposed", "do exactly what was proposed, or have it proposed anew"))
    if row.expires <= now:
        found.append(_refused(f"expired {instant(row.expires)}", "a proposal younger than 14 days", "have it proposed anew"))
    return found


def _use_up(row: Proposed, request_id: str, using: str) -> None:
    used = ProposalUse.objects.using(using).filter(proposal=row.id).first()
    if used is None:
        try:
            with transaction.atomic(using=using):
                ProposalUse(proposal=row.id, request_id=request_id).save(using=using)
            return
        except IntegrityError as error:  # another act used it while we looked, or this request carries out two proposals
            raise Problems([_used()]) from error
    if used.request_id != request_id:  # the same request again passes: `record()` answers it with its first event
        raise Problems([_used()])


def _used() -> Problem:
    return _refused("a used proposal", "a proposal that no act has used", "have it proposed anew")


def _refused(found: str, expected: str, remedy: str) -> Problem:
    return Problem("proposal", found, expected, remedy, "two-persons")


def _value(row: Proposed, using: str) -> Proposal:
    event = Event.objects.using(using).get(object_type=OBJECT_TYPE, object_id=row.id, object_rev=1)
    terms = leaf_fields(LogDocument.objects.using(using).get(digest=row.terms).content)
    use = ProposalUse.objects.using(using).filter(proposal=row.id).first()
    return Proposal(
        id=row.id,
        seq=event.seq,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        terms=terms,
        terms_digest=row.terms,
        proposer=row.proposer,
        organisation=row.organisation,
        reason=leaf_fields(event.leaf)["reason"],
        expires=row.expires,
        used_by=None if use is None else use.request_id,
    )
