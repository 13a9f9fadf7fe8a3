"""Proposals: shown word for word, carried out by another person exactly so, and never twice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.binding import propose_reset
from lynxweb.accounts.erasing import propose_erasure
from lynxweb.accounts.granting import propose_role
from lynxweb.accounts.key_changes import propose_revocation
from lynxweb.accounts.models import Membership, NodeKey, Person
from lynxweb.accounts.roles import Role
from lynxweb.accounts.switching import propose_switching_off, switch_two_person_rule
from lynxweb.audit.actions import Action, ReasonCode
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.audit.proposals import TWO_PERSON_ACTIONS, Proposal
from lynxweb.audit.replay import replay_audit
from lynxweb.registry.models import Run
from lynxweb.review.publishing import disclose
from lynxweb.review.redaction import propose_redaction
from lynxweb.review.rulings import propose_ruling, runs_terms
from lynxweb.review.second_persons import WAYS
from lynxweb.review.withdrawal import propose_supersession, propose_withdrawal
from tests.accounts.conftest import elsewhere, hire
from tests.pages.shelf import Shelf, text_of
from tests.pages.test_people import WHY, browser, page
from tests.registry.world import BECAUSE, World

CODED = Reason(ReasonCode.MEASUREMENT_ERROR, "the clock of the machine was wrong")


@pytest.fixture
def eve(site: World, shelf: Shelf) -> Actor:
    """A second person with every role, where the rule is on."""
    person = hire(site.actor, "eve", *Role)
    switch_two_person_rule(site.actor, True, reason=BECAUSE, request_id="on")
    return actor_of(person)


def _target(site: World) -> str:
    known = Person.objects.filter(name="target").first()
    return known.actor_id if known else hire(site.actor, "target", Role.ENGINEER).actor_id


MADE: dict[str, Callable[[World, Shelf, Actor], Proposal]] = {
    Action.RUN_WITHDRAW: lambda site, shelf, eve: propose_withdrawal(eve, shelf.ort, reason=CODED, request_id="propose"),
    Action.RUN_SUPERSEDE: lambda site, shelf, eve: propose_supersession(eve, shelf.ort, shelf.int8, reason=BECAUSE, request_id="propose"),
    Action.PAYLOAD_REDACT: lambda site, shelf, eve: propose_redaction(
        eve, Run.objects.get(digest=shelf.ort).samples_sha256, reason=CODED, request_id="propose"
    ),
    Action.ACTOR_ERASE: lambda site, shelf, eve: propose_erasure(eve, _target(site), reason=CODED, request_id="propose"),
    Action.ACTOR_BIND: lambda site, shelf, eve: propose_reset(eve, _target(site), reason=BECAUSE, request_id="propose"),
    Action.KEY_REVOKE: lambda site, shelf, eve: propose_revocation(
        eve, site.key.key_id, NodeKey.objects.get().registered_at, reason=BECAUSE, request_id="propose"
    ),
    Action.ROLE_GRANT: lambda site, shelf, eve: propose_role(eve, _target(site), Role.AUDITOR, reason=BECAUSE, request_id="propose"),
    Action.CHECKPOINT_NOTE: lambda site, shelf, eve: propose_switching_off(eve, reason=BECAUSE, request_id="propose"),
}


def form_of(client: Client, proposal: Proposal) -> dict[str, str]:
    """What the page's own form for a proposal sends, with a reason where it asks for one."""
    html = client.get("/proposals").content.decode()
    form = re.search(rf'<form method="post" action="/proposals/{proposal.id}/do".*?</form>', html, re.DOTALL)
    assert form is not None
    held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))
    return (WHY if "<textarea" in form[0] else {}) | held


@pytest.mark.parametrize("action", sorted(MADE))
def test_another_person_carries_it_out_word_for_word(site: World, reader: Client, shelf: Shelf, eve: Actor, action: str) -> None:
    proposal = MADE[action](site, shelf, eve)
    answer = reader.post(f"/proposals/{proposal.id}/do", form_of(reader, proposal))
    event = next(one for one in Event.objects.newest()[:5] if one.action == action)
    leaf = leaf_fields(event.leaf)
    assert answer.status_code == (200 if action == Action.ACTOR_BIND else 303)
    assert (leaf["proposal"], leaf["payload"], leaf["actor"]["id"]) == (proposal.seq, proposal.terms_digest, site.actor.id)
    assert replay_audit() == ()


