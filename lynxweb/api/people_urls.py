"""The addresses of people, keys, tokens and proposals."""

from __future__ import annotations

from django.urls import URLPattern, path

from lynxweb.api import people


def people_addresses() -> list[URLPattern]:
    """The addresses, made once the converters are known."""
    return [
        path("people", people.People.as_view(), name="api-people"),
        path("people/<slug:person>/roles", people.Roles.as_view(), name="api-roles"),
        path("people/<slug:person>/roles/<slug:role>/revocations", people.RoleRevocations.as_view(), name="api-role-revocations"),
        path("nodes/<slug:node>/keys", people.NodeKeys.as_view(), name="api-node-keys"),
        path("nodes/<slug:node>/retirements", people.NodeRetirements.as_view(), name="api-node-retirements"),
        path("keys/<api_digest:key>/rotations", people.KeyRotations.as_view(), name="api-key-rotations"),
        path("keys/<api_digest:key>/revocations", people.KeyRevocations.as_view(), name="api-key-revocations"),
        path("tokens", people.Tokens.as_view(), name="api-tokens"),
        path("tokens/<slug:token>/revocations", people.TokenRevocations.as_view(), name="api-token-revocations"),
        path("proposals", people.Proposals.as_view(), name="api-proposals"),
    ]
