"""A small site with one organisation, its people's actor, a node with a key and a token, and published methodologies."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Node, Person
from lynxweb.accounts.nodes import PURPOSE, challenge_for, enrol_node
from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.accounts.tokens import actor_for
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor, Reason, Subject
from lynxweb.audit.opening import open_log
from lynxweb.audit.record import record
from lynxweb.registry import standing
from lynxweb.registry.intake import Accepted, accept
from lynxweb.registry.publication import publish_methodology
from runner.contract.canonical import sha256
from runner.contract.keys import SigningKey, prove_possession
from runner.contract.methodology import Methodology
from tests import builders

BECAUSE = Reason(text="a test wants it so")


@dataclass(frozen=True)
class World:
    """Who acts in a test; `token` is the text of the node's upload token."""

    person: Person
    actor: Actor
    node: Node
    node_actor: Actor
    token: str
    key: SigningKey


def world(name: str = "a", how: Methodology | None = None) -> World:
    """A site with organisation, person (all roles), enrolled node and published methodology; another name is another organisation."""
    open_log()
    publish_methodology(SYSTEM, (how or builders.methodology()).canonical(), reason=BECAUSE)
    person = create_organisation(
        name=f"Laboratory {name}", person=f"person-{name}", email=f"{name}@example.org", password="correct horse battery staple",
        roles=tuple(Role), request_id=f"organisation:{name}",
    ).person  # fmt: skip
    actor = actor_of(person)
    key = builders.KEY if name == "a" else SigningKey(sha256(name.encode()).encode()[:32])
    proof = prove_possession(key, purpose=PURPOSE, challenge=challenge_for(actor), subject=f"node-{name}")
    enrolled = enrol_node(actor, name=f"node-{name}", public_key=key.public, proof=proof, reason=BECAUSE, request_id=f"enrol:{name}")
    node_actor = actor_for(enrolled.upload_token.text)
    assert node_actor is not None
    return World(person, actor, enrolled.node, node_actor, enrolled.upload_token.text, key)


def bundle_of(site: World, seed: int = 1, *, how: Methodology | None = None, nonce: str | None = None, **changes: Any) -> bytes:
    """A valid bundle of this site's node; another seed is another run; `what`, `table` and `flips` as in `builders.members`."""
    changes.setdefault("table", builders.samples(seed=seed))
    if nonce is not None:
        changes["nonce"] = nonce
    return builders.sealed(builders.members(how=how, **changes), key=site.key)


def upload(site: World, content: bytes, **changes: Any) -> Accepted:
    """Hand a bundle to intake as the node; its true digest and length unless `changes` say otherwise."""
    given: dict[str, Any] = {"actor": site.node_actor, "declared_sha256": sha256(content), "declared_length": len(content)} | changes
    return accept(io.BytesIO(content), **given)


def changed(run_digest: str, action: Action, **columns: Any) -> standing.Changed:
    """Change a run's standing as an act of the site would, with its event."""
    with transaction.atomic():
        made = standing.change(standing.locked(SYSTEM, run_digest), **columns)
        subject, request_id = Subject("run", run_digest, made.rev), f"test:{run_digest}:{made.rev}"
        record(action, subject, actor=SYSTEM, reason=BECAUSE, request_id=request_id, before=made.before, after=made.after)
    return made
