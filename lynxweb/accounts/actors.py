"""From a person, node or token to the actor that acts and the log names."""

from __future__ import annotations

from lynxweb.accounts.models import Node, Person
from lynxweb.accounts.roles import NODE_ROLES
from lynxweb.audit.actors import Actor


def actor_of(person: Person, *, auth: str = "login", scope: str | None = None) -> Actor:
    """The person with the roles held in their organisation."""
    roles = person.memberships.held().filter(organisation=person.organisation_id).values_list("role", flat=True)
    return Actor("user", person.actor_id, auth, frozenset(roles), person.organisation_id, scope)


def actor_of_node(node: Node, *, auth: str, scope: str | None = None) -> Actor:
    """The node, which may do what an engineer may as far as its token's scope goes."""
    return Actor("node", node.id, auth, NODE_ROLES, node.organisation_id, scope)
