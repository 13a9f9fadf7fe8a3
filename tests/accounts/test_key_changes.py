"""Keys come with proof, hand over with two signatures, and end at a position of the log."""

from __future__ import annotations

from typing import Any

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.key_changes import (
    REGISTRATION,
    propose_revocation,
    register_key,
    revocation_message,
    revoke_key,
    revoke_key_back,
    rotate_key,
    rotation_message,
)
from lynxweb.accounts.models import Node, NodeKey
from lynxweb.accounts.nodes import PURPOSE, Enrolment, challenge_for, enrol_node, retire_node
from lynxweb.accounts.roles import Forbidden, Role, Scope
from lynxweb.accounts.tokens import actor_for, issue_token
from lynxweb.audit.actors import SYSTEM, Actor
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.audit.opening import set_two_person_rule
from runner.contract.keys import PRIME, SMALL_ORDER_Y, SigningKey, prove_possession
from runner.contract.problems import Problems
from tests.accounts.conftest import BECAUSE, elsewhere, hire

OLD, NEW = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
WEAK = [(y | sign << 255).to_bytes(32, "little") for y in sorted({*SMALL_ORDER_Y, PRIME, PRIME + 1}) for sign in (0, 1)]


@pytest.fixture
def enrolled(ada: Actor) -> Enrolment:
    """A node with the old key."""
    proof = prove_possession(OLD, purpose=PURPOSE, challenge=challenge_for(ada), subject="gpu-7")
    return enrol_node(ada, name="gpu-7", public_key=OLD.public, proof=proof, reason=BECAUSE, request_id="enrol")


def _node(enrolled: Enrolment) -> Actor:
    actor = actor_for(enrolled.upload_token.text)
    assert actor is not None
    return actor


def _register(by: Actor, node: str, key: SigningKey = NEW, **changed: Any) -> NodeKey:
    proof = prove_possession(key, purpose=REGISTRATION, challenge=challenge_for(by), subject=node)
    given = {"public_key": key.public, "proof": proof, "reason": BECAUSE, "request_id": "register", **changed}
    return register_key(by, node, **given)


def _rotate(by: Actor, enrolled: Enrolment, **changed: Any) -> NodeKey:
    message = rotation_message(OLD.key_id, enrolled.node.id, NEW.public)
    given = {"public_key": NEW.public, "proof": NEW.sign(message), "approval": OLD.sign(message), "reason": BECAUSE, "request_id": "rotate"} | changed
    return rotate_key(by, OLD.key_id, **given)


def _leaf(action: str) -> dict[str, Any]:
    return leaf_fields(Event.objects.filter(action=action).latest("seq").leaf)


def _document(digest: str) -> dict[str, Any]:
    return leaf_fields(LogDocument.objects.get(digest=digest).content)


def test_a_further_key_counts_from_its_registration_on(ada: Actor, enrolled: Enrolment) -> None:
    key = _register(ada, enrolled.node.id)
    leaf = _leaf("key.register")
    assert key.registered_at == leaf["seq"] and key.valid_at(leaf["seq"] + 1) and not key.valid_at(leaf["seq"])
    assert _document(leaf["payload"])["subject"] == enrolled.node.id and _document(leaf["payload"])["public_key"] == NEW.public.hex()
    assert NodeKey.objects.unrevoked().count() == 2 and full_audit().clean


@pytest.mark.parametrize("public", WEAK, ids=lambda public: public.hex()[:8] + public.hex()[-2:])
def test_no_small_order_or_non_canonical_key_is_registered(ada: Actor, enrolled: Enrolment, public: bytes) -> None:
    for signature in (bytes(64), public + bytes(32), (1).to_bytes(32, "little") + bytes(32)):
        with pytest.raises(Problems) as refused:
            _register(ada, enrolled.node.id, public_key=public, proof=signature)
        assert refused.value.codes == ("bad-key",)
    assert NodeKey.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"public_key": OLD.public}, "key-known"),
        ({"proof": bytes(64)}, "bad-proof"),
        ({"proof": prove_possession(NEW, purpose=PURPOSE, challenge="x", subject="x")}, "bad-proof"),
        ({"public_key": b"short"}, "bad-key"),
    ],
)
def test_a_faulty_registration_leaves_nothing(ada: Actor, enrolled: Enrolment, changed: dict[str, Any], code: str) -> None:
    events = Event.objects.count()
    with pytest.raises(Problems) as refused:
        _register(ada, enrolled.node.id, **changed)
    assert code in refused.value.codes
    assert NodeKey.objects.count() == 1 and Event.objects.count() == events


