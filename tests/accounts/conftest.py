"""The first account of a site, and a clock that tests can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.granting import grant_role
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import FirstAccount, create_first_account, create_organisation, create_person
from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import Actor, Reason

PASSWORD = "correct horse battery staple"
BECAUSE = Reason(text="a test wants it so")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, step: timedelta) -> None:
        """Move on by `step`."""
        self.now += step


@pytest.fixture
def clock() -> Clock:
    """A clock at a fixed time."""
    return Clock()


@pytest.fixture
def first(db: None) -> FirstAccount:
    """The first account of the site."""
    return create_first_account(name="ada", email="ada@example.org", password=PASSWORD, organisation="Example Lab")


@pytest.fixture
def ada(first: FirstAccount) -> Actor:
    """The first person, signed in."""
    return actor_of(first.person)


def hire(by: Actor, name: str, *roles: Role) -> Person:
    """A further person in the organisation of `by`, with these roles."""
    made = create_person(by, name=name, email=f"{name}@example.org", password=PASSWORD, reason=BECAUSE, request_id=f"hire:{name}")
    for role in roles:
        grant_role(by, made.person.actor_id, role, reason=BECAUSE, request_id=f"hire:{name}:{role.value}")
    return made.person


def elsewhere(name: str, *roles: Role) -> Actor:
    """Somebody with these roles in an organisation of their own."""
    made = create_organisation(
        name=f"{name} and company", person=name, email=f"{name}@example.net", password=PASSWORD, roles=roles, request_id=f"elsewhere:{name}"
    )
    return actor_of(made.person)
