"""Small steps that every view takes: check the body, find the request's id, set the headers of a write-once answer."""

from __future__ import annotations

import secrets
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from lynxweb.api.requests import Page
from lynxweb.audit.actors import Actor, Reason
from lynxweb.registry.refusing import refused

LONGEST_KEY = 80


def checked(serializer: type[Serializer[Any]], content: Any) -> dict[str, Any]:
    """The checked values of a body or query; 400 with every problem otherwise."""
    asked = serializer(data=content)
    asked.is_valid(raise_exception=True)
    values: dict[str, Any] = asked.validated_data
    return values


def page_of(request: Request) -> dict[str, Any]:
    """Cursor and limit of a list request, as the registry's questions take them."""
    return checked(Page, request.query_params)


def request_id(request: Request, actor: Actor) -> str:
    """The id that makes an act happen once: from the header `Idempotency-Key`, bound to who sent it, else a fresh one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return f"api:{secrets.token_hex(16)}"
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.replace("-", "").replace("_", "").isalnum():
        raise refused("malformed", "Idempotency-Key", key[:40], f"1 to {LONGEST_KEY} letters, digits, - and _", "send another key", "bad-key")
    return f"api:{actor.auth}:{key}"[:200] if actor.auth.startswith("token:") else f"api:{actor.id}:{key}"


def reason_of(values: dict[str, Any], default: str) -> Reason:
    """The reason that a person gave, or the plain fact of how the act came about."""
    return Reason(text=values.get("reason") or default)


def write_once(request: Request, digest: str, content: dict[str, object]) -> Response:
    """The answer for something that never changes: its digest is the ETag, and 304 answers whoever has it."""
    headers = {"ETag": f'"{digest}"', "Cache-Control": "private, max-age=0, must-revalidate"}
    if f'"{digest}"' in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers=headers)
    return Response(content, headers=headers)
