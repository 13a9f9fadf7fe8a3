"""What a person signs in with: bound to an account at a provider, or set anew by an administrator; each time an event on the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Person
from lynxweb.accounts.roles import require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import Recorded, record, utc_now
from runner.contract.problems import Problem, Problems

FIRST_SIGN_IN = Reason(text="first sign-in with the identity provider, found by verified e-mail address")


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
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """Set a new password for a person of the actor's organisation and forget their second factor and their account at the provider.

    For somebody who lost them. Open sessions end with the old password. Raises `Person.DoesNotExist`, or `Problems` for a password that is
    too easy.
    """
    acting = require(actor, Action.ACTOR_BIND)
    with transaction.atomic():
        person = Person.objects.for_actor(acting).select_for_update(of=("self",)).get(actor_id=actor_id)
        if password is not None:
            _check(password, person)
        person.set_password(password)
        person.save(update_fields=["password"])
        Authenticator.objects.filter(user=person).delete()
        SocialAccount.objects.filter(user=person).delete()
        return _record(acting, person, reason, request_id, clock, None)


def _check(password: str, person: Person) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Problems([Problem("password", "too easy", " ".join(error.messages), "choose another password", "weak-password")]) from error


def _record(
    acting: Actor, person: Person, reason: Reason, request_id: str, clock: Callable[[], datetime], private: dict[str, object] | None
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
        commit=private,
        clock=clock,
    )
