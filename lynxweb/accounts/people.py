"""The first account: one person with every role of one organisation."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.models import Membership, Organisation, Person
from lynxweb.accounts.roles import Role
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Subject
from lynxweb.audit.opening import open_log
from lynxweb.audit.record import Recorded, record, utc_now
from runner.contract.canonical import digest

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
        home = Organisation.objects.create(id=f"org_{random_bytes(10).hex()}", name=organisation, secret=random_bytes(SECRET_BYTES))
        person = Person(actor_id=f"act_{random_bytes(10).hex()}", name=name, email=email, organisation=home)
        person.set_password(password)
        person.full_clean()
        person.save()
        Membership.objects.bulk_create(Membership(person=person, organisation=home, role=role.value) for role in Role)
        recorded = record(
            Action.ACTOR_CREATE,
            Subject("actor", person.actor_id),
            actor=SYSTEM,
            request_id=f"first-account:{person.actor_id}",
            after=digest({"actor": person.actor_id, "organisation": home.id}),
            clock=clock,
        )
        for role in Role:
            _grant(person, role, clock)
    return FirstAccount(person, home, recorded)


def _grant(person: Person, role: Role, clock: Callable[[], datetime]) -> Recorded:
    snapshot = {"actor": person.actor_id, "organisation": person.organisation_id, "role": role.value}
    subject = Subject("role", f"{person.organisation_id}:{person.actor_id}:{role.value}")
    request_id = f"first-account:{person.actor_id}:{role.value}"
    return record(Action.ROLE_GRANT, subject, actor=SYSTEM, request_id=request_id, after=digest(snapshot), clock=clock)
