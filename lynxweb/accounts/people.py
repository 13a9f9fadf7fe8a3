"""People and organisations: the first account of a site, further people, and whether somebody may sign in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.models import Membership, Organisation, Person
from lynxweb.accounts.roles import Role, require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from lynxweb.audit.opening import open_log
from lynxweb.audit.record import ROUTINE, Recorded, record, utc_now
from runner.contract.problems import Problem, Problems

SECRET_BYTES = 32


@dataclass(frozen=True)
class FirstAccount:
    """The new person, their organisation, and the event that says so."""

    person: Person
    organisation: Organisation
    recorded: Recorded


class AlreadyThere(RuntimeError):
    """The site has its first account."""


def generated_password(random_text: Callable[[int], str] = secrets.token_urlsafe) -> str:
    """A password with 144 random bits, to be shown once."""
    return random_text(18)


def create_first_account(
    *,
    name: str,
    email: str,
    password: str,
    organisation: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> FirstAccount:
    """Create the organisation and its first person with all roles; raises `AlreadyThere` when anybody has an account."""
    open_log(clock=clock)
    with transaction.atomic():
        if Person.objects.exists():
            raise AlreadyThere("the site has its first account; sign in, or ask an administrator for a role")
        return create_organisation(
            name=organisation,
            person=name,
            email=email,
            password=password,
            roles=tuple(Role),
            request_id=f"first-account:{random_bytes(10).hex()}",
            clock=clock,
            random_bytes=random_bytes,
        )


def create_organisation(
    *,
    name: str,
    person: str,
    email: str,
    password: str | None,
    request_id: str,
    roles: Iterable[Role] = (Role.ADMINISTRATOR,),
    reason: Reason = ROUTINE,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> FirstAccount:
    """Create an organisation with its first person, as the site's operator; who may do what there is then decided there.

    Names and address are salted commitments in the log. Raises `Problems` for a name or address that is taken or malformed.
    """
    with transaction.atomic():
        home = Organisation(id=f"org_{random_bytes(10).hex()}", name=name, secret=random_bytes(SECRET_BYTES))
        _check(home, "organisation")
        home.save()
        record(
            Action.ACTOR_CREATE,
            Subject("organisation", home.id, 1),
            actor=SYSTEM,
            reason=reason,
            request_id=f"{request_id}:organisation",
            after=snapshots.keep(standing.organisation(home)),
            commit={"name": name},
            clock=clock,
        )
        made = _person(home, person, email, password, random_bytes)
        recorded = _record_person(made, SYSTEM, reason, request_id, clock)
        for role in roles:
            _grant(made, role, reason, request_id, clock)
    return FirstAccount(made, home, recorded)


def create_person(
    actor: Actor,
    *,
    name: str,
    email: str,
    password: str | None,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> FirstAccount:
    """Create a person without any role in the actor's organisation; without a password they sign in through the provider alone.

    Raises `Problems` for a name or address that is taken or malformed, and for a password that is too easy.
    """
    acting = require(actor, Action.ACTOR_CREATE)
    home = Organisation.objects.get(id=acting.organisation)
    with transaction.atomic():
        person = _person(home, name, email, password, random_bytes)
        return FirstAccount(person, home, _record_person(person, acting, reason, request_id, clock))


def set_active(actor: Actor, actor_id: str, active: bool, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Let a person of the actor's organisation sign in, or stop them at once, tokens and open sessions included; their roles stay.

    Raises `Person.DoesNotExist` for somebody else's person, `Problems` for no change and for the last administrator who can sign in.
    """
    acting = require(actor, Action.ACTOR_BIND)
    with transaction.atomic():
        person = Person.objects.for_actor(acting).select_for_update(of=("self",)).get(actor_id=actor_id)
        if person.is_active == active:
            raise Problems([Problem("active", str(active).lower(), "a change", "reload the page: it is so already", "no-change")])
        if not active:
            keep_an_administrator(person)
        before = standing.newest("actor", actor_id)
        person.is_active, person.rev = active, person.rev + 1
        person.save(update_fields=["is_active", "rev"])
        return record(
            Action.ACTOR_BIND,
            Subject("actor", actor_id, person.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.person(person)),
            clock=clock,
        )


def keep_an_administrator(person: Person) -> None:
    """Raise `Problems` where the organisation would have no other administrator who can sign in."""
    administrators = Membership.objects.held().filter(organisation=person.organisation_id, role=Role.ADMINISTRATOR, person__is_active=True)
    # Locked, so that two administrators who remove each other at once do not both succeed.
    left = {one.person_id for one in administrators.select_for_update(of=("self",))}
    if left == {person.pk}:
        remedy = "make somebody else administrator first"
        raise Problems([Problem("person", "the last administrator", "another administrator", remedy, "last-administrator")])


def _person(home: Organisation, name: str, email: str, password: str | None, random_bytes: Callable[[int], bytes]) -> Person:
    person = Person(actor_id=f"act_{random_bytes(10).hex()}", name=name, email=email, organisation=home)
    person.set_password(password)  # None makes one that never matches
    problems = list(_faults(person, "person"))
    try:
        validate_password(password or generated_password(), person)
    except ValidationError as error:
        problems += [Problem("password", "too easy", " ".join(error.messages), "choose another password", "weak-password")]
    if problems:
        raise Problems(problems)
    person.save()
    return person


def _record_person(person: Person, acting: Actor, reason: Reason, request_id: str, clock: Callable[[], datetime]) -> Recorded:
    return record(
        Action.ACTOR_CREATE,
        Subject("actor", person.actor_id, 1),
        actor=acting,
        reason=reason,
        request_id=request_id,
        after=snapshots.keep(standing.person(person)),
        commit={"name": person.name, "email": person.email},
        clock=clock,
    )


def _grant(person: Person, role: Role, reason: Reason, request_id: str, clock: Callable[[], datetime]) -> None:
    held = Membership.of(person, person.organisation_id, role)
    held.save()
    record(
        Action.ROLE_GRANT,
        Subject("role", held.object_id, 1),
        actor=SYSTEM,
        reason=reason,
        request_id=f"{request_id}:{role.value}",
        after=snapshots.keep(standing.membership(held)),
        payload=snapshots.keep(standing.grant(held)),
        clock=clock,
    )


def _check(row: Organisation | Person, path: str) -> None:
    problems = list(_faults(row, path))
    if problems:
        raise Problems(problems)


def _faults(row: Organisation | Person, path: str) -> Iterator[Problem]:
    try:
        row.full_clean()
    except ValidationError as error:
        for place, messages in error.message_dict.items():
            where = path if place == "__all__" else f"{path}.{place}"
            yield Problem(where, str(getattr(row, place, ""))[:80], " ".join(messages), "correct it, or choose another", "not-acceptable")
