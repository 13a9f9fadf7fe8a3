"""What every act on people, roles, nodes, keys and tokens leaves in its row is what its event says."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.binding import reset_sign_in
from lynxweb.accounts.granting import grant_role, revoke_role
from lynxweb.accounts.key_changes import REGISTRATION, register_key, revoke_key, revoke_key_back, rotate_key, rotation_message
from lynxweb.accounts.nodes import PURPOSE, challenge_for, enrol_node, retire_node
from lynxweb.accounts.people import FirstAccount, set_active
from lynxweb.accounts.roles import Role, Scope
from lynxweb.accounts.tokens import actor_for, issue_token, revoke_token
from lynxweb.audit.actors import Actor
from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from lynxweb.audit.replay import replay_audit
from runner.contract.keys import SigningKey, prove_possession
from tests.accounts.conftest import BECAUSE, PASSWORD, elsewhere, hire

KEYS = [SigningKey(bytes(range(start, start + 32))) for start in range(4)]


def _live(ada: Actor, first: FirstAccount) -> None:
    eve = hire(ada, "eve", Role.ENGINEER, Role.ADMINISTRATOR)
    revoke_role(ada, eve.actor_id, Role.ENGINEER, reason=BECAUSE, request_id="r1")
    grant_role(ada, eve.actor_id, Role.ENGINEER, reason=BECAUSE, request_id="r2")
    revoke_role(ada, eve.actor_id, Role.ADMINISTRATOR, reason=BECAUSE, request_id="r3")
    set_active(ada, eve.actor_id, False, reason=BECAUSE, request_id="r4")
    reset_sign_in(ada, eve.actor_id, PASSWORD + "!", reason=BECAUSE, request_id="r5")
    elsewhere("mallory", Role.MANAGER)
    proof = prove_possession(KEYS[0], purpose=PURPOSE, challenge=challenge_for(ada), subject="gpu-7")
    node = enrol_node(ada, name="gpu-7", public_key=KEYS[0].public, proof=proof, reason=BECAUSE, request_id="n1").node
    proof = prove_possession(KEYS[1], purpose=REGISTRATION, challenge=challenge_for(ada), subject=node.id)
    register_key(ada, node.id, public_key=KEYS[1].public, proof=proof, reason=BECAUSE, request_id="n2")
    message = rotation_message(KEYS[0].key_id, node.id, KEYS[2].public)
    signatures = {"proof": KEYS[2].sign(message), "approval": KEYS[0].sign(message)}
    rotate_key(ada, KEYS[0].key_id, public_key=KEYS[2].public, reason=BECAUSE, request_id="n3", **signatures)
    good = Event.objects.count() - 1
    revoke_key(ada, KEYS[0].key_id, reason=BECAUSE, request_id="n4")
    hire(ada, "bob")
    revoke_key_back(ada, KEYS[1].key_id, good, reason=BECAUSE, request_id="n5")
    revoke_key_back(ada, KEYS[0].key_id, good - 1, reason=BECAUSE, request_id="n6")
    token = issue_token(ada, scope=Scope.READ, owner=first.person, reason=BECAUSE, request_id="t1")
    assert actor_for(token.text) is not None
    revoke_token(ada, token.id, reason=BECAUSE, request_id="t2")
    retire_node(ada, node.id, reason=BECAUSE, request_id="n7")


def test_after_every_act_the_rows_are_what_the_log_says(first: FirstAccount, ada: Actor) -> None:
    _live(ada, first)
    assert replay_audit() == () and full_audit().clean


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE accounts_membership SET revoked = NOT revoked",
        "UPDATE accounts_person SET is_active = NOT is_active",
        "UPDATE accounts_nodekey SET revoked_from = NULL",
        "UPDATE accounts_nodekey SET last_good_seq = last_good_seq + 1",
        "UPDATE accounts_servicetoken SET scope = 'enrol'",
        "UPDATE accounts_node SET retired = NOT retired",
        "DELETE FROM accounts_membership",
        "DELETE FROM accounts_nodekey",
    ],
)
def test_no_row_changes_without_its_act(first: FirstAccount, ada: Actor, sql: str) -> None:
    _live(ada, first)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_signing_in_and_changing_the_password_are_no_acts(first: FirstAccount, ada: Actor) -> None:
    person = first.person
    person.set_password("another long password")
    person.save(update_fields=["password"])
    assert replay_audit() == () and actor_of(person) == ada
