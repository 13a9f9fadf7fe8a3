"""Further keys of a node, and their end: registered and rotated with proof of possession, revoked by position in the log.

A rotation is signed by the old key and by the new one, over the same message; both count until somebody revokes the old one. A node may rotate
and revoke its own keys alone, because a stolen key cannot wait; reaching back takes two people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.models import Node, NodeKey
from lynxweb.accounts.nodes import challenge_for
from lynxweb.accounts.registration import add_key, public_key_faults
from lynxweb.accounts.roles import require
from lynxweb.audit import proposals, snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.record import Recorded, record, recorded_as, utc_now
from runner.contract import keys
from runner.contract.problems import Problem, Problems

REGISTRATION, ROTATION, REVOCATION = "key-registration", "key-rotation", "key-revocation"


def register_key(
    actor: Actor,
    node_id: str,
    *,
    public_key: bytes,
    proof: bytes,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> NodeKey:
    """A further key for a node of the actor's organisation, for instance after the first was lost.

    `proof` is `keys.prove_possession(key, purpose="key-registration", challenge=challenge_for(actor), subject=node_id)`. Raises
    `Node.DoesNotExist`, or `Problems` with everything that is wrong with key and proof.
    """
    acting = require(actor, Action.KEY_REGISTER)
    claim = {"purpose": REGISTRATION, "challenge": challenge_for(acting), "subject": node_id}
    with transaction.atomic():
        node = Node.objects.for_actor(acting).select_for_update(of=("self",)).get(id=node_id, retired=False)
        _refuse(public_key_faults(public_key, proof, claim))
        return add_key(acting, node, public_key, proof, claim, reason=reason, request_id=request_id, clock=clock)


def rotate_key(
    actor: Actor,
    key_id: str,
    *,
    public_key: bytes,
    proof: bytes,
    approval: bytes,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> NodeKey:
    """Register a new key that the old one, `key_id`, vouches for; an administrator or the node itself hands it in.

    `proof` and `approval` are signatures by the new and the old key over `rotation_message(key_id, node_id, public_key)`. A rotation that was
    made is answered with its key however often it is asked for, so that a node whose connection broke can ask again. Raises
    `NodeKey.DoesNotExist` for a key revoked or not theirs, or `Problems`.
    """
    acting = require(actor, Action.KEY_ROTATE)
    with transaction.atomic():
        made = _rotated(acting, key_id, public_key)
        if made is not None:
            return made
        old = _own(acting, key_id)
        claim = {"purpose": ROTATION, "challenge": key_id, "subject": old.node_id}
        problems = list(public_key_faults(public_key, proof, claim))
        if not keys.verify(bytes(old.public), approval, rotation_message(key_id, old.node_id, public_key)):
            problems.append(_bad_signature("approval", "a signature by the old key over the rotation message"))
        _refuse(problems)
        new = add_key(acting, old.node, public_key, proof, claim, reason=reason, request_id=f"{request_id}:key", clock=clock)
        before = standing.newest("key", key_id)
        old.rev += 1
        old.save(update_fields=["rev"])
        rotation = {"v": 1, "old": key_id, "new": new.key_id, "node": old.node_id, "approval": approval.hex()}
        record(
            Action.KEY_ROTATE,
            Subject("key", key_id, old.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.key(old, None)),
            payload=snapshots.keep(rotation),
            clock=clock,
        )
    return new


def _rotated(acting: Actor, key_id: str, public_key: bytes) -> NodeKey | None:
    """The key that this very rotation registered before, if it did; a node asks for its own alone."""
    found = NodeKey.objects.for_actor(acting).filter(key_id=keys.key_id(public_key)).first()
    if found is None or (acting.kind == "node" and found.node_id != acting.id):
        return None
    claim = leaf_fields(bytes(found.registration))
    return found if (claim["purpose"], claim["challenge"]) == (ROTATION, key_id) else None


def rotation_message(old_key_id: str, node_id: str, new_public_key: bytes) -> bytes:
    """What both keys sign when the new one takes over."""
    return keys.possession_message(purpose=ROTATION, challenge=old_key_id, subject=node_id, public=new_public_key)


def revocation_message(key_id: str, node_id: str, public_key: bytes) -> bytes:
    """What a key signs to end itself."""
    return keys.possession_message(purpose=REVOCATION, challenge=key_id, subject=node_id, public=public_key)


def revoke_key(
    actor: Actor, key_id: str, *, reason: Reason, request_id: str, proof: bytes | None = None, clock: Callable[[], datetime] = utc_now
) -> Recorded:
    """End a key from the position of this event on; earlier signatures stay valid.

    An administrator needs no proof; a node ends its own key with `proof`, that key's signature over `revocation_message()`. The same request
    again is answered with its event. Raises `NodeKey.DoesNotExist` for a key revoked or not theirs.
    """
    acting = require(actor, Action.KEY_REVOKE)
    with transaction.atomic():
        if Event.objects.on("key", key_id).filter(request_id=request_id, action=Action.KEY_REVOKE, actor=acting.id).exists():
            made = recorded_as(request_id)
            assert made is not None
            return made
        key = _own(acting, key_id)
        if acting.kind == "node" and not keys.verify(bytes(key.public), proof or b"", revocation_message(key_id, key.node_id, bytes(key.public))):
            _refuse([_bad_signature("proof", "a signature by this key over the revocation message")])
        before = standing.newest("key", key_id)
        key.rev += 1
        revoked = record(
            Action.KEY_REVOKE,
            Subject("key", key_id, key.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.key(key, standing.HERE)),
            clock=clock,
        )
        # The position is known only now; the row is locked already, so nothing can wait for us while we hold the log.
        key.revoked_from = revoked.seq
        key.save(update_fields=["revoked_from", "rev"])
    return revoked


def propose_revocation(
    actor: Actor, key_id: str, last_good_seq: int, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> proposals.Proposal:
    """Propose that a key of the actor's organisation counts up to position `last_good_seq` and no further; another person revokes it so."""
    acting = require(actor, Action.ACT_PROPOSE)
    key = NodeKey.objects.for_actor(acting).get(key_id=key_id)
    _refuse(_reach_faults(key, last_good_seq))
    subject, terms = Subject("key", key_id), _reach(key_id, last_good_seq)
    return proposals.propose(acting, Action.KEY_REVOKE, subject, terms, reason=reason, request_id=request_id, clock=clock)


