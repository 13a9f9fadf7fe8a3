"""Roles given and taken back; a role that touches evidence or gives others power needs a second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.models import Membership, Person
from lynxweb.accounts.people import keep_an_administrator
from lynxweb.accounts.roles import READ, STRONG_SIGN_IN_ROLES, TWO_PERSON_ROLES, Role, require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import Recorded, record, utc_now
from runner.contract.problems import Problem, Problems


def propose_role(
    actor: Actor, actor_id: str, role: Role, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> proposals.Proposal:
    """Propose that a person of the actor's organisation gets a role; another person, an administrator, grants it.

    Raises `Person.DoesNotExist` for somebody else's person, `Problems` for a role already held.
    """
    acting = require(actor, Action.ACT_PROPOSE)
    membership = _membership(_person(acting, actor_id), role)
    _refuse_held(membership)
    subject = Subject("role", membership.object_id)
    terms = standing.grant(membership)
    return proposals.propose(acting, Action.ROLE_GRANT, subject, terms, reason=reason, request_id=request_id, clock=clock)


def grant_role(
    actor: Actor,
    actor_id: str,
    role: Role,
    *,
    reason: Reason,
    request_id: str,
    proposal: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """Give a person of the actor's organisation a role.

    Reviewer, publisher, auditor and administrator take a proposal by another person where the two-person rule is on; nobody gives himself one
    of them or a committee seat without it, rule or no rule. Raises `Person.DoesNotExist`, or `Problems` (`role-held`, `two-persons`).
    """
    acting = require(actor, Action.ROLE_GRANT)
    with transaction.atomic():
        person = _person(acting, actor_id, lock=True)
        membership = _membership(person, role)
        _refuse_held(membership)
        position = _second(acting, membership, person, role, proposal, request_id, clock)
        before = standing.newest("role", membership.object_id)
        if membership.pk is not None:
            membership.revoked, membership.rev = False, membership.rev + 1
        membership.save()
        return record(
            Action.ROLE_GRANT,
            Subject("role", membership.object_id, membership.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.membership(membership)),
            payload=snapshots.keep(standing.grant(membership)),
            proposal=position,
            clock=clock,
        )


def roles_to_give(actor: Actor, actor_id: str) -> tuple[tuple[Role, ...], tuple[Role, ...]]:
    """The roles that a person of the actor's organisation lacks: those that one person gives alone, and those that take a proposal."""
    person = _person(require(actor, READ), actor_id)
    held = set(person.memberships.held().values_list("role", flat=True))
    lacking = [role for role in Role if role.value not in held]
    together = [role for role in lacking if _takes_two(role, actor_id == actor.id)]
    return tuple(role for role in lacking if role not in together), tuple(together)


def _takes_two(role: Role, to_himself: bool) -> bool:
    return (role in TWO_PERSON_ROLES and log_settings().two_person_rule) or (role in STRONG_SIGN_IN_ROLES and to_himself)


def revoke_role(actor: Actor, actor_id: str, role: Role, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Take a role back from a person of the actor's organisation.

    Raises `Person.DoesNotExist`, `Membership.DoesNotExist` for a role not held, `Problems` for the last administrator who can sign in.
    """
    acting = require(actor, Action.ROLE_REVOKE)
    with transaction.atomic():
        person = _person(acting, actor_id, lock=True)
        held = Membership.objects.for_actor(acting).held().select_for_update(of=("self",)).get(person=person, role=role.value)
        if role is Role.ADMINISTRATOR:
            keep_an_administrator(person)
        before = standing.newest("role", held.object_id)
        held.revoked, held.rev = True, held.rev + 1
        held.save(update_fields=["revoked", "rev"])
        return record(
            Action.ROLE_REVOKE,
            Subject("role", held.object_id, held.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.membership(held)),
            payload=snapshots.keep(standing.grant(held)),
            clock=clock,
        )


def _person(acting: Actor, actor_id: str, *, lock: bool = False) -> Person:
    people = Person.objects.for_actor(acting)
    person: Person = (people.select_for_update(of=("self",)) if lock else people).get(actor_id=actor_id)
    return person


def _membership(person: Person, role: Role) -> Membership:
    """The row of this role, stored or new."""
    stored = Membership.objects.filter(person=person, organisation=person.organisation_id, role=role.value).first()
    return stored or Membership.of(person, person.organisation_id, role)


def _refuse_held(membership: Membership) -> None:
    if membership.pk is not None and not membership.revoked:
        raise Problems([Problem("role", membership.role, "a role not held yet", "nothing to do: the person has it", "role-held")])


def _second(
    acting: Actor, membership: Membership, person: Person, role: Role, proposal: str | None, request_id: str, clock: Callable[[], datetime]
) -> int | None:
    if role not in STRONG_SIGN_IN_ROLES:
        return None
    to_himself = person.actor_id == acting.id
    if role not in TWO_PERSON_ROLES and not to_himself and proposal is None:
        return None
    subject = Subject("role", membership.object_id)
    position = proposals.second(acting, Action.ROLE_GRANT, subject, standing.grant(membership), proposal, request_id=request_id, clock=clock)
    if position is None and to_himself:
        expected = "a proposal by another person, for a role that one gives oneself"
        raise Problems([Problem("proposal", "none", expected, "ask somebody else to propose it", "two-persons")])
    return position
