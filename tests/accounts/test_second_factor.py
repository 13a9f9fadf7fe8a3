"""An authenticator app beside the password, through the real pages; and acts that demand it where the site says so."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.binding import reset_sign_in
from lynxweb.accounts.checks import second_factor_demanded
from lynxweb.accounts.models import Person
from lynxweb.accounts.people import FirstAccount
from lynxweb.accounts.roles import PERMITTED, READ, STRONG_SIGN_IN_ROLES, Forbidden, Role, Scope, may, require
from lynxweb.accounts.sign_in import auth_of
from lynxweb.accounts.tokens import actor_for, issue_token
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor
from lynxweb.audit.models import Event, Halt
from tests.accounts.conftest import BECAUSE, PASSWORD, hire


def _code(secret: str, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def _sign_in(client: Client, password: str = PASSWORD, name: str = "ada") -> Any:
    return client.post("/sign-in", {"username": name, "password": password})


def _auth(client: Client, rf: Any) -> str:
    request = rf.get("/")
    request.session, request.user = client.session, Person.objects.get(pk=client.session["_auth_user_id"])
    return auth_of(request)


@pytest.fixture
def secret(client: Client, first: FirstAccount) -> str:
    """The key of the first person's authenticator app, set up through the pages; `client` is then signed out."""
    _sign_in(client)
    asked = client.get("/account/authenticator")
    assert asked.status_code == 302 and asked.headers["Location"].startswith("/sign-in/again?")
    assert client.post(asked.headers["Location"], {"password": PASSWORD}).headers["Location"] == "/account/authenticator"
    page = client.get("/account/authenticator").content.decode()
    found = re.search(r"Key: <code>([A-Z2-7=]+)</code>", page)
    assert found is not None and "data:image/svg+xml;base64," in page
    assert client.post("/account/authenticator", {"code": "000000x"}).status_code == 200
    assert client.post("/account/authenticator", {"code": _code(found[1])}).headers["Location"] == "/account/recovery-codes"
    codes = re.findall(r"<li><code>([0-9A-Za-z]+)</code></li>", client.get("/account/recovery-codes").content.decode())
    assert len(codes) == 10
    client.post("/sign-out")
    cache.clear()  # forgets which code was used, so that a test need not wait for the next
    client.recovery_codes = codes  # type: ignore[attr-defined]
    return found[1]


def test_a_sign_in_without_an_app_says_login(client: Client, first: FirstAccount, rf: Any) -> None:
    _sign_in(client)
    assert _auth(client, rf) == "login"


def test_a_session_that_nobody_signed_in_by_a_form_says_login(client: Client, first: FirstAccount, rf: Any) -> None:
    client.force_login(first.person)
    assert _auth(client, rf) == "login"


def test_with_an_app_the_password_alone_opens_nothing(client: Client, secret: str) -> None:
    assert _sign_in(client).headers["Location"] == "/sign-in/code"
    assert client.get("/").status_code == 302 and client.get("/account").status_code == 302


def test_password_and_code_sign_in_and_the_actor_says_so(client: Client, secret: str, rf: Any) -> None:
    _sign_in(client)
    assert client.get("/sign-in/code").status_code == 200
    assert client.post("/sign-in/code", {"code": _code(secret)}).headers["Location"] == "/"
    assert _auth(client, rf) == "login+totp" and client.get("/account").status_code == 200


def test_a_wrong_or_used_code_does_not(client: Client, secret: str) -> None:
    _sign_in(client)
    assert client.post("/sign-in/code", {"code": "12345"}).status_code == 200
    code = _code(secret)
    assert client.post("/sign-in/code", {"code": code}).status_code == 302
    client.post("/sign-out")
    _sign_in(client)
    assert client.post("/sign-in/code", {"code": code}).status_code == 200
    assert client.get("/").status_code == 302


def test_a_recovery_code_signs_in_once(client: Client, secret: str, rf: Any) -> None:
    code = client.recovery_codes[3]  # type: ignore[attr-defined]
    _sign_in(client)
    assert client.post("/sign-in/code", {"code": code}).status_code == 302 and _auth(client, rf) == "login+totp"
    client.post("/sign-out")
    _sign_in(client)
    assert client.post("/sign-in/code", {"code": code}).status_code == 200


def test_recovery_codes_are_shown_once(client: Client, secret: str) -> None:
    _sign_in(client)
    client.post("/sign-in/code", {"code": _code(secret)})
    page = client.get("/account/recovery-codes", follow=True).content.decode()
    assert all(code not in page for code in client.recovery_codes)  # type: ignore[attr-defined]


def test_guessing_codes_ends_soon(client: Client, secret: str) -> None:
    _sign_in(client)
    for guess in range(8):
        client.post("/sign-in/code", {"code": f"{guess:06d}"})
    assert client.post("/sign-in/code", {"code": _code(secret)}).status_code == 200
    assert client.get("/").status_code == 302


def test_guessing_passwords_ends_soon_and_says_so(client: Client, first: FirstAccount) -> None:
    for guess in range(6):
        _sign_in(client, f"guess-{guess}")
    answer = _sign_in(client)
    assert answer.status_code == 200 and b"Too many failed login attempts" in answer.content and "_auth_user_id" not in client.session


