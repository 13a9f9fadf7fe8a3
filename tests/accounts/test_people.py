"""The first account holds every role, and people sign in by name or address."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Membership, Organisation, Person
from lynxweb.accounts.people import AlreadyThere, FirstAccount, create_first_account, generated_password, set_active
from lynxweb.accounts.roles import Role
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from runner.contract.problems import Problems
from tests.accounts.conftest import BECAUSE, PASSWORD, hire


def test_the_first_account_holds_all_roles_of_one_organisation(first: FirstAccount) -> None:
    actor = actor_of(first.person)
    assert actor.roles == {role.value for role in Role}
    assert actor.organisation == first.organisation.id and actor.id.startswith("act_")
    assert len(bytes(Organisation.objects.get().secret)) == 32


def test_the_account_and_each_role_are_events_without_names(first: FirstAccount) -> None:
    actions = [event.action for event in Event.objects.all()]
    assert actions == ["log.open", "actor.create", "actor.create", *["role.grant"] * len(Role)]
    leaves = b"".join(bytes(event.leaf) for event in Event.objects.all())
    assert b'"ada' not in leaves and b"example.org" not in leaves and b"Example Lab" not in leaves
    assert full_audit().clean


def test_there_is_one_first_account(first: FirstAccount) -> None:
    with pytest.raises(AlreadyThere):
        create_first_account(name="eve", email="eve@example.org", password=PASSWORD, organisation="Other")
    assert Person.objects.count() == 1 and Organisation.objects.count() == 1


@pytest.mark.django_db
def test_a_faulty_first_account_leaves_nothing() -> None:
    with pytest.raises(Problems):
        create_first_account(name="eve", email="no address", password=PASSWORD, organisation="Other")
    assert not Organisation.objects.exists() and not Membership.objects.exists()
    assert [event.action for event in Event.objects.all()] == ["log.open"]


@pytest.mark.parametrize("known_as", ["ada", "ADA", "ada@example.org", "Ada@Example.org"])
def test_a_person_signs_in_by_name_or_address(first: FirstAccount, known_as: str) -> None:
    assert authenticate(username=known_as, password=PASSWORD) == first.person


@pytest.mark.parametrize(("known_as", "password"), [("ada", "wrong"), ("eve", PASSWORD), ("", PASSWORD), ("ada", "")])
def test_anything_else_does_not_sign_in(first: FirstAccount, known_as: str, password: str) -> None:
    assert authenticate(username=known_as, password=password) is None


def test_an_inactive_person_is_signed_out_at_once(first: FirstAccount, client: Client) -> None:
    eve = hire(actor_of(first.person), "eve", Role.MANAGER)
    client.force_login(eve)
    assert client.get("/").status_code == 200
    set_active(actor_of(first.person), eve.actor_id, False, reason=BECAUSE, request_id="stop")
    assert authenticate(username="eve", password=PASSWORD) is None
    assert client.get("/").status_code == 302


def test_a_page_sends_a_stranger_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/")
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in")


def test_passwords_are_hashed_with_argon2_outside_tests() -> None:
    assert settings.SITE_PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")


def test_generated_passwords_are_long_and_differ() -> None:
    assert len({generated_password() for _ in range(100)}) == 100 and len(generated_password()) == 24
