"""Service tokens: `lynxweb_<id>.<secret>`, shown once, kept as HMAC-SHA256 under a pepper that is not in the database."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from lynxweb.accounts import standing
from lynxweb.accounts.actors import actor_of, actor_of_node
from lynxweb.accounts.models import Node, Organisation, Person, ServiceToken, TokenUse
from lynxweb.accounts.roles import Scope, require
from lynxweb.audit import snapshots
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.models import Event
from lynxweb.audit.record import AlreadyRecorded, Recorded, record, recorded_as, utc_now

LIFETIME = timedelta(days=365)
USE_RESOLUTION = timedelta(minutes=1)
_TOKEN = re.compile(r"lynxweb_([0-9a-f]{16})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class IssuedToken:
    """A new token; `text` is the only copy of its secret."""

    id: str
    text: str = field(repr=False)
    scope: Scope
    expires: datetime
    recorded: Recorded


def pepper() -> bytes:
    """The key of the stored hashes: LYNXWEB_TOKEN_PEPPER, or one derived from the secret key."""
    stated = settings.LYNXWEB_TOKEN_PEPPER
    return stated.encode() if stated else hmac.digest(settings.SECRET_KEY.encode(), b"lynxweb/token-pepper/v1", hashlib.sha256)


def pepper_id(key: bytes) -> str:
    """Which pepper a hash was made with, without telling it."""
    return hashlib.sha256(b"lynxweb/pepper-id/v1" + key).hexdigest()[:16]


def token_digest(token_id: str, secret: str, key: bytes) -> str:
    """What the database keeps of a token: hex HMAC-SHA256 of id and secret."""
    return hmac.new(key, f"{token_id}.{secret}".encode(), hashlib.sha256).hexdigest()


def issue_token(
    actor: Actor,
    *,
    scope: Scope,
    owner: Person | Node,
    reason: Reason,
    request_id: str,
    lifetime: timedelta = LIFETIME,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> IssuedToken:
    """Make a token that acts for `owner` within `scope`; the owner belongs to the actor's organisation.

    Raises `AlreadyRecorded` for a request that issued one before: its text was shown then.
    """
    acting = require(actor, Action.TOKEN_ISSUE)
    if Event.objects.filter(request_id=request_id, action=Action.TOKEN_ISSUE, actor=acting.id).exists():
        made = recorded_as(request_id)
        assert made is not None
        raise AlreadyRecorded(made)
    if scope is Scope.ENROL:
        require(actor, Action.NODE_ENROL)  # a token never helps its maker to what the sign-in at hand does not permit
    return add_token(
        acting, scope=scope, owner=owner, reason=reason, request_id=request_id, lifetime=lifetime, clock=clock, random_bytes=random_bytes
    )


def issue_token_for(
    actor: Actor,
    node_id: str | None,
    *,
    scope: Scope,
    reason: Reason,
    request_id: str,
    lifetime: timedelta = LIFETIME,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> IssuedToken:
    """`issue_token` for a node of the actor's organisation by its id, or for the actor's own person where that is None.

    Raises `Node.DoesNotExist` for a node that is retired or not theirs, `Person.DoesNotExist` for an actor who is no person.
    """
    owner: Person | Node
    if node_id is None:
        owner = Person.objects.for_actor(actor).get(actor_id=actor.id)
    else:
        owner = Node.objects.for_actor(actor).get(id=node_id, retired=False)
    return issue_token(
        actor, scope=scope, owner=owner, reason=reason, request_id=request_id, lifetime=lifetime, clock=clock, random_bytes=random_bytes
    )


def add_token(
    acting: Actor,
    *,
    scope: Scope,
    owner: Person | Node,
    reason: Reason,
    request_id: str,
    lifetime: timedelta = LIFETIME,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> IssuedToken:
    """`issue_token` for an act that has checked its own permission, such as the enrolment of a node."""
    if acting.kind != "system":
        # A token acts for the one who asks, or for a node of the same organisation: nobody takes the roles of somebody else.
        owned = isinstance(owner, Node) or owner.actor_id == acting.id
        if not owned or owner.organisation_id != acting.organisation:
            raise Organisation.DoesNotExist("no such person or node in your organisation")
    token_id, secret, key = random_bytes(8).hex(), random_bytes(32).hex(), pepper()
    expires = clock() + lifetime
    owners = {"node": owner} if isinstance(owner, Node) else {"person": owner}
    with transaction.atomic():
        token = ServiceToken.objects.create(
            id=token_id,
            organisation_id=owner.organisation_id,
            digest=token_digest(token_id, secret, key),
            pepper_id=pepper_id(key),
            scope=scope.value,
            expires=expires,
            rev=1,
            **owners,
        )
        recorded = record(
            Action.TOKEN_ISSUE,
            Subject("token", token_id, 1),
            actor=acting,
            reason=reason,
            request_id=request_id,
            after=snapshots.keep(standing.token(token)),
            commit={"digest": token.digest, "pepper_id": token.pepper_id},
            clock=clock,
        )
    return IssuedToken(token_id, f"lynxweb_{token_id}.{secret}", scope, expires, recorded)


def revoke_token(actor: Actor, token_id: str, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> Recorded:
    """End a token of the actor's organisation at once; raises `ServiceToken.DoesNotExist` for one that is not there or not theirs."""
    acting = require(actor, Action.TOKEN_REVOKE)
    with transaction.atomic():
        token = ServiceToken.objects.for_actor(acting).select_for_update(of=("self",)).get(id=token_id, revoked=False)
        before = standing.newest("token", token_id)
        token.revoked, token.rev = True, token.rev + 1
        token.save(update_fields=["revoked", "rev"])
        return record(
            Action.TOKEN_REVOKE,
            Subject("token", token_id, token.rev),
            actor=acting,
            reason=reason,
            request_id=request_id,
            before=before,
            after=snapshots.keep(standing.token(token)),
            clock=clock,
        )


def actor_for(text: str, *, clock: Callable[[], datetime] = utc_now) -> Actor | None:
    """Who the bearer of this token acts as; None for a token that is malformed, unknown, revoked, expired or made under another pepper."""
    parts = _TOKEN.fullmatch(text)
    token = parts and ServiceToken.objects.select_related("person", "node").filter(id=parts[1]).first()
    if not parts or not token:
        return None
    now, key = clock(), pepper()
    genuine = hmac.compare_digest(token.digest, token_digest(token.id, parts[2], key))
    if not genuine or token.revoked or token.expires <= now:
        return None
    _note_use(token, now)
    return _bearer(token)


def _bearer(token: ServiceToken) -> Actor | None:
    auth = f"token:{token.id}"
    if token.node is not None:
        return None if token.node.retired else actor_of_node(token.node, auth=auth, scope=token.scope)
    assert token.person is not None
    return actor_of(token.person, auth=auth, scope=token.scope) if token.person.is_active else None


def _note_use(token: ServiceToken, now: datetime) -> None:
    use = TokenUse.objects.filter(token=token).first()
    if use is None or now - use.last_used >= USE_RESOLUTION:
        TokenUse.objects.update_or_create(token=token, defaults={"last_used": now})
