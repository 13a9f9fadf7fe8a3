"""Nodes and their keys: enrolled with proof of possession, revoked by position in the log."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.models import Node, NodeKey, Organisation
from lynxweb.accounts.roles import Scope, require
from lynxweb.accounts.tokens import IssuedToken, add_token
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import Recorded, record, utc_now
from runner.contract import keys
from runner.contract.canonical import digest, encode, sha256
from runner.contract.problems import Problem, Problems

PURPOSE = "node-enrolment"
LONGEST_NAME = 80


@dataclass(frozen=True)
class Enrolment:
    """What a new node takes home; secret and token text are shown this once."""

    node: Node
    key: NodeKey
    organisation_secret: bytes = field(repr=False)
    upload_token: IssuedToken
    recorded: Recorded


def challenge_for(actor: Actor) -> str:
    """What an enrolling key must sign beside its own name: the id of the enrolment token, or the actor's id after a sign-in."""
    kind, _, token_id = actor.auth.partition(":")
    return token_id if kind == "token" else actor.id


def enrol_node(
    actor: Actor,
    *,
    name: str,
    public_key: bytes,
    proof: bytes,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Enrolment:
    """Enrol a node of the actor's organisation with its first key and an upload token, all or nothing.

    `proof` is `keys.prove_possession(key, purpose=PURPOSE, challenge=challenge_for(actor), subject=name)`. Raises `Problems` with everything
    that is wrong with name, key and proof.
    """
    acting = require(actor, Action.NODE_ENROL)
    challenge = challenge_for(acting)
    organisation = Organisation.objects.get(id=acting.organisation)
    _check(organisation, name, public_key, proof, challenge)
    node_id, key_id = f"node_{random_bytes(10).hex()}", keys.key_id(public_key)
    claim = {"purpose": PURPOSE, "challenge": challenge, "subject": name, "public_key": public_key.hex(), "proof": proof.hex(), "node": node_id}
    registration = encode(claim)
    with transaction.atomic():
        node = Node.objects.create(id=node_id, organisation=organisation, name=name, rev=1)
        after = digest({"node": node_id, "organisation": organisation.id, "retired": False})
        enrolled = record(
            Action.NODE_ENROL, Subject("node", node_id, 1), actor=acting, reason=reason, request_id=request_id, after=after, clock=clock
        )
        registered = record(
            Action.KEY_REGISTER,
            Subject("key", key_id, 1),
            actor=acting,
            reason=reason,
            request_id=f"{request_id}:key",
            after=digest({"key": key_id, "node": node_id, "revoked": False}),
            payload=sha256(registration),
            clock=clock,
        )
        key = NodeKey.objects.create(key_id=key_id, node=node, public=public_key, registration=registration, registered_at=registered.seq, rev=1)
        token = add_token(
            acting, scope=Scope.UPLOAD, owner=node, reason=reason, request_id=f"{request_id}:token", clock=clock, random_bytes=random_bytes
        )
    return Enrolment(node, key, bytes(organisation.secret), token, enrolled)


def revoke_key(actor: Actor, key_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """End a key from the position of this event on; earlier signatures stay valid. Raises `NodeKey.DoesNotExist` for a key not theirs."""
    acting = require(actor, Action.KEY_REVOKE)
    with transaction.atomic():
        key = NodeKey.objects.for_actor(acting).unrevoked().select_for_update(of=("self",)).get(key_id=key_id)
        rev = key.rev + 1
        after = digest({"key": key_id, "node": key.node_id, "revoked": True})
        revoked = record(Action.KEY_REVOKE, Subject("key", key_id, rev), actor=acting, reason=reason, request_id=request_id, after=after, clock=clock)
        # The position is known only now; the row is locked already, so nothing can wait for us while we hold the log.
        key.revoked_from, key.rev = revoked.seq, rev
        key.save(update_fields=["revoked_from", "rev"])
    return revoked


def _check(organisation: Organisation, name: str, public_key: bytes, proof: bytes, challenge: str) -> None:
    problems = []
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        problems.append(Problem("name", repr(name)[:80], f"1 to {LONGEST_NAME} printable characters", "name the node"))
    elif Node.objects.filter(organisation=organisation, name=name).exists():
        problems.append(Problem("name", name, "a name no other node of the organisation has", "choose another name", "name-taken"))
    try:
        keys.check_public(public_key)
    except Problems as error:
        raise Problems([*problems, *error.problems]) from error
    if NodeKey.objects.filter(key_id=keys.key_id(public_key)).exists():
        problems.append(Problem("public_key", keys.key_id(public_key), "a key that is not registered", "make a new key", "key-known"))
    message = keys.possession_message(purpose=PURPOSE, challenge=challenge, subject=name, public=public_key)
    if not keys.verify(public_key, proof, message):
        expected = "a signature by this key over purpose, challenge, name and key"
        problems.append(Problem("proof", "a signature that does not verify", expected, "sign again with the enrolment token's id", "bad-proof"))
    if problems:
        raise Problems(problems)
