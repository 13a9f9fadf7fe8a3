"""Nodes: enrolled with a first key and proof that its owner holds it, retired for ever."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.models import Node, NodeKey, Organisation
from lynxweb.accounts.registration import add_key, public_key_faults
from lynxweb.accounts.roles import Scope, require
from lynxweb.accounts.tokens import IssuedToken, add_token
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import Recorded, record, utc_now
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
    claim = {"purpose": PURPOSE, "challenge": challenge_for(acting), "subject": name}
    organisation = Organisation.objects.get(id=acting.organisation)
    problems = [*_name_faults(organisation, name), *public_key_faults(public_key, proof, claim)]
    if problems:
        raise Problems(problems)
    with transaction.atomic():
        node = Node.objects.create(id=f"node_{random_bytes(10).hex()}", organisation=organisation, name=name, rev=1)
        enrolled = record(
            Action.NODE_ENROL,
            Subject("node", node.id, 1),
            actor=acting,
            reason=reason,
            request_id=request_id,
            after=snapshots.keep(standing.node(node)),
            commit={"name": name},
            clock=clock,
        )
        key = add_key(acting, node, public_key, proof, claim, reason=reason, request_id=f"{request_id}:key", clock=clock)
        token = add_token(
            acting, scope=Scope.UPLOAD, owner=node, reason=reason, request_id=f"{request_id}:token", clock=clock, random_bytes=random_bytes
        )
    return Enrolment(node, key, bytes(organisation.secret), token, enrolled)


def retire_node(actor: Actor, node_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """Retire a node of the actor's organisation: its tokens end at once, what it signed stays valid, its name stays taken.

    Raises `Node.DoesNotExist` for a node retired already or not theirs.
    """
    acting = require(actor, Action.NODE_RETIRE)
    with transaction.atomic():
        node = Node.objects.for_actor(acting).select_for_update(of=("self",)).get(id=node_id, retired=False)
        before = standing.newest("node", node_id)
        node.retired, node.rev = True, node.rev + 1
        node.save(update_fields=["retired", "rev"])
        return record(
            Action.NODE_RETIRE,
            Subject("node", node_id, node.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.node(node)),
            clock=clock,
        )


def _name_faults(organisation: Organisation, name: str) -> Iterator[Problem]:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        yield Problem("name", repr(name)[:80], f"1 to {LONGEST_NAME} printable characters", "name the node")
    elif Node.objects.filter(organisation=organisation, name=name).exists():
        yield Problem("name", name, "a name no other node of the organisation has", "choose another name", "name-taken")
