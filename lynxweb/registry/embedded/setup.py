"""The first start: database, log, built-in methodologies and the first account; every later start finds all of it and changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from django.core.management import call_command

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import create_first_account, generated_password
from lynxweb.accounts.roles import Scope
from lynxweb.accounts.tokens import IssuedToken, issue_token
from lynxweb.audit.actors import Reason
from lynxweb.audit.opening import open_log
from lynxweb.registry.publication import publish_builtin
from lynxweb.registry.sweeping import sweep

NAME, EMAIL, ORGANISATION = "admin", "admin@localhost.localdomain", "This machine"


@dataclass(frozen=True)
class Account:
    """The first account; `password` is there only in the start that made it."""

    person: Person
    password: str | None = field(repr=False)


def prepare(say: Callable[[str], None]) -> Account:
    """Bring the site to the state in which it can take uploads."""
    say("database: applying migrations")
    call_command("migrate", verbosity=0, interactive=False)
    left = sweep()
    if left:
        say(f"removed what {left} interrupted upload(s) left behind; nothing accepted is touched")
    open_log()
    new = [name for name, published in publish_builtin().items() if published.created]
    if new:
        say(f"published the built-in methodologies: {', '.join(new)}")
    return _first_account()


def _first_account() -> Account:
    person = Person.objects.order_by("pk").first()
    if person is not None:
        return Account(person, None)
    password = generated_password()
    created = create_first_account(name=NAME, email=EMAIL, password=password, organisation=ORGANISATION)
    return Account(created.person, password)


def token_for(person: Person, scope: Scope, why: str) -> IssuedToken:
    """A fresh token that acts for the person within `scope`."""
    return issue_token(
        actor_of(person), scope=scope, owner=person, reason=Reason(text=why), request_id=f"embedded:{scope.value}:{secrets.token_hex(8)}"
    )
