"""Pages learn about their own organisation, and no more than the asker's role needs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.granting import propose_role, revoke_role
from lynxweb.accounts.models import Person
from lynxweb.accounts.nodes import PURPOSE, challenge_for, enrol_node
from lynxweb.accounts.people import FirstAccount
from lynxweb.accounts.questions import KeyCard, PersonCard, names_for, nodes_for, people_for, person_for, proposals_for, tokens_for
from lynxweb.accounts.roles import Forbidden, Role, Scope
from lynxweb.accounts.tokens import actor_for, issue_token, revoke_token
from lynxweb.audit import proposals
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Subject
from runner.contract.keys import SigningKey, prove_possession
from tests.accounts.conftest import BECAUSE, Clock, elsewhere, hire

KEY = SigningKey(bytes(range(32)))


def test_people_are_listed_with_the_roles_held_now(ada: Actor) -> None:
    eve = hire(ada, "eve", Role.PUBLISHER, Role.ENGINEER, Role.MANAGER)
    revoke_role(ada, eve.actor_id, Role.MANAGER, reason=BECAUSE, request_id="back")
    cards = people_for(ada)
    assert [card.name for card in cards] == ["ada", "eve"]
    assert cards[1] == PersonCard(eve.actor_id, "eve", True, ("engineer", "publisher"), False, "eve@example.org", False, False)
    assert cards[0].yourself and cards[0].roles == tuple(role.value for role in Role)
    assert person_for(ada, eve.actor_id) == cards[1]


def test_addresses_are_for_administrators(ada: Actor) -> None:
    eve = actor_of(hire(ada, "eve", Role.AUDITOR))
    assert all(card.email is None and card.second_factor is None for card in people_for(eve))
    assert names_for(eve) == {ada.id: "ada", eve.id: "eve"}


def test_strangers_see_none_of_it(ada: Actor) -> None:
    issue_token(ada, scope=Scope.READ, owner=Person.objects.get(), reason=BECAUSE, request_id="token")
    stranger = elsewhere("mallory", *Role)
    assert [card.name for card in people_for(stranger)] == ["mallory"] and ada.id not in names_for(stranger)
    assert nodes_for(stranger) == () and tokens_for(stranger) == () and proposals_for(stranger) == ()
    with pytest.raises(Person.DoesNotExist):
        person_for(stranger, ada.id)


def test_somebody_without_a_role_sees_nothing(ada: Actor) -> None:
    nobody = actor_of(hire(ada, "eve"))
    for question in (people_for, names_for, nodes_for, tokens_for, proposals_for):
        with pytest.raises(Forbidden):
            question(nobody)


def test_nodes_are_listed_with_their_keys(ada: Actor) -> None:
    proof = prove_possession(KEY, purpose=PURPOSE, challenge=challenge_for(ada), subject="gpu-7")
    enrolled = enrol_node(ada, name="gpu-7", public_key=KEY.public, proof=proof, reason=BECAUSE, request_id="enrol")
    (card,) = nodes_for(ada)
    assert (card.id, card.name, card.retired) == (enrolled.node.id, "gpu-7", False)
    assert card.keys == (KeyCard(KEY.key_id, enrolled.key.registered_at, None, None),)


def test_tokens_are_listed_with_end_and_use_and_without_secret(ada: Actor, first: FirstAccount, clock: Clock) -> None:
    one = issue_token(ada, scope=Scope.READ, owner=first.person, reason=BECAUSE, request_id="one", lifetime=timedelta(days=1), clock=clock)
    two = issue_token(ada, scope=Scope.ENROL, owner=first.person, reason=BECAUSE, request_id="two", clock=clock)
    actor_for(one.text, clock=clock)
    revoke_token(ada, two.id, reason=BECAUSE, request_id="end")
    clock.forward(timedelta(days=2))
    cards = {card.id: card for card in tokens_for(ada, clock=clock)}
    assert (cards[one.id].owner, cards[one.id].owner_kind, cards[one.id].scope, cards[one.id].yours) == ("ada", "person", "read", True)
    assert cards[one.id].expired and cards[one.id].last_used == clock.now - timedelta(days=2) and not cards[one.id].revoked
    assert cards[two.id].revoked and cards[two.id].last_used is None and not cards[two.id].expired
    assert all(secret not in repr(cards) for secret in (one.text, two.text))


def test_whoever_may_revoke_none_sees_only_their_own(ada: Actor, first: FirstAccount) -> None:
    eve = hire(ada, "eve", Role.MANAGER)
    issue_token(ada, scope=Scope.READ, owner=first.person, reason=BECAUSE, request_id="adas")
    mine = issue_token(SYSTEM, scope=Scope.READ, owner=eve, reason=BECAUSE, request_id="eves")
    assert [card.id for card in tokens_for(actor_of(eve))] == [mine.id] and len(tokens_for(ada)) == 2


def test_proposals_are_seen_in_the_organisation_and_rulings_by_auditors_everywhere(ada: Actor) -> None:
    eve = hire(ada, "eve", Role.MANAGER)
    role = propose_role(ada, eve.actor_id, Role.AUDITOR, reason=BECAUSE, request_id="role")
    ruling = proposals.propose(ada, Action.RULING_ISSUE, Subject("ruling", "register"), {"v": 1}, reason=BECAUSE, request_id="ruling")
    assert [one.id for one in proposals_for(actor_of(eve))] == [role.id, ruling.id]
    assert [one.id for one in proposals_for(elsewhere("auditor", Role.AUDITOR))] == [ruling.id]
    assert proposals_for(elsewhere("reviewer", Role.REVIEWER)) == ()