def test_every_two_person_act_has_a_way_but_closing_the_log() -> None:
    assert WAYS.keys() == TWO_PERSON_ACTIONS - {Action.LOG_CLOSE} and MADE.keys() == WAYS.keys() - {Action.RULING_ISSUE}


def test_a_ruling_is_carried_out_by_another_auditor(site: World, reader: Client, shelf: Shelf) -> None:
    terms = runs_terms(rule="4.2 clocks", outcome="noted", runs=[shelf.ort], text="the clock of this machine was set by hand")
    disclose(site.actor, shelf.ort, "public", reason=BECAUSE, request_id="public")
    one, two = elsewhere("one", Role.AUDITOR), elsewhere("two", Role.AUDITOR)
    proposal = propose_ruling(one, terms, reason=BECAUSE, request_id="propose")
    client = browser(Person.objects.get(actor_id=two.id))
    answer = client.post(f"/proposals/{proposal.id}/do", form_of(client, proposal))
    assert answer.headers["Location"] == "/rulings" and Event.objects.newest()[0].action == "ruling.issue"


def test_the_page_shows_the_words_who_proposed_them_and_why(site: World, reader: Client, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.RUN_WITHDRAW](site, shelf, eve)
    told = page(reader, "/proposals")
    assert "eve" in told and eve.id in told and proposal.id in told and shelf.ort in told and str(CODED.text) in told and "measurement_error" in told


def test_nobody_carries_out_an_own_proposal(site: World, reader: Client, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.ROLE_GRANT](site, shelf, eve)
    hers = browser(Person.objects.get(actor_id=eve.id))
    assert "You proposed it" in page(hers, "/proposals")
    assert hers.post(f"/proposals/{proposal.id}/do", {**WHY, "request_id": "page:1"}).status_code == 422
    assert not Membership.objects.held().filter(person__name="target", role="auditor").exists()


def test_somebody_whose_role_does_not_permit_it_sees_who_may(site: World, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.ROLE_GRANT](site, shelf, eve)
    engineer = browser(hire(site.actor, "engineer", Role.ENGINEER))
    assert "Carried out by: administrator" in page(engineer, "/proposals")
    assert engineer.post(f"/proposals/{proposal.id}/do", {**WHY, "request_id": "page:1"}).status_code == 403


def test_a_double_click_carries_it_out_once_and_goes_to_the_same_place(site: World, reader: Client, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.CHECKPOINT_NOTE](site, shelf, eve)
    form = form_of(reader, proposal)
    first, second = (reader.post(f"/proposals/{proposal.id}/do", form) for _ in range(2))
    assert (first.headers["Location"], second.status_code) == ("/people", 303) and not log_settings().two_person_rule
    assert Event.objects.filter(action="checkpoint.note").count() == 2


def test_a_used_proposal_is_listed_with_the_position_of_its_act(site: World, reader: Client, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.ROLE_GRANT](site, shelf, eve)
    reader.post(f"/proposals/{proposal.id}/do", form_of(reader, proposal))
    position = Event.objects.newest()[0].seq
    told = page(reader, "/proposals")
    assert "Nothing waits for a second person." in told and "carried out" in told and f"position {position}" in told
    assert reader.post(f"/proposals/{proposal.id}/do", {**WHY, "request_id": "page:other"}).status_code == 404


def test_a_reset_as_proposed_shows_the_password_once(site: World, reader: Client, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.ACTOR_BIND](site, shelf, eve)
    answer = reader.post(f"/proposals/{proposal.id}/do", form_of(reader, proposal))
    shown = re.search(r'<textarea id="once"[^>]*>([^<]+)</textarea>', answer.content.decode())
    assert shown is not None and answer["Cache-Control"] == "no-store" and Person.objects.get(name="target").check_password(shown[1])


def test_a_proposal_of_another_organisation_does_not_exist(site: World, reader: Client, shelf: Shelf, eve: Actor) -> None:
    proposal = MADE[Action.ROLE_GRANT](site, shelf, eve)
    stranger = browser(Person.objects.get(actor_id=elsewhere("mallory", *Role).id))
    assert proposal.id not in text_of(stranger.get("/proposals").content.decode())
    assert stranger.post(f"/proposals/{proposal.id}/do", {**WHY, "request_id": "page:1"}).status_code == 404
