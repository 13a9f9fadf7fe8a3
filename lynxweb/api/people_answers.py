"""What the API answers about people, nodes, keys, tokens and proposals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lynxweb.accounts.questions import KeyCard, NodeCard, PersonCard, TokenCard
from lynxweb.accounts.tokens import IssuedToken
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import Recorded

Answer = dict[str, object]


class RecordedAnswer(serializers.Serializer[Any]):
    """The event of an act."""

    position = serializers.IntegerField()
    leaf_digest = serializers.CharField()
    request_id = serializers.CharField()


class PersonAnswer(serializers.Serializer[Any]):
    """One person; `email` and what follows are null for whoever is no administrator."""

    actor = serializers.CharField()
    name = serializers.CharField()
    active = serializers.BooleanField()
    roles = serializers.ListField(child=serializers.CharField())
    email = serializers.CharField(allow_null=True)
    second_factor = serializers.BooleanField(allow_null=True)
    provider = serializers.BooleanField(allow_null=True)


class PersonListAnswer(serializers.Serializer[Any]):
    """The people of the organisation, by name."""

    results = PersonAnswer(many=True)


class MadePersonAnswer(RecordedAnswer):
    """A person that was made."""

    actor = serializers.CharField()


class KeyAnswer(serializers.Serializer[Any]):
    """A key of a node: a signature counts after `registered_at` and before `revoked_from`, both positions of the log."""

    key_id = serializers.CharField()
    registered_at = serializers.IntegerField()
    revoked_from = serializers.IntegerField(allow_null=True)
    last_good_seq = serializers.IntegerField(allow_null=True)


class NodeLineAnswer(serializers.Serializer[Any]):
    """One node with its keys, oldest first."""

    id = serializers.CharField()
    name = serializers.CharField()
    retired = serializers.BooleanField()
    keys = KeyAnswer(many=True)


class NodeListAnswer(serializers.Serializer[Any]):
    """The nodes of the organisation."""

    results = NodeLineAnswer(many=True)


class RegisteredKeyAnswer(serializers.Serializer[Any]):
    """A key that counts from after this position on."""

    key_id = serializers.CharField()
    node = serializers.CharField()
    position = serializers.IntegerField()


class RevokedKeyAnswer(RecordedAnswer):
    """A key that was ended; `notices` are those that runs got because it was reached back."""

    notices = serializers.ListField(child=serializers.CharField())


class TokenAnswer(serializers.Serializer[Any]):
    """One token without its secret."""

    id = serializers.CharField()
    owner = serializers.CharField()
    owner_kind = serializers.CharField()
    scope = serializers.CharField()
    expires = serializers.DateTimeField()
    expired = serializers.BooleanField()
    revoked = serializers.BooleanField()
    last_used = serializers.DateTimeField(allow_null=True)


class TokenListAnswer(serializers.Serializer[Any]):
    """The tokens that one may see."""

    results = TokenAnswer(many=True)


class IssuedTokenAnswer(RecordedAnswer):
    """A new token; `token` is in this answer and never again."""

    id = serializers.CharField()
    token = serializers.CharField()
    scope = serializers.CharField()
    expires = serializers.DateTimeField()


class ObjectAnswer(serializers.Serializer[Any]):
    """An object by type and id."""

    type = serializers.CharField()
    id = serializers.CharField()


class ProposalAnswer(serializers.Serializer[Any]):
    """What one person proposed for another to do."""

    id = serializers.CharField()
    position = serializers.IntegerField()
    action = serializers.CharField()
    object = ObjectAnswer()
    terms = serializers.DictField()
    terms_sha256 = serializers.CharField()
    proposer = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    expires = serializers.DateTimeField()


class ProposalListAnswer(serializers.Serializer[Any]):
    """The open proposals that one may know of, the one that expires first at the top."""

    results = ProposalAnswer(many=True)


def act(recorded: Recorded) -> Answer:
    """The answer for an act."""
    return {"position": recorded.seq, "leaf_digest": recorded.leaf_digest, "request_id": recorded.request_id}


def person(card: PersonCard) -> Answer:
    """The answer for one person."""
    return {
        "actor": card.actor_id, "name": card.name, "active": card.active, "roles": list(card.roles), "email": card.email,
        "second_factor": card.second_factor, "provider": card.provider,
    }  # fmt: skip


def node(card: NodeCard) -> Answer:
    """The answer for one node."""
    return {"id": card.id, "name": card.name, "retired": card.retired, "keys": [_key(key) for key in card.keys]}


def token(card: TokenCard) -> Answer:
    """The answer for one token."""
    return {
        "id": card.id, "owner": card.owner, "owner_kind": card.owner_kind, "scope": card.scope, "expires": card.expires, "expired": card.expired,
        "revoked": card.revoked, "last_used": card.last_used,
    }  # fmt: skip


def issued(made: IssuedToken) -> Answer:
    """The answer for a new token, with its text."""
    return {"id": made.id, "token": made.text, "scope": made.scope.value, "expires": made.expires, **act(made.recorded)}


def proposal(one: Proposal) -> Answer:
    """The answer for one proposal."""
    return {
        "id": one.id, "position": one.seq, "action": one.action, "object": {"type": one.object_type, "id": one.object_id}, "terms": dict(one.terms),
        "terms_sha256": one.terms_digest, "proposer": one.proposer, "reason": one.reason, "expires": one.expires,
    }  # fmt: skip


def _key(card: KeyCard) -> Answer:
    return {"key_id": card.key_id, "registered_at": card.registered_at, "revoked_from": card.revoked_from, "last_good_seq": card.last_good_seq}
