"""A service token is shown once, kept as a keyed hash, and ends when it should."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Organisation, ServiceToken, TokenUse
from lynxweb.accounts.people import FirstAccount, set_active
from lynxweb.accounts.roles import Forbidden, Role, Scope
from lynxweb.accounts.tokens import IssuedToken, actor_for, issue_token, revoke_token
from lynxweb.audit.actors import SYSTEM, Actor
from lynxweb.audit.models import Event
from tests.accounts.conftest import BECAUSE, Clock, elsewhere, hire


@pytest.fixture
def token(first: FirstAccount, ada: Actor, clock: Clock) -> IssuedToken:
    """A reading token of the first person."""
    return issue_token(ada, scope=Scope.READ, owner=first.person, reason=BECAUSE, request_id="token", clock=clock)


def test_a_bearer_acts_as_the_owner_within_the_scope(token: IssuedToken, ada: Actor, clock: Clock) -> None:
    bearer = actor_for(token.text, clock=clock)
    assert bearer == Actor("user", ada.id, f"token:{token.id}", ada.roles, ada.organisation, "read")


def test_the_secret_is_nowhere_but_in_the_answer(token: IssuedToken) -> None:
    secret = token.text.partition(".")[2]
    row = ServiceToken.objects.get(id=token.id)
    assert secret not in repr(list(ServiceToken.objects.values())) and secret not in repr(token)
    assert all(secret.encode() not in bytes(event.leaf) for event in Event.objects.all())
    assert len(row.digest) == 64


@pytest.mark.parametrize(
    "text", ["", "lynxweb_", "lynxweb_.", "Bearer x", "lynxweb_0000000000000000." + "0" * 64, "lynxweb_é." + "0" * 64, "x" * 10_000]
)
def test_nonsense_is_nobody(first: FirstAccount, text: str) -> None:
    assert actor_for(text) is None


def test_one_wrong_digit_is_nobody(token: IssuedToken, clock: Clock) -> None:
    last = "0" if token.text[-1] != "0" else "1"
    assert actor_for(token.text[:-1] + last, clock=clock) is None
    assert actor_for(token.text + "\n", clock=clock) is None


def test_an_expired_token_is_nobody(token: IssuedToken, clock: Clock) -> None:
    clock.forward(timedelta(days=365) - timedelta(seconds=1))
    assert actor_for(token.text, clock=clock) is not None
    clock.forward(timedelta(seconds=1))
    assert actor_for(token.text, clock=clock) is None


def test_a_revoked_token_is_nobody_and_is_revoked_once(token: IssuedToken, ada: Actor, clock: Clock) -> None:
    revoke_token(ada, token.id, reason=BECAUSE, request_id="revoke")
    assert actor_for(token.text, clock=clock) is None
    assert [event.action for event in Event.objects.on("token", token.id)] == ["token.issue", "token.revoke"]
    with pytest.raises(ServiceToken.DoesNotExist):
        revoke_token(ada, token.id, reason=BECAUSE, request_id="again")


def test_another_pepper_ends_every_token(token: IssuedToken, clock: Clock, settings: Any) -> None:
    settings.LYNXWEB_TOKEN_PEPPER = "another pepper of at least 32 characters"
    assert actor_for(token.text, clock=clock) is None


def test_a_token_of_an_inactive_person_is_nobody(ada: Actor, clock: Clock) -> None:
    eve = hire(ada, "eve", Role.ENGINEER)
    token = issue_token(actor_of(eve), scope=Scope.READ, owner=eve, reason=BECAUSE, request_id="eves", clock=clock)
    assert actor_for(token.text, clock=clock) is not None
    set_active(ada, eve.actor_id, False, reason=BECAUSE, request_id="stop")
    assert actor_for(token.text, clock=clock) is None


def test_the_last_use_is_kept_to_the_minute(token: IssuedToken, clock: Clock) -> None:
    start = clock.now
    for _ in range(3):
        actor_for(token.text, clock=clock)
        clock.forward(timedelta(seconds=25))
    assert TokenUse.objects.get().last_used == start
    actor_for(token.text, clock=clock)
    assert TokenUse.objects.get().last_used == start + timedelta(seconds=75)


def test_a_reading_token_issues_no_tokens(token: IssuedToken, first: FirstAccount, clock: Clock) -> None:
    bearer = actor_for(token.text, clock=clock)
    assert bearer is not None
    with pytest.raises(Forbidden):
        issue_token(bearer, scope=Scope.READ, owner=first.person, reason=BECAUSE, request_id="more")


def test_nobody_makes_a_token_that_acts_for_somebody_else(first: FirstAccount, ada: Actor) -> None:
    bob = hire(ada, "bob")
    with pytest.raises(Organisation.DoesNotExist):
        issue_token(ada, scope=Scope.READ, owner=bob, reason=BECAUSE, request_id="for-bob")
    assert issue_token(SYSTEM, scope=Scope.ENROL, owner=bob, reason=BECAUSE, request_id="by-the-site").scope == Scope.ENROL


def test_a_stranger_cannot_see_or_revoke_the_token(token: IssuedToken, ada: Actor) -> None:
    stranger = elsewhere("eve", Role.ADMINISTRATOR)
    assert not ServiceToken.objects.for_actor(stranger).exists()
    with pytest.raises(ServiceToken.DoesNotExist):
        revoke_token(stranger, token.id, reason=BECAUSE, request_id="foreign")
    assert ServiceToken.objects.for_actor(ada).count() == 1
