"""A sign-in at a provider opens an account that exists, bound once by verified e-mail address, and makes none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.binding import reset_sign_in
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import FirstAccount, set_active
from lynxweb.accounts.roles import Role
from lynxweb.accounts.sign_in import auth_of
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.env import Oidc
from lynxweb.settings import _provider
from tests.accounts.conftest import BECAUSE, PASSWORD, hire
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider

EVIL = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def provider(first: FirstAccount, settings: Any) -> Iterator[Provider]:
    """A provider that the site is configured for; it knows the first person."""
    one = Provider()
    settings.SOCIALACCOUNT_PROVIDERS = _provider(Oidc(one.issuer, CLIENT_ID, CLIENT_SECRET, "the laboratory"))
    yield one
    one.close()


def _come_back(client: Client, provider: Provider, start: str = "/sign-in/oidc", **changed: str) -> Any:
    left = client.get(start)
    assert left.status_code == 302, left.content
    return client.get("/sign-in/oidc/callback", provider.authorize(left.headers["Location"]) | changed)


def _signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_first_sign_in_binds_by_verified_address_and_says_so_in_the_log(client: Client, provider: Provider, first: FirstAccount) -> None:
    answer = _come_back(client, provider, "/sign-in/oidc?next=/words")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/words") and _signed_in(client)
    leaf = leaf_fields(Event.objects.on("actor", first.person.actor_id).newest().first().leaf)  # type: ignore[union-attr]
    assert leaf["action"] == "actor.bind" and leaf["object"]["rev"] == 2 and leaf["actor"]["auth"] == "oidc"
    assert set(leaf["commit"]) == {"provider", "uid"}
    kept = b"".join(bytes(one.leaf) for one in Event.objects.all()) + b"".join(bytes(one.content) for one in LogDocument.objects.all())
    assert b"subject-xyzzy" not in kept and b"ada@" not in kept


def test_a_second_sign_in_knows_the_account_whatever_its_address_is_now(client: Client, provider: Provider) -> None:
    _come_back(client, provider)
    client.post("/sign-out")
    events = Event.objects.count()
    provider.claims = {"sub": "subject-xyzzy", "email": "new@example.org", "email_verified": False}
    _come_back(client, provider)
    assert _signed_in(client) and Event.objects.count() == events and SocialAccount.objects.count() == 1


def test_the_actor_of_such_a_session_says_oidc(client: Client, provider: Provider, rf: Any) -> None:
    _come_back(client, provider)
    request = rf.get("/")
    request.session, request.user = client.session, Person.objects.get()
    assert auth_of(request) == "oidc"


def test_nothing_about_the_person_is_kept_beside_person(client: Client, provider: Provider) -> None:
    _come_back(client, provider)
    account = SocialAccount.objects.get()
    assert account.extra_data == {} and len(account.uid) == 64 and "subject-xyzzy" not in account.uid
    assert not SocialToken.objects.exists() and not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "1", "email": "stranger@example.org", "email_verified": True},
        {"sub": "1", "email": "ada@example.org", "email_verified": False},
        {"sub": "1", "email": "ada@example.org", "email_verified": "true"},
        {"sub": "1", "email": "ada@example.org"},
        {"sub": "1"},
    ],
    ids=["unknown", "unverified", "text-for-true", "verified-unsaid", "no-address"],
)
def test_everybody_else_stays_outside_and_gets_no_account(client: Client, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    answer = _come_back(client, provider)
    assert answer.status_code == 403 and b"No account here" in answer.content and not _signed_in(client)
    assert Person.objects.count() == 1 and not SocialAccount.objects.exists() and not Event.objects.filter(action="actor.bind").exists()
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


def test_a_closed_account_stays_closed(client: Client, provider: Provider, first: FirstAccount) -> None:
    eve = hire(actor_of(first.person), "eve", Role.MANAGER)
    provider.claims = {"sub": "2", "email": "eve@example.org", "email_verified": True}
    _come_back(client, provider)
    assert _signed_in(client)
    client.post("/sign-out")
    set_active(actor_of(first.person), eve.actor_id, False, reason=BECAUSE, request_id="close")
    answer = _come_back(client, provider)
    assert answer.headers["Location"] == "/sign-in/closed" and not _signed_in(client)
    assert client.get("/sign-in/closed").status_code == 200


@pytest.mark.parametrize(
    "lie",
    ["signature", "issuer", "audience", "expired", "subject", "configuration"],
)
def test_an_answer_that_cannot_be_trusted_opens_nothing(client: Client, provider: Provider, lie: str) -> None:
    if lie == "signature":
        provider.signs_with = EVIL
    elif lie == "subject":
        provider.userinfo = {"sub": "another", "email": "ada@example.org", "email_verified": True}
    elif lie == "configuration":
        provider.issuer_says = "https://another.example.org"
    else:
        provider.token_claims = {"issuer": {"iss": "https://another.example.org"}, "audience": {"aud": "another"}, "expired": {"exp": 1}}[lie]
    answer = _come_back(client, provider)
    assert answer.status_code == 401 and not _signed_in(client)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("changed", [{"state": "x"}, {"code": "x"}], ids=["state", "code"])
def test_a_callback_that_nobody_asked_for_opens_nothing(client: Client, provider: Provider, changed: dict[str, str]) -> None:
    answer = _come_back(client, provider, **changed)
    assert answer.status_code == 401 and not _signed_in(client) and provider.exchanges == 0


def test_a_cancelled_sign_in_says_so(client: Client, provider: Provider) -> None:
    left = client.get("/sign-in/oidc")
    asked = provider.authorize(left.headers["Location"])
    answer = client.get("/sign-in/oidc/callback", {"error": "access_denied", "state": asked["state"]}, follow=True)
    assert b"You cancelled" in answer.content


@pytest.mark.parametrize("start", ["/sign-in/oidc?process=connect", "/sign-in/oidc?process=redirect"])
def test_nobody_connects_an_account_of_the_provider_to_an_open_session(client: Client, provider: Provider, first: FirstAccount, start: str) -> None:
    eve = hire(actor_of(first.person), "eve", Role.MANAGER)
    client.force_login(eve)
    assert _come_back(client, provider, start).status_code == 403
    assert not SocialAccount.objects.exists()


def test_an_administrator_unties_it_again(client: Client, provider: Provider, first: FirstAccount) -> None:
    eve = hire(actor_of(first.person), "eve", Role.MANAGER)
    provider.claims = {"sub": "2", "email": "eve@example.org", "email_verified": True}
    _come_back(client, provider)
    reset_sign_in(actor_of(first.person), eve.actor_id, PASSWORD + "!", reason=BECAUSE, request_id="reset")
    assert not SocialAccount.objects.exists() and client.get("/").status_code == 302
    assert client.post("/sign-in", {"username": "eve", "password": PASSWORD + "!"}).headers["Location"] == "/"


def test_without_a_provider_there_is_no_such_address_and_no_button(client: Client, first: FirstAccount) -> None:
    assert client.get("/sign-in/oidc").status_code == 404 and client.get("/sign-in/oidc/callback").status_code == 404
    assert b"Sign in with" not in client.get("/sign-in").content


def test_with_one_its_name_is_on_the_button(client: Client, provider: Provider) -> None:
    assert b"Sign in with the laboratory" in client.get("/sign-in?next=/words").content
    assert b"/sign-in/oidc?next=/words" in client.get("/sign-in?next=/words").content


@pytest.mark.parametrize("address", ["/sign-up", "/signup", "/accounts/signup/", "/account/signup", "/sign-in/oidc/signup"])
def test_there_is_no_way_to_sign_up(client: Client, first: FirstAccount, address: str) -> None:
    client.force_login(first.person)
    assert client.get(address).status_code == 404
