"""What a replay compares among accounts: organisations, people, roles, nodes, keys and tokens, each with what an act keeps of its row."""

from __future__ import annotations

from typing import Final

from lynxweb.accounts import standing
from lynxweb.audit.projections import Projection

PROJECTIONS: Final = (
    Projection("organisation", "accounts.Organisation", lambda row: row.id, "id", standing.organisation, rev=1, committed={"name": "name"}),
    Projection("actor", "accounts.Person", lambda row: row.actor_id, "actor_id", standing.person),
    Projection("role", "accounts.Membership", lambda row: row.object_id, "object_id", standing.membership),
    Projection("node", "accounts.Node", lambda row: row.id, "id", standing.node, committed={"name": "name"}),
    Projection("key", "accounts.NodeKey", lambda row: row.key_id, "key_id", standing.stored_key, first_position="registered_at"),
    Projection("token", "accounts.ServiceToken", lambda row: row.id, "id", standing.token, committed={"digest": "digest", "pepper_id": "pepper_id"}),
)
