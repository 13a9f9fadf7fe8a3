"""Which columns of people, roles, nodes, keys and tokens may change, and that none does without an event."""

from __future__ import annotations

from lynxweb.audit.guards import Guard
from lynxweb.audit.projections import guard, written

# What a person may change without an event, and what the log must never hold: the pseudonym is in the log, these live in the row only.
PERSONAL = ("name", "email", "password", "last_login")


def guards() -> list[Guard]:
    """The guard of every such table."""
    return [
        written("accounts_organisation", "organisation", "id", (("id",), ("name",))),
        guard(
            "accounts_person", "actor", "actor_id", ("id", "actor_id", "organisation_id"), ("is_active",),
            (("id",), ("actor_id",), ("name",), ("email",)), PERSONAL,
        ),
        guard(
            "accounts_membership", "role", "object_id", ("id", "person_id", "organisation_id", "role", "object_id"), ("revoked",),
            (("id",), ("person_id", "organisation_id", "role")),
        ),
        guard("accounts_node", "node", "id", ("id", "organisation_id", "name"), ("retired",), (("id",), ("organisation_id", "name"))),
        guard(
            "accounts_nodekey", "key", "key_id", ("key_id", "node_id", "public", "registration", "registered_at"),
            ("revoked_from", "last_good_seq"), (("key_id",),),
        ),
        guard(
            "accounts_servicetoken", "token", "id",
            ("id", "organisation_id", "person_id", "node_id", "digest", "pepper_id", "scope", "expires"), ("revoked",), (("id",),),
        ),
    ]  # fmt: skip
