"""What a person signs in with: bound to an account at a provider, set anew by an administrator, robbed of its second factor; each an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Person
from lynxweb.accounts.roles import READ, STRONG_SIGN_IN_ROLES, require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.opening import log_settings
from lynxweb.audit.record import Recorded, record, utc_now
from runner.contract.problems import Problem, Problems

FIRST_SIGN_IN = Reason(text="first sign-in with the identity provider, found by verified e-mail address")
REMOVED = Reason(text="the person took the authenticator app away from their own sign-in")


def bind_provider(email: str, account: SocialAccount, *, request_id: str, clock: Callable[[], datetime] = utc_now) -> Person | None:
    """Bind an account at the provider to the active person with this verified e-mail address, once; None where there is no such person.

    `account` is unsaved and named by provider and uid, of which the log holds a salted commitment.
    """
    with transaction.atomic():
        person: Person | None = Person.objects.select_for_update().filter(email__iexact=email, is_active=True).first()
        if person is None:
            return None
        SocialAccount.objects.create(user=person, provider=account.provider, uid=account.uid, extra_data={})
        acting = actor_of(person, auth="oidc")
        _record(acting, person, FIRST_SIGN_IN, request_id, clock, {"provider": account.provider, "uid": account.uid})
    return person


def reset_sign_in(
    actor: Actor,
    actor_id: str,
    password: str | None,
    *,
    proposal: str | None = None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """Set a new password for a person of the actor's organisation and forget their second factor and their account at the provider.

    For somebody who lost them. Open sessions end with the old password. Whoever holds a role that touches evidence or gives others power is not
    taken over by one administrator: where the two-person rule is on, that takes a proposal. Raises `Person.DoesNotExist`, or `Problems` for
    a password that is too easy and for a proposal that is missing or does not count (`two-persons`).
    """
    acting = require(actor, Action.ACTOR_BIND)
    with transaction.atomic():
        person = Person.objects.for_actor(acting).select_for_update(of=("self",)).get(actor_id=actor_id)
        if password is not None:
            _check(password, person)
        terms, seconded = reset_terms(actor_id), None
        if proposal is not None or takes_two(person):
            subject = Subject("actor", actor_id)
            seconded = proposals.second(acting, Action.ACTOR_BIND, subject, terms, proposal, request_id=request_id, clock=clock)
        person.set_password(password)
        person.save(update_fields=["password"])
        Authenticator.objects.filter(user=person).delete()
        SocialAccount.objects.filter(user=person).delete()
        return _record(acting, person, reason, request_id, clock, None, payload=snapshots.keep(terms), proposal=seconded)


def reset_terms(actor_id: str) -> dict[str, Any]:
    """The document of a reset, which a proposal holds word for word; no password is in it."""
    return {"v": 1, "actor": actor_id, "resets": ["password", "second_factor", "provider"]}


def takes_two(person: Person) -> bool:
    """Whether the person holds a role that one administrator must not get hold of alone."""
    return person.memberships.held().filter(role__in=[role.value for role in STRONG_SIGN_IN_ROLES]).exists()


def reset_takes_two(actor: Actor, actor_id: str) -> bool:
    """Whether resetting the sign-in of a person of the actor's organisation takes a second person now."""
    person = Person.objects.for_actor(require(actor, READ)).get(actor_id=actor_id)
    return takes_two(person) and log_settings().two_person_rule


def propose_reset(actor: Actor, actor_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> proposals.Proposal:
    """Propose that an administrator reset how a person of the organisation signs in; raises `Person.DoesNotExist` for anybody else."""
    acting = require(actor, Action.ACT_PROPOSE)
    person = Person.objects.for_actor(acting).get(actor_id=actor_id)
    subject, terms = Subject("actor", person.actor_id), reset_terms(person.actor_id)
    return proposals.propose(acting, Action.ACTOR_BIND, subject, terms, reason=reason, request_id=request_id, clock=clock)


def note_removed_factor(person: Person, auth: str, *, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Record that a person took the authenticator app away from their own sign-in; call it in the transaction that removes it."""
    locked = Person.objects.select_for_update().get(pk=person.pk)
    acting, payload = actor_of(locked, auth=auth), snapshots.keep({"v": 1, "actor": locked.actor_id, "removed": "second_factor"})
    return _record(acting, locked, REMOVED, f"second-factor:{locked.actor_id}:{locked.rev + 1}", clock, None, payload=payload)


def _check(password: str, person: Person) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Problems([Problem("password", "too easy", " ".join(error.messages), "choose another password", "weak-password")]) from error


def _record(
    acting: Actor,
    person: Person,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime],
    private: dict[str, object] | None,
    *,
    payload: str | None = None,
    proposal: int | None = None,
) -> Recorded:
    before = standing.newest("actor", person.actor_id)
    person.rev += 1
    person.save(update_fields=["rev"])
    return record(
        Action.ACTOR_BIND,
        Subject("actor", person.actor_id, person.rev),
        actor=acting,
        reason=reason,
        request_id=request_id,
        before=before,
        after=snapshots.keep(standing.person(person)),
        payload=payload,
        commit=private,
        proposal=proposal,
        clock=clock,
    )
