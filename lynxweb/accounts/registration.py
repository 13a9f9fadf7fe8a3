"""A public key enters the site: what is checked of it, and the one event that registers it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from lynxweb.accounts import standing
from lynxweb.accounts.models import Node, NodeKey
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.record import record
from runner.contract import keys
from runner.contract.canonical import encode
from runner.contract.problems import Problem, Problems


def public_key_faults(public_key: bytes, proof: bytes, claim: Mapping[str, str]) -> Iterator[Problem]:
    """Everything that is wrong with a new key and the proof that its owner holds it.

    `claim` is what the proof is about: `purpose`, `challenge`, `subject`. Small-order and non-canonical points are refused first of all.
    """
    try:
        keys.check_public(public_key)
    except Problems as error:
        yield from error.problems
        return
    if NodeKey.objects.filter(key_id=keys.key_id(public_key)).exists():
        yield Problem("public_key", keys.key_id(public_key), "a key that is not registered", "make a new key", "key-known")
    if not keys.verify(public_key, proof, keys.possession_message(**claim, public=public_key)):
        expected = "a signature by this key over purpose, challenge, subject and key"
        yield Problem("proof", "a signature that does not verify", expected, f"sign again, with the challenge {claim['challenge']}", "bad-proof")


def add_key(
    acting: Actor,
    node: Node,
    public_key: bytes,
    proof: bytes,
    claim: Mapping[str, str],
    *,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime],
) -> NodeKey:
    """`key.register` with its row, for an act that has checked permission, key and proof."""
    registration = encode({**claim, "public_key": public_key.hex(), "proof": proof.hex(), "node": node.id})
    key = NodeKey(key_id=keys.key_id(public_key), node=node, public=public_key, registration=registration, rev=1)
    registered = record(
        Action.KEY_REGISTER,
        Subject("key", key.key_id, 1),
        actor=acting,
        reason=reason,
        request_id=request_id,
        after=snapshots.keep(standing.key(key, None)),
        payload=snapshots.keep(registration),
        clock=clock,
    )
    key.registered_at = registered.seq
    key.save(force_insert=True)
    return key