def test_a_node_rotates_its_key_itself_and_both_count(enrolled: Enrolment) -> None:
    new = _rotate(_node(enrolled), enrolled)
    leaf = _leaf("key.rotate")
    assert leaf["actor"]["id"] == enrolled.node.id and leaf["object"] == {"type": "key", "id": OLD.key_id, "rev": 2}
    approval = OLD.sign(rotation_message(OLD.key_id, enrolled.node.id, NEW.public)).hex()
    assert _document(leaf["payload"]) == {"v": 1, "old": OLD.key_id, "new": NEW.key_id, "node": enrolled.node.id, "approval": approval}
    old = NodeKey.objects.get(key_id=OLD.key_id)
    later = Event.objects.count() + 5
    assert old.valid_at(later) and new.valid_at(later) and (old.rev, new.rev) == (2, 1)
    assert _document(_leaf("key.register")["payload"])["challenge"] == OLD.key_id and full_audit().clean


MESSAGE = rotation_message(OLD.key_id, "node_x", NEW.public)


@pytest.mark.parametrize(
    "changed",
    [
        {"approval": bytes(64)},
        {"approval": NEW.sign(MESSAGE)},
        {"approval": OLD.sign(MESSAGE)},
        {"approval": OLD.sign(b"lynxweb/possession/v1\n")},
        {"proof": OLD.sign(MESSAGE)},
        {"proof": b""},
        {"public_key": OLD.public},
    ],
    ids=["none", "by-the-new-key", "for-another-node", "another-message", "proof-by-the-old", "no-proof", "same-key"],
)
def test_a_rotation_needs_both_signatures(enrolled: Enrolment, changed: dict[str, Any]) -> None:
    events = Event.objects.count()
    with pytest.raises(Problems) as refused:
        _rotate(_node(enrolled), enrolled, **changed)
    assert "bad-proof" in refused.value.codes and Event.objects.count() == events


def test_a_revoked_key_hands_over_to_nobody(ada: Actor, enrolled: Enrolment) -> None:
    revoke_key(ada, OLD.key_id, reason=BECAUSE, request_id="revoke")
    with pytest.raises(NodeKey.DoesNotExist):
        _rotate(_node(enrolled), enrolled)


def test_a_node_ends_its_own_key_with_a_signature_of_it(enrolled: Enrolment) -> None:
    node = _node(enrolled)
    message = revocation_message(OLD.key_id, enrolled.node.id, OLD.public)
    for proof in (None, bytes(64), NEW.sign(message)):
        with pytest.raises(Problems):
            revoke_key(node, OLD.key_id, reason=BECAUSE, request_id="revoke", proof=proof)
    revoked = revoke_key(node, OLD.key_id, reason=BECAUSE, request_id="revoke", proof=OLD.sign(message))
    key = NodeKey.objects.get()
    assert key.revoked_from == revoked.seq and key.last_good_seq is None and key.rev == 2


def test_a_node_touches_no_key_but_its_own(ada: Actor, enrolled: Enrolment) -> None:
    other = SigningKey(bytes(range(2, 34)))
    proof = prove_possession(other, purpose=PURPOSE, challenge=challenge_for(ada), subject="gpu-8")
    second = enrol_node(ada, name="gpu-8", public_key=other.public, proof=proof, reason=BECAUSE, request_id="enrol-8")
    node = _node(second)
    with pytest.raises(NodeKey.DoesNotExist):
        _rotate(node, enrolled)
    with pytest.raises(NodeKey.DoesNotExist):
        revoke_key(node, OLD.key_id, reason=BECAUSE, request_id="x", proof=OLD.sign(revocation_message(OLD.key_id, enrolled.node.id, OLD.public)))
    with pytest.raises(NodeKey.DoesNotExist):
        revoke_key_back(node, other.key_id, second.key.registered_at + 1, reason=BECAUSE, request_id="x")
    with pytest.raises(Forbidden):
        _register(node, second.node.id)


