"""A node is enrolled by whoever holds its key, all at once or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lynxweb.accounts.key_changes import revoke_key
from lynxweb.accounts.models import Node, NodeKey, ServiceToken
from lynxweb.accounts.nodes import PURPOSE, Enrolment, challenge_for, enrol_node, retire_node
from lynxweb.accounts.people import FirstAccount
from lynxweb.accounts.roles import Forbidden, Scope, may
from lynxweb.accounts.tokens import actor_for, issue_token
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from runner.contract.canonical import sha256
from runner.contract.keys import SigningKey, prove_possession
from runner.contract.problems import Problems
from tests.accounts.conftest import BECAUSE

KEY = SigningKey(bytes(range(32)))


def _enrol(actor: Actor, **changed: Any) -> Enrolment:
    name = changed.get("name", "gpu-7")
    proof = prove_possession(KEY, purpose=PURPOSE, challenge=challenge_for(actor), subject=name)
    given = {"name": name, "public_key": KEY.public, "proof": proof, "reason": BECAUSE, "request_id": "enrol", **changed}
    return enrol_node(actor, **given)


@pytest.fixture
def enroller(first: FirstAccount, ada: Actor) -> Actor:
    """The bearer of an enrolment token."""
    token = issue_token(ada, scope=Scope.ENROL, owner=first.person, reason=BECAUSE, request_id="enrol-token")
    bearer = actor_for(token.text)
    assert bearer is not None
    return bearer


def test_a_new_node_takes_home_a_secret_and_an_upload_token(enroller: Actor, first: FirstAccount) -> None:
    enrolment = _enrol(enroller)
    assert enrolment.organisation_secret == bytes(first.organisation.secret)
    node = actor_for(enrolment.upload_token.text)
    assert node is not None and (node.kind, node.id, node.organisation) == ("node", enrolment.node.id, first.organisation.id)
    assert may(node, Action.RUN_SUBMIT) and not may(node, Action.NODE_ENROL)


def test_the_enrolment_is_in_the_log_under_the_role_that_permits_it(enroller: Actor) -> None:
    enrolment = _enrol(enroller)
    events = list(Event.objects.filter(seq__gte=enrolment.recorded.seq))
    assert [event.action for event in events] == ["node.enrol", "key.register", "token.issue"]
    leaf = json.loads(bytes(events[1].leaf))
    assert leaf["payload"] == sha256(bytes(enrolment.key.registration))
    assert leaf["actor"] == {"kind": "user", "id": enroller.id, "role": "administrator", "auth": enroller.auth}
    assert all(b"gpu-7" not in bytes(event.leaf) for event in events) and full_audit().clean


@pytest.mark.parametrize(
    "changed",
    [
        {"proof": bytes(64)},
        {"proof": b""},
        {"proof": prove_possession(KEY, purpose=PURPOSE, challenge="another token", subject="gpu-7")},
        {"proof": prove_possession(SigningKey(bytes(32)), purpose=PURPOSE, challenge="x", subject="gpu-7")},
        {"public_key": (1).to_bytes(32, "little")},
        {"public_key": b"short"},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "two\nlines"},
    ],
    ids=["empty-signature", "no-signature", "another-challenge", "another-key", "small-order", "short-key", "no-name", "long-name", "control"],
)
def test_a_faulty_enrolment_leaves_nothing(enroller: Actor, changed: dict[str, Any]) -> None:
    events = Event.objects.count()
    with pytest.raises(Problems):
        _enrol(enroller, **changed)
    assert (Node.objects.count(), NodeKey.objects.count(), Event.objects.count()) == (0, 0, events)


def test_a_known_key_or_name_is_refused(enroller: Actor) -> None:
    _enrol(enroller)
    with pytest.raises(Problems) as refused:
        _enrol(enroller, request_id="again")
    assert set(refused.value.codes) == {"name-taken", "key-known"}


def test_a_node_enrols_no_node(enroller: Actor) -> None:
    node = actor_for(_enrol(enroller).upload_token.text)
    assert node is not None
    with pytest.raises(Forbidden):
        _enrol(node, name="gpu-8", request_id="by-a-node")


def test_a_revoked_key_counts_below_the_position_of_its_revocation(enroller: Actor, ada: Actor) -> None:
    key = _enrol(enroller).key
    revoked = revoke_key(ada, key.key_id, reason=BECAUSE, request_id="revoke")
    key.refresh_from_db()
    assert key.valid_at(revoked.seq - 1) and not key.valid_at(revoked.seq) and not key.valid_at(revoked.seq + 1)
    assert not key.valid_at(key.registered_at)
    assert not NodeKey.objects.unrevoked().exists()
    with pytest.raises(NodeKey.DoesNotExist):
        revoke_key(ada, key.key_id, reason=BECAUSE, request_id="again")


def test_the_token_of_a_retired_node_is_nobody(enroller: Actor, ada: Actor) -> None:
    enrolment = _enrol(enroller)
    retire_node(ada, enrolment.node.id, reason=BECAUSE, request_id="retire")
    assert actor_for(enrolment.upload_token.text) is None
    assert ServiceToken.objects.filter(node=enrolment.node).exists()


def test_a_stranger_sees_no_node_and_no_key(enroller: Actor) -> None:
    _enrol(enroller)
    stranger = Actor("user", "act_eve", "login", frozenset({"administrator"}), "org_other")
    nobody = Actor("user", "act_eve", "login", frozenset({"administrator"}), None)
    for actor in (stranger, nobody):
        assert not Node.objects.for_actor(actor).exists() and not NodeKey.objects.for_actor(actor).exists()
    assert NodeKey.objects.for_actor(enroller).count() == 1
