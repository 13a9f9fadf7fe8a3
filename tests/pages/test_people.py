"""People of one's organisation: seen by everybody there, changed by an administrator, and by two people where power is at stake."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Node, NodeKey, Person
from lynxweb.accounts.people import create_person
from lynxweb.accounts.roles import Role
from lynxweb.accounts.switching import switch_two_person_rule
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.audit.replay import replay_audit
from lynxweb.review.models.notices import Notice
from tests.accounts.conftest import hire
from tests.pages.shelf import Shelf, text_of
from tests.registry.world import BECAUSE, World, bundle_of, upload, world

BACKEND = "lynxweb.accounts.passwords.EmailOrName"
WHY = {"reason_code": "routine", "reason": "a test wants it so"}


def browser(person: Person) -> Client:
    """A browser of this person, signed in."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def page(client: Client, path: str) -> str:
    return text_of(client.get(path).content.decode())


def test_the_list_names_people_with_roles_and_pseudonyms(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve", Role.ENGINEER)
    told = page(reader, "/people")
    assert eve.actor_id in told and "engineer" in told and "eve@example.org" in told and "you" in told


def test_addresses_and_acts_are_for_administrators(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve", Role.MANAGER)
    told = page(browser(eve), "/people")
    assert "a@example.org" not in told and "Make a person" not in told and "Stop their sign-in" not in page(browser(eve), f"/people/{eve.actor_id}")


def test_a_person_is_made_with_a_password_that_this_answer_alone_shows(site: World, reader: Client) -> None:
    form = {**WHY, "name": "eve", "email": "eve@example.org", "sign_in": "password", "request_id": "page:1"}
    answer = reader.post("/people", form)
    shown = re.search(r'<textarea id="once"[^>]*>([^<]+)</textarea>', answer.content.decode())
    assert shown is not None and answer["Cache-Control"] == "no-store"
    assert Person.objects.get(name="eve").check_password(shown[1])
    again = reader.post("/people", form)
    assert (again.status_code, again.headers["Location"]) == (303, "/people") and Person.objects.filter(name="eve").count() == 1
    assert shown[1] not in repr(dict(reader.session)) and shown[1] not in page(reader, "/people")


def test_what_is_wrong_with_a_new_person_stands_beside_the_form_and_is_kept(site: World, reader: Client) -> None:
    answer = reader.post("/people", {**WHY, "name": "person-a", "email": "nowhere", "request_id": "page:1"})
    html = answer.content.decode()
    assert answer.status_code == 422 and "person.name" in html and "person.email" in html and 'value="nowhere"' in html


@pytest.mark.parametrize("text", ["a\0b", "a\u202eb"])
def test_characters_that_nobody_types_are_refused(site: World, reader: Client, text: str) -> None:
    answer = reader.post("/people", {**WHY, "name": text, "email": "e@example.org", "request_id": "page:1"})
    assert answer.status_code == 422 and Person.objects.count() == 1


def test_a_role_is_given_and_taken_back(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve")
    place = f"/people/{eve.actor_id}"
    assert reader.post(f"{place}/acts/grant", {**WHY, "role": "engineer", "request_id": "page:1"}).headers["Location"] == place
    assert actor_of(eve).roles == {"engineer"}
    reader.post(f"{place}/acts/revoke", {**WHY, "role": "engineer", "request_id": "page:2"})
    assert actor_of(eve).roles == frozenset() and replay_audit() == ()


def test_under_the_rule_a_powerful_role_is_only_proposed(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve", Role.ENGINEER)
    switch_two_person_rule(site.actor, True, reason=BECAUSE, request_id="on")
    html = reader.get(f"/people/{eve.actor_id}").content.decode()
    forms = {act: found[1] for act in ("grant", "propose-role") if (found := re.search(rf'acts/{act}".*?</form>()', html, re.DOTALL))}
    assert forms.keys() == {"grant", "propose-role"}
    refused = reader.post(f"/people/{eve.actor_id}/acts/grant", {**WHY, "role": "publisher", "request_id": "page:1"})
    assert refused.status_code == 422 and "a proposal of this act by another person" in text_of(refused.content.decode())
    reader.post(f"/people/{eve.actor_id}/acts/propose-role", {**WHY, "role": "publisher", "request_id": "page:2"})
    assert Event.objects.newest()[0].action == "act.propose"


def test_nobody_gives_himself_a_powerful_role_alone(site: World, reader: Client) -> None:
    lone = hire(site.actor, "lone", Role.ADMINISTRATOR)
    answer = browser(lone).post(f"/people/{lone.actor_id}/acts/grant", {**WHY, "role": "auditor", "request_id": "page:1"})
    assert answer.status_code == 422 and actor_of(lone).roles == {"administrator"}


def test_a_sign_in_is_stopped_and_opened_again(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve", Role.ENGINEER)
    hers, place = browser(eve), f"/people/{eve.actor_id}/acts"
    reader.post(f"{place}/deactivate", {**WHY, "request_id": "page:1"})
    assert hers.get("/").status_code == 302
    reader.post(f"{place}/activate", {**WHY, "request_id": "page:2"})
    assert hers.get("/").status_code == 200


def test_the_last_administrator_is_not_stopped(site: World, reader: Client) -> None:
    answer = reader.post(f"/people/{site.actor.id}/acts/deactivate", {**WHY, "request_id": "page:1"})
    assert answer.status_code == 422 and "the last administrator" in text_of(answer.content.decode())


def test_a_reset_shows_the_new_password_once(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve", Role.ENGINEER)
    form = {**WHY, "sign_in": "password", "request_id": "page:1"}
    shown = re.search(r'<textarea id="once"[^>]*>([^<]+)</textarea>', reader.post(f"/people/{eve.actor_id}/acts/reset", form).content.decode())
    eve.refresh_from_db()
    assert shown is not None and eve.check_password(shown[1])
    assert reader.post(f"/people/{eve.actor_id}/acts/reset", form).status_code == 303 and Person.objects.get(pk=eve.pk).check_password(shown[1])


def test_under_the_rule_the_sign_in_of_somebody_with_power_is_only_proposed(site: World, reader: Client) -> None:
    eve = hire(site.actor, "eve", Role.AUDITOR)
    switch_two_person_rule(site.actor, True, reason=BECAUSE, request_id="on")
    told = page(reader, f"/people/{eve.actor_id}")
    assert "Propose to reset their sign-in" in told and "Reset it" not in told
    assert reader.post(f"/people/{eve.actor_id}/acts/reset", {**WHY, "request_id": "page:1"}).status_code == 422


def test_a_person_of_another_organisation_does_not_exist(site: World, reader: Client) -> None:
    other = world("b").actor.id
    assert {reader.get(f"/people/{who}").status_code for who in (other, "act_00000000000000000000")} == {404}
    for act in ("grant", "revoke", "deactivate", "reset", "propose-role", "propose-erasure"):
        assert reader.post(f"/people/{other}/acts/{act}", {**WHY, "role": "engineer", "request_id": f"page:{act}"}).status_code == 404


def test_the_rule_is_switched_on_from_the_page(site: World, reader: Client) -> None:
    assert reader.post("/people/rule/on", {**WHY, "request_id": "page:1"}).status_code == 422
    hire(site.actor, "eve", Role.ENGINEER)
    assert reader.post("/people/rule/on", {**WHY, "request_id": "page:2"}).headers["Location"] == "/people"
    assert log_settings().two_person_rule and "Propose to switch it off" in page(reader, "/people")


def test_somebody_without_a_role_is_told_that_they_may_not(site: World) -> None:
    nobody = create_person(site.actor, name="new", email="new@example.org", password=None, reason=BECAUSE, request_id="new").person
    assert browser(nobody).get("/people").status_code == 403


def test_nodes_show_fingerprints_and_positions(site: World, reader: Client) -> None:
    key = NodeKey.objects.get()
    told = page(reader, "/nodes")
    assert site.node.id in told and key.key_id in reader.get("/nodes").content.decode() and "not revoked" in told and str(key.registered_at) in told


def test_a_key_is_revoked_from_now_on(site: World, reader: Client) -> None:
    key = NodeKey.objects.get()
    assert reader.post(f"/keys/{key.key_id}/revoke", {**WHY, "reason_code": "key_lost", "request_id": "page:1"}).headers["Location"] == "/nodes"
    key.refresh_from_db()
    assert key.revoked_from == Event.objects.newest()[0].seq and "Revoke from now on" not in page(reader, "/nodes")


def test_a_key_is_reached_back_and_its_runs_get_notices(site: World, reader: Client) -> None:
    good = Event.objects.newest()[0].seq
    run = upload(site, bundle_of(site)).run_digest
    key = NodeKey.objects.get()
    form = {**WHY, "reason_code": "key_compromise", "last_good_seq": str(good), "request_id": "page:1"}
    assert reader.post(f"/keys/{key.key_id}/reach-back", form).status_code == 303
    key.refresh_from_db()
    assert key.last_good_seq == good and Notice.objects.get().run_id == run and replay_audit() == ()


@pytest.mark.parametrize("typed", ["", "x", "-1", "99999999"])
def test_a_position_that_cannot_be_stands_beside_the_form(site: World, reader: Client, typed: str) -> None:
    key = NodeKey.objects.get()
    answer = reader.post(f"/keys/{key.key_id}/reach-back", {**WHY, "last_good_seq": typed, "request_id": "page:1"})
    assert answer.status_code == 422 and "last_good_seq" in answer.content.decode()


def test_under_the_rule_reaching_back_is_proposed(site: World, reader: Client) -> None:
    hire(site.actor, "eve", Role.ENGINEER)
    switch_two_person_rule(site.actor, True, reason=BECAUSE, request_id="on")
    key, good = NodeKey.objects.get(), Event.objects.newest()[0].seq
    assert "Revoke back to a position" not in page(reader, "/nodes")
    form = {**WHY, "last_good_seq": str(good), "request_id": "page:1"}
    assert reader.post(f"/keys/{key.key_id}/reach-back", form).status_code == 422
    assert reader.post(f"/keys/{key.key_id}/propose-reach-back", form).headers["Location"] == "/proposals"


def test_a_node_is_retired(site: World, reader: Client) -> None:
    assert reader.post(f"/nodes/{site.node.id}/retire", {**WHY, "request_id": "page:1"}).headers["Location"] == "/nodes"
    assert Node.objects.get().retired and "retired" in page(reader, "/nodes")
    assert reader.post(f"/nodes/{site.node.id}/retire", {**WHY, "request_id": "page:2"}).status_code == 404


def test_an_engineer_sees_nodes_and_revokes_nothing(site: World, shelf: Shelf) -> None:
    eve, key = browser(hire(site.actor, "eve", Role.ENGINEER)), NodeKey.objects.get()
    assert "Revoke from now on" not in page(eve, "/nodes")
    assert eve.post(f"/keys/{key.key_id}/revoke", {**WHY, "request_id": "page:1"}).status_code == 403