def test_reaching_back_ends_a_key_after_the_last_good_position(ada: Actor, enrolled: Enrolment) -> None:
    good = Event.objects.count() - 1
    for number in range(3):
        hire(ada, f"later-{number}")
    recorded = revoke_key_back(ada, OLD.key_id, good, reason=BECAUSE, request_id="back")
    key = NodeKey.objects.get()
    assert key.valid_at(good) and not key.valid_at(good + 1) and not key.valid_at(recorded.seq)
    assert _document(_leaf("key.revoke")["payload"]) == {"v": 1, "key": OLD.key_id, "last_good_seq": good}


def test_a_revoked_key_may_be_cut_back_further_and_never_forward(ada: Actor, enrolled: Enrolment) -> None:
    hire(ada, "somebody")
    revoked = revoke_key(ada, OLD.key_id, reason=BECAUSE, request_id="now")
    for forward in (revoked.seq, revoked.seq - 1, enrolled.key.registered_at - 1, 10**9):
        with pytest.raises(Problems) as refused:
            revoke_key_back(ada, OLD.key_id, forward, reason=BECAUSE, request_id="forward")
        assert refused.value.codes == ("out-of-range",)
    revoke_key_back(ada, OLD.key_id, enrolled.key.registered_at, reason=BECAUSE, request_id="back")
    key = NodeKey.objects.get()
    assert not key.valid_at(enrolled.key.registered_at + 1) and key.rev == 3


def test_with_the_rule_reaching_back_takes_two_people_and_ending_now_takes_one(ada: Actor, enrolled: Enrolment) -> None:
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule-on")
    bob = actor_of(hire(ada, "bob", Role.ENGINEER))
    good = enrolled.key.registered_at + 1
    own = propose_revocation(ada, OLD.key_id, good, reason=BECAUSE, request_id="own").id
    for proposal in (None, own):
        with pytest.raises(Problems) as refused:
            revoke_key_back(ada, OLD.key_id, good, reason=BECAUSE, request_id="alone", proposal=proposal)
        assert refused.value.codes == ("two-persons",)
    proposal = propose_revocation(bob, OLD.key_id, good, reason=BECAUSE, request_id="bobs").id
    with pytest.raises(Problems):
        revoke_key_back(ada, OLD.key_id, good + 1, reason=BECAUSE, request_id="altered", proposal=proposal)
    revoke_key(ada, OLD.key_id, reason=BECAUSE, request_id="now")
    revoke_key_back(ada, OLD.key_id, good, reason=BECAUSE, request_id="back", proposal=proposal)
    assert NodeKey.objects.get().last_good_seq == good


def test_a_retired_node_gets_no_key_and_stays_in_the_list(ada: Actor, enrolled: Enrolment) -> None:
    retire_node(ada, enrolled.node.id, reason=BECAUSE, request_id="retire")
    with pytest.raises(Node.DoesNotExist):
        _register(ada, enrolled.node.id)
    with pytest.raises(Node.DoesNotExist):
        retire_node(ada, enrolled.node.id, reason=BECAUSE, request_id="again")
    assert [event.action for event in Event.objects.on("node", enrolled.node.id)] == ["node.enrol", "node.retire"]


def test_nodes_and_keys_of_another_organisation_are_not_there(enrolled: Enrolment) -> None:
    stranger, good = elsewhere("mallory", *Role), enrolled.key.registered_at + 1
    acts = (
        (NodeKey, lambda: revoke_key(stranger, OLD.key_id, reason=BECAUSE, request_id="x")),
        (NodeKey, lambda: revoke_key_back(stranger, OLD.key_id, good, reason=BECAUSE, request_id="x")),
        (NodeKey, lambda: propose_revocation(stranger, OLD.key_id, good, reason=BECAUSE, request_id="x")),
        (NodeKey, lambda: _rotate(stranger, enrolled)),
        (Node, lambda: _register(stranger, enrolled.node.id)),
        (Node, lambda: retire_node(stranger, enrolled.node.id, reason=BECAUSE, request_id="x")),
    )
    for missing, act in acts:
        with pytest.raises(missing.DoesNotExist):
            act()


def test_a_persons_upload_token_changes_no_key(ada: Actor, enrolled: Enrolment) -> None:
    owner = Node.objects.get().organisation.people.get()
    token = issue_token(ada, scope=Scope.UPLOAD, owner=owner, reason=BECAUSE, request_id="upload")
    bearer = actor_for(token.text)
    assert bearer is not None
    with pytest.raises(Forbidden):
        revoke_key(bearer, OLD.key_id, reason=BECAUSE, request_id="x")
