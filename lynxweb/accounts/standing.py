"""What a row of the accounts is after an act, as the log keeps it: no names, no addresses, no secrets, not even hashed."""

from __future__ import annotations

from typing import Any

from lynxweb.accounts.models import Membership, Node, NodeKey, Organisation, Person, ServiceToken
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event

HERE = "the position of this event"


def organisation(row: Organisation) -> dict[str, Any]:
    """The snapshot of an organisation: that it is there. Its name is a commitment, its secret is in no log."""
    return {"id": row.id}


def person(row: Person) -> dict[str, Any]:
    """The snapshot of a person: pseudonym, organisation, whether they may sign in, revision."""
    return snapshots.row(row, leaving_out=("password", "last_login", "name", "email"))


def membership(row: Membership) -> dict[str, Any]:
    """The snapshot of a role of a person: `object_id` names organisation, person and role."""
    return snapshots.row(row)


def grant(row: Membership) -> dict[str, Any]:
    """The payload document of `role.grant`: who gets which role where; also the terms of its proposal."""
    organisation, actor, role = row.object_id.rsplit(":", 2)
    return {"v": 1, "actor": actor, "organisation": organisation, "role": role}


def node(row: Node) -> dict[str, Any]:
    """The snapshot of a node, without its name."""
    return snapshots.row(row, leaving_out=("name",))


def key(row: NodeKey, ends: int | str | None) -> dict[str, Any]:
    """The snapshot of a node's key; `ends` is None, the last good position, or `HERE` for a key revoked from its own event on."""
    known = snapshots.row(row, leaving_out=("registered_at", "revoked_from", "last_good_seq"))
    return known | {"ends": ends}


def stored_key(row: NodeKey) -> dict[str, Any]:
    """The snapshot of a key as its row and the log say now; what differs from the log shows as another `ends`."""
    if row.revoked_from is None:
        return key(row, None if row.last_good_seq is None else f"after {row.last_good_seq}")
    if row.last_good_seq is not None and row.last_good_seq + 1 == row.revoked_from:
        return key(row, row.last_good_seq)
    revoked = Event.objects.on("key", row.key_id).filter(action=Action.KEY_REVOKE, seq=row.revoked_from).exists()
    return key(row, HERE if revoked and row.last_good_seq is None else f"position {row.revoked_from}")


def token(row: ServiceToken) -> dict[str, Any]:
    """The snapshot of a service token: owner, scope, end, revision."""
    owner = row.node_id if row.person is None else row.person.actor_id
    return snapshots.row(row, leaving_out=("digest", "pepper_id")) | {"owner": owner}


def newest(object_type: str, object_id: str) -> str | None:
    """The digest of the snapshot after the newest event on an object, which is the next event's `before`; None before the first."""
    event = Event.objects.on(object_type, object_id).newest().first()
    after: str | None = None if event is None else leaf_fields(event.leaf)["after"]
    return after