def test_the_secret_in_the_database_is_encrypted(client: Client, secret: str) -> None:
    kept = repr(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept and Authenticator.objects.count() == 2


def test_removing_the_app_takes_the_person_again(client: Client, secret: str) -> None:
    _sign_in(client)
    client.post("/sign-in/code", {"code": _code(secret)})
    asked = client.get("/account/authenticator/remove")
    assert asked.headers["Location"].startswith("/sign-in/again") and Authenticator.objects.exists()
    client.post(asked.headers["Location"], {"password": PASSWORD})
    assert client.get("/account/authenticator/remove").status_code == 200
    client.post("/account/authenticator/remove")
    assert not Authenticator.objects.exists()
    event = Event.objects.newest().first()
    assert event is not None and (event.action, event.actor, event.object_id) == ("actor.bind", event.object_id, Person.objects.get().actor_id)


def test_where_the_log_takes_no_events_the_app_stays(client: Client, secret: str) -> None:
    _sign_in(client)
    client.post("/sign-in/code", {"code": _code(secret)})
    client.post(client.get("/account/authenticator/remove").headers["Location"], {"password": PASSWORD})
    Halt.objects.create(kind="halt", reason="a test wants it so", at=datetime.now(UTC))
    assert client.post("/account/authenticator/remove").status_code == 503 and Authenticator.objects.count() == 2


def test_an_administrator_resets_a_lost_second_factor_by_an_event(client: Client, secret: str, first: FirstAccount) -> None:
    other = hire(actor_of(first.person), "eve", Role.ADMINISTRATOR)
    recorded = reset_sign_in(actor_of(other), first.person.actor_id, "another long password", reason=BECAUSE, request_id="reset")
    assert Event.objects.get(seq=recorded.seq).action == "actor.bind" and not Authenticator.objects.exists()
    assert _sign_in(client, "another long password").headers["Location"] == "/"


def test_a_person_changes_the_password(client: Client, first: FirstAccount) -> None:
    _sign_in(client)
    new = "a new and longer password"
    assert client.post("/account/password", {"oldpassword": "wrong", "password1": new, "password2": new}).status_code == 200
    assert client.post("/account/password", {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}).status_code == 200
    assert client.post("/account/password", {"oldpassword": PASSWORD, "password1": new, "password2": new}).headers["Location"] == "/account"
    assert client.get("/account").status_code == 200 and Person.objects.get().check_password(new)


@pytest.mark.parametrize("address", ["/account", "/account/authenticator", "/account/recovery-codes", "/account/password", "/sign-in/again"])
def test_a_stranger_has_no_account_page(client: Client, first: FirstAccount, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")


def _with(role: Role, auth: str) -> Actor:
    return Actor("user", "act_1", auth, frozenset({role.value}), "org_1")


@pytest.mark.parametrize("role", sorted(STRONG_SIGN_IN_ROLES))
def test_where_it_is_demanded_their_acts_need_it(settings: Any, role: Role) -> None:
    acts = PERMITTED[role] - {READ}
    assert all(may(_with(role, "login"), act) for act in acts)
    settings.LYNXWEB_REQUIRE_MFA = True
    assert not any(may(_with(role, "login"), act) for act in acts)
    assert all(may(_with(role, auth), act) for act in acts for auth in ("login+totp", "oidc"))
    assert may(_with(role, "login"), READ)
    with pytest.raises(Forbidden, match="authenticator"):
        require(_with(role, "login"), sorted(acts)[0])


@pytest.mark.parametrize("role", sorted(set(Role) - STRONG_SIGN_IN_ROLES))
def test_the_others_need_none(settings: Any, role: Role) -> None:
    settings.LYNXWEB_REQUIRE_MFA = True
    assert all(may(_with(role, "login"), act) for act in PERMITTED[role])


def test_somebody_with_several_roles_acts_under_the_one_that_the_sign_in_allows(settings: Any) -> None:
    settings.LYNXWEB_REQUIRE_MFA = True
    both = Actor("user", "act_1", "login", frozenset({"engineer", "publisher"}), "org_1")
    assert require(both, Action.RUN_WITHDRAW).role == "engineer"
    with pytest.raises(Forbidden):
        require(both, Action.RUN_PUBLISH)


def test_the_site_and_its_nodes_have_no_second_factor(settings: Any) -> None:
    settings.LYNXWEB_REQUIRE_MFA = True
    node = Actor("node", "node_1", "token:1", frozenset({"engineer"}), "org_1", "upload")
    assert may(SYSTEM, Action.RUN_PUBLISH) and may(node, Action.RUN_SUBMIT) and may(node, Action.KEY_ROTATE)


def test_no_token_is_a_way_round(settings: Any, first: FirstAccount) -> None:
    settings.LYNXWEB_REQUIRE_MFA = True
    weak, strong = actor_of(first.person), actor_of(first.person, auth="login+totp")
    with pytest.raises(Forbidden):
        issue_token(weak, scope=Scope.ENROL, owner=first.person, reason=BECAUSE, request_id="weak")
    bearer = actor_for(issue_token(strong, scope=Scope.ENROL, owner=first.person, reason=BECAUSE, request_id="strong").text)
    assert bearer is not None and may(bearer, Action.NODE_ENROL) and not may(bearer, Action.ROLE_GRANT)


def test_a_deployed_site_that_does_not_demand_it_is_warned(settings: Any) -> None:
    assert [found.id for found in second_factor_demanded()] == ["accounts.W001"]
    settings.LYNXWEB_REQUIRE_MFA = True
    assert second_factor_demanded() == []


def test_the_warning_is_part_of_the_deploy_check(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check", "--deploy", "--tag", "security")
    assert "accounts.W001" in capsys.readouterr().err
