"""What pages ask about people, nodes, tokens and proposals: frozen values of the asker's own organisation, nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from lynxweb.accounts.models import Membership, Node, NodeKey, Person, ServiceToken
from lynxweb.accounts.roles import READ, Role, may, require
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.proposals import Proposal, closed_proposals, open_proposals
from lynxweb.audit.record import utc_now

MOST_CLOSED = 50


@dataclass(frozen=True)
class PersonCard:
    """One person; `email` and how they sign in are None for whoever is no administrator."""

    actor_id: str
    name: str
    active: bool
    roles: tuple[str, ...]
    yourself: bool
    email: str | None = None
    second_factor: bool | None = None
    provider: bool | None = None


@dataclass(frozen=True)
class KeyCard:
    """One key of a node: the positions from which and up to which its signatures count; `last_good_seq` where two people reached back."""

    key_id: str
    registered_at: int
    revoked_from: int | None
    last_good_seq: int | None


@dataclass(frozen=True)
class NodeCard:
    """One node with its keys, oldest first."""

    id: str
    name: str
    retired: bool
    keys: tuple[KeyCard, ...]


@dataclass(frozen=True)
class TokenCard:
    """One service token, without its secret: whom it acts for, what it may do, until when, and when it was last used."""

    id: str
    owner: str
    owner_kind: str
    scope: str
    expires: datetime
    expired: bool
    revoked: bool
    last_used: datetime | None
    yours: bool


def people_for(actor: Actor) -> tuple[PersonCard, ...]:
    """The people of the actor's organisation, by name."""
    require(actor, READ)
    people = list(Person.objects.for_actor(actor).order_by("name"))
    roles = _roles_of(people)
    bare = [PersonCard(one.actor_id, one.name, one.is_active, roles.get(one.pk, ()), one.actor_id == actor.id) for one in people]
    if not may(actor, Action.ACTOR_CREATE):
        return tuple(bare)
    factors = set(Authenticator.objects.filter(user__in=people, type=Authenticator.Type.TOTP).values_list("user_id", flat=True))
    bound = set(SocialAccount.objects.filter(user__in=people).values_list("user_id", flat=True))
    return tuple(
        PersonCard(card.actor_id, card.name, card.active, card.roles, card.yourself, one.email, one.pk in factors, one.pk in bound)
        for card, one in zip(bare, people, strict=True)
    )


def person_for(actor: Actor, actor_id: str) -> PersonCard:
    """One person of the actor's organisation; raises `Person.DoesNotExist` for anybody else."""
    found = next((card for card in people_for(actor) if card.actor_id == actor_id), None)
    if found is None:
        raise Person.DoesNotExist("no such person in your organisation")
    return found


def names_for(actor: Actor) -> dict[str, str]:
    """The name behind each pseudonym of the actor's organisation; everybody else stays a pseudonym."""
    require(actor, READ)
    return dict(Person.objects.for_actor(actor).values_list("actor_id", "name"))


def nodes_for(actor: Actor) -> tuple[NodeCard, ...]:
    """The nodes of the actor's organisation, by name, retired ones last."""
    require(actor, READ)
    keys: dict[str, list[KeyCard]] = {}
    for key in NodeKey.objects.for_actor(actor).order_by("registered_at"):
        keys.setdefault(key.node_id, []).append(KeyCard(key.key_id, key.registered_at, key.revoked_from, key.last_good_seq))
    nodes = Node.objects.for_actor(actor).order_by("retired", "name")
    return tuple(NodeCard(node.id, node.name, node.retired, tuple(keys.get(node.id, ()))) for node in nodes)


def tokens_for(actor: Actor, *, clock: Callable[[], datetime] = utc_now) -> tuple[TokenCard, ...]:
    """The tokens that the actor may revoke, newest end first; whoever may revoke none sees their own."""
    require(actor, READ)
    now, all_of_them = clock(), may(actor, Action.TOKEN_REVOKE)
    tokens = ServiceToken.objects.for_actor(actor).select_related("person", "node", "use").order_by("-expires", "id")
    cards = (_token_card(token, actor, now) for token in tokens)
    return tuple(card for card in cards if all_of_them or card.yours)


def proposals_for(actor: Actor, *, clock: Callable[[], datetime] = utc_now) -> tuple[Proposal, ...]:
    """The open proposals of the actor's organisation, and for an auditor those of rulings anywhere; own ones are done by others."""
    require(actor, READ)
    return tuple(one for one in open_proposals(clock=clock) if _concerns(one, actor))


def closed_proposals_for(actor: Actor, *, clock: Callable[[], datetime] = utc_now) -> tuple[Proposal, ...]:
    """The newest 50 proposals of the actor's organisation that were used or have expired."""
    require(actor, READ)
    return closed_proposals(actor.organisation, MOST_CLOSED, clock=clock)


def _concerns(proposal: Proposal, actor: Actor) -> bool:
    if actor.kind == "system":
        return True
    of_auditors = proposal.action == Action.RULING_ISSUE and Role.AUDITOR.value in actor.roles
    return of_auditors or (actor.organisation is not None and proposal.organisation == actor.organisation)


def _roles_of(people: Iterable[Person]) -> dict[int, tuple[str, ...]]:
    order = {role.value: place for place, role in enumerate(Role)}
    found: dict[int, list[str]] = {}
    for person_id, role in Membership.objects.held().filter(person__in=list(people)).values_list("person_id", "role"):
        found.setdefault(person_id, []).append(role)
    return {person_id: tuple(sorted(roles, key=order.__getitem__)) for person_id, roles in found.items()}


def _token_card(token: ServiceToken, actor: Actor, now: datetime) -> TokenCard:
    owner, kind = (token.node.name, "node") if token.node is not None else (token.person.name if token.person else "", "person")
    use = getattr(token, "use", None)
    return TokenCard(
        id=token.id,
        owner=owner,
        owner_kind=kind,
        scope=token.scope,
        expires=token.expires,
        expired=token.expires <= now,
        revoked=token.revoked,
        last_used=None if use is None else use.last_used,
        yours=token.person is not None and token.person.actor_id == actor.id,
    )