def revoke_key_back(
    actor: Actor,
    key_id: str,
    last_good_seq: int,
    *,
    reason: Reason,
    request_id: str,
    proposal: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Recorded:
    """End a key after position `last_good_seq`, so that later signatures never counted; takes two people where the rule is on.

    A key revoked before may be cut back further. Nothing is deleted: the runs in between get a notice. Raises `NodeKey.DoesNotExist` or
    `Problems`.
    """
    acting = require(actor, Action.KEY_REVOKE)
    if acting.kind == "node":
        raise NodeKey.DoesNotExist("a node ends its own key from now on; reaching back takes two people")
    with transaction.atomic():
        key = NodeKey.objects.for_actor(acting).select_for_update(of=("self",)).get(key_id=key_id)
        _refuse(_reach_faults(key, last_good_seq))
        terms = _reach(key_id, last_good_seq)
        position = proposals.second(acting, Action.KEY_REVOKE, Subject("key", key_id), terms, proposal, request_id=request_id, clock=clock)
        before = standing.newest("key", key_id)
        key.revoked_from, key.last_good_seq, key.rev = last_good_seq + 1, last_good_seq, key.rev + 1
        key.save(update_fields=["revoked_from", "last_good_seq", "rev"])
        return record(
            Action.KEY_REVOKE,
            Subject("key", key_id, key.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.key(key, last_good_seq)),
            payload=snapshots.keep(terms),
            proposal=position,
            clock=clock,
        )


def _own(acting: Actor, key_id: str) -> NodeKey:
    """The unrevoked key, locked: of the organisation for a person, of itself for a node."""
    found = NodeKey.objects.for_actor(acting).unrevoked().select_related("node").select_for_update(of=("self",))
    if acting.kind == "node":
        found = found.filter(node=acting.id)
    return found.get(key_id=key_id)


def _reach(key_id: str, last_good_seq: int) -> dict[str, Any]:
    return {"v": 1, "key": key_id, "last_good_seq": last_good_seq}


def _reach_faults(key: NodeKey, last_good_seq: int) -> Iterator[Problem]:
    newest = Event.objects.newest().values_list("seq", flat=True).first() or 0
    most = newest if key.revoked_from is None else key.revoked_from - 2
    if not key.registered_at <= last_good_seq <= most:
        expected = f"{key.registered_at} (its registration) to {most}"
        yield Problem("last_good_seq", str(last_good_seq), expected, "name the last position at which the key was surely yours", "out-of-range")


def _bad_signature(path: str, expected: str) -> Problem:
    return Problem(path, "a signature that does not verify", expected, "sign again, with the right key", "bad-proof")


def _refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise Problems(found)
