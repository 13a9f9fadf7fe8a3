"""Tokens: issued with their text shown in one answer and nowhere else, listed without it, ended at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from lynxweb.accounts.models import ServiceToken
from lynxweb.accounts.roles import Role, Scope
from lynxweb.accounts.tokens import actor_for, issue_token
from lynxweb.audit.record import utc_now
from tests.accounts.conftest import hire
from tests.pages.shelf import text_of
from tests.pages.test_people import WHY, browser, page
from tests.registry.world import BECAUSE, World, world

FORM = {**WHY, "owner": "myself", "scope": "read", "days": "30", "request_id": "page:1"}


def issued(client: Client, **changes: str) -> str:
    """The text of a token that was issued by the form."""
    found = re.search(r'<textarea id="once"[^>]*>(lynxweb_[0-9a-f.]+)</textarea>', client.post("/tokens", FORM | changes).content.decode())
    assert found is not None
    return found[1]


def test_a_token_acts_for_its_maker_within_its_scope_and_time(site: World, reader: Client) -> None:
    actor = actor_for(issued(reader))
    assert actor is not None and (actor.id, actor.scope) == (site.actor.id, "read")
    token = ServiceToken.objects.get(person=site.person)
    assert timedelta(days=29) < token.expires - utc_now() < timedelta(days=31)


def test_its_text_is_shown_once_and_kept_nowhere(site: World, reader: Client) -> None:
    answer = reader.post("/tokens", FORM)
    text = re.search(r"lynxweb_[0-9a-f]{16}\.[0-9a-f]{64}", answer.content.decode())
    assert text is not None and answer["Cache-Control"] == "no-store" and answer.status_code == 200
    secret = text[0].partition(".")[2]
    again = reader.post("/tokens", FORM)
    assert (again.status_code, again.headers["Location"], ServiceToken.objects.filter(person=site.person).count()) == (303, "/tokens", 1)
    assert secret not in repr(dict(reader.session)) + reader.get("/tokens").content.decode() + again.headers["Location"]


def test_a_token_for_a_node_acts_for_the_node(site: World, reader: Client) -> None:
    actor = actor_for(issued(reader, owner=site.node.id, scope="upload"))
    assert actor is not None and (actor.kind, actor.id) == ("node", site.node.id)


def test_the_list_says_scope_end_use_and_prefix(site: World, reader: Client) -> None:
    text = issued(reader)
    actor_for(text)
    told = page(reader, "/tokens")
    assert text.partition(".")[0] in told and text not in told and "read" in told and "never" not in told.partition(text.partition(".")[0])[2][:120]


@pytest.mark.parametrize("changes", [{"days": "0"}, {"days": "366"}, {"days": "x"}, {"scope": "everything"}, {"reason": "short"}])
def test_what_is_wrong_stands_beside_the_form(site: World, reader: Client, changes: dict[str, str]) -> None:
    before = ServiceToken.objects.count()
    answer = reader.post("/tokens", FORM | changes)
    assert answer.status_code == 422 and "Not done" in text_of(answer.content.decode()) and ServiceToken.objects.count() == before


def test_a_token_ends_at_once(site: World, reader: Client) -> None:
    text = issued(reader)
    token = text[8:24]
    assert reader.post(f"/tokens/{token}/revoke", {**WHY, "request_id": "page:2"}).headers["Location"] == "/tokens"
    assert actor_for(text) is None and "revoked" in page(reader, "/tokens")
    assert reader.post(f"/tokens/{token}/revoke", {**WHY, "request_id": "page:3"}).status_code == 404


def test_no_token_is_issued_for_somebody_elses_node(site: World, reader: Client) -> None:
    foreign = world("b").node.id
    assert {reader.post("/tokens", FORM | {"owner": who}).status_code for who in (foreign, "node_00000000000000000000")} == {404}


def test_a_foreign_token_does_not_exist(site: World, reader: Client) -> None:
    other = world("b")
    token = ServiceToken.objects.get(node=other.node).id
    assert token not in page(reader, "/tokens") and reader.post(f"/tokens/{token}/revoke", {**WHY, "request_id": "page:1"}).status_code == 404


def test_a_manager_issues_none_and_sees_none_of_others(site: World) -> None:
    issue_token(site.actor, scope=Scope.READ, owner=site.person, reason=BECAUSE, request_id="one")
    manager = browser(hire(site.actor, "mary", Role.MANAGER))
    assert "Issue a token" not in page(manager, "/tokens") and "lynxweb_" not in page(manager, "/tokens")
    assert manager.post("/tokens", FORM).status_code == 403


def test_an_engineer_is_offered_no_token_that_enrols(site: World) -> None:
    engineer = browser(hire(site.actor, "eve", Role.ENGINEER))
    assert 'value="enrol"' not in engineer.get("/tokens").content.decode()
    assert engineer.post("/tokens", FORM | {"scope": "enrol"}).status_code == 403
