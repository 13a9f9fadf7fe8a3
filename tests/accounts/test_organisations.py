"""The site's operator makes organisations; names stay outside the log."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Organisation, Person
from lynxweb.accounts.people import FirstAccount
from lynxweb.accounts.roles import Role
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event


def _create(*more: str, name: str = "Second Lab", person: str = "grace", email: str = "grace@example.org") -> str:
    out = StringIO()
    call_command("create_organisation", name, "--person", person, "--email", email, *more, stdout=out)
    return out.getvalue()


def test_the_first_person_of_a_new_organisation_administers_it(first: FirstAccount) -> None:
    password = _create().split("password ")[1].split()[0]
    grace = Person.objects.get(name="grace")
    assert authenticate(username="grace", password=password) == grace
    assert actor_of(grace).roles == {"administrator"} and grace.organisation_id != first.organisation.id
    assert len(bytes(grace.organisation.secret)) == 32 and bytes(grace.organisation.secret) != bytes(first.organisation.secret)
    event = leaf_fields(Event.objects.get(object_type="organisation", object_id=grace.organisation_id).leaf)
    assert event["actor"]["kind"] == "system" and set(event["commit"]) == {"name"}
    assert all(b"Second Lab" not in bytes(one.leaf) and b"grace" not in bytes(one.leaf) for one in Event.objects.all())


def test_an_organisation_of_one_person_gets_every_role(first: FirstAccount) -> None:
    _create("--all-roles")
    assert actor_of(Person.objects.get(name="grace")).roles == {role.value for role in Role}


@pytest.mark.parametrize("taken", [{"name": "Example Lab"}, {"person": "Ada"}, {"email": "ADA@example.org"}, {"email": "nonsense"}])
def test_a_name_that_is_taken_leaves_nothing(first: FirstAccount, taken: dict[str, str]) -> None:
    events = Event.objects.count()
    with pytest.raises(CommandError):
        _create(**taken)
    assert Organisation.objects.count() == 1 and Event.objects.count() == events
