"""Erasing a person: name, address, password, sign-ins and openings go for good; the pseudonym in the log stays, and stands for nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import keep_an_administrator
from lynxweb.accounts.roles import require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.erasing import forget, overwrite_freed
from lynxweb.audit.models import Event
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import Recorded, record, recorded_as, utc_now
from runner.contract.problems import Problem, Problems

OBJECT_TYPE = "actor"
OURS = ("accounts", "audit", "registry", "review")


def erasure_terms(actor_id: str, reason: Reason) -> dict[str, Any]:
    """The document of an erasure, which a proposal holds word for word."""
    return {"v": 1, "actor": actor_id, "reason_code": str(reason.code), "reason": reason.text}


def propose_erasure(actor: Actor, actor_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Proposal:
    """Propose that an administrator erase this person of the organisation for exactly this reason."""
    acting = require(actor, Action.ACT_PROPOSE)
    _refuse(Person.objects.for_actor(acting).get(actor_id=actor_id), reason)
    subject, terms = Subject(OBJECT_TYPE, actor_id), erasure_terms(actor_id, reason)
    return proposals.propose(acting, Action.ACTOR_ERASE, subject, terms, reason=reason, request_id=request_id, clock=clock)


def erase_actor(
    actor: Actor, actor_id: str, *, proposal: str | None = None, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> Recorded:
    """Erase a person of the actor's organisation: what was signed and recorded under the pseudonym stays valid and names nobody any more.

    Raises `Person.DoesNotExist` for somebody else's person, `Problems` for an erased one and for the last administrator who can sign in.
    """
    acting = require(actor, Action.ACTOR_ERASE)
    with transaction.atomic():
        person = Person.objects.for_actor(acting).select_for_update(of=("self",)).get(actor_id=actor_id)
        if (made := _made_by(request_id, actor_id)) is not None:
            return made
        _refuse(person, reason)
        if person.is_active:
            keep_an_administrator(person)
        terms, subject = erasure_terms(actor_id, reason), Subject(OBJECT_TYPE, actor_id)
        seconded = proposals.second(acting, Action.ACTOR_ERASE, subject, terms, proposal, request_id=request_id, clock=clock)
        before = standing.newest(OBJECT_TYPE, actor_id)
        _blank(person)
        after, payload = snapshots.keep(standing.person(person)), snapshots.keep(terms)
        return record(
            Action.ACTOR_ERASE, Subject(OBJECT_TYPE, actor_id, person.rev),
            actor=acting, reason=reason, request_id=request_id, before=before, after=after, payload=payload, proposal=seconded, clock=clock,
        )  # fmt: skip


def _blank(person: Person) -> None:
    overwrite_freed()
    forget(person.actor_id)
    _end_sign_ins(person)
    person.name, person.email = f"erased {person.actor_id}", f"{person.actor_id}@erased.invalid"
    person.set_unusable_password()
    person.is_active, person.last_login, person.rev = False, None, person.rev + 1
    person.save(update_fields=["name", "email", "password", "is_active", "last_login", "rev"])


def _end_sign_ins(person: Person) -> None:
    """Delete what other apps keep about the person (addresses, second factors, accounts at a provider), and every open session."""
    for relation in Person._meta.related_objects:
        model = relation.related_model
        if isinstance(model, type) and model._meta.app_label not in OURS:
            model._base_manager.filter(**{relation.field.name: person}).delete()
    for session in Session.objects.all().iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()


def _refuse(person: Person, reason: Reason) -> None:
    problems, said = [], (reason.text or "").casefold()
    if Event.objects.on(OBJECT_TYPE, person.actor_id).filter(action=Action.ACTOR_ERASE).exists():
        problems.append(Problem("actor", "erased", "somebody who was not erased", "nothing is to be done", "erased"))
    elif person.name.casefold() in said or person.email.casefold() in said:
        remedy = "write of people by their actor id: the reason is public and cannot be erased"
        problems.append(Problem("reason", "the name of the person", f"at most {person.actor_id}", remedy, "names-the-person"))
    if problems:
        raise Problems(problems)


def _made_by(request_id: str, actor_id: str) -> Recorded | None:
    made = Event.objects.filter(request_id=request_id, action=Action.ACTOR_ERASE, object_id=actor_id).exists()
    return recorded_as(request_id) if made else None
