"""Who asks: the bearer of a token, or a person who signed in with the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Person
from lynxweb.accounts.sign_in import auth_of
from lynxweb.accounts.tokens import actor_for
from lynxweb.audit.actors import VISITOR, Actor


@dataclass(frozen=True)
class Bearer:
    """The bearer of a token, as REST framework wants a user."""

    actor: Actor
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> str:
        """The actor's id."""
        return self.actor.id


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer lynxweb_<id>.<secret>`, in the header and nowhere else."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Bearer, Actor] | None:
        """The bearer; None where no token was sent, 401 where one was sent that does not count."""
        keyword, _, text = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != self.keyword.lower():
            return None
        actor = actor_for(text.strip())
        if actor is None:
            raise AuthenticationFailed("this token is unknown, expired or revoked; ask for a new one")
        return Bearer(actor), actor

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says about how to come back."""
        return self.keyword


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI page describes the token."""

    target_class = "lynxweb.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "A service token, `lynxweb_<id>.<secret>`."}


def actor_from(request: Request) -> Actor:
    """The actor behind a request: the bearer of a token, a person who signed in, or a visitor where `visiting` lets one in."""
    if isinstance(request.auth, Actor):
        return request.auth
    if not isinstance(request.user, Person):
        return VISITOR
    return actor_of(request.user, auth=auth_of(request))
