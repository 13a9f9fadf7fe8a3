"""Calls to the API as a client makes them."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.test import Client

from lynxweb.api.parsers import BUNDLE_TYPE
from tests.registry.world import World

client = Client(raise_request_exception=False)


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def post_bundle(token: str, content: bytes, *, digest: bytes | None = None, media_type: str = BUNDLE_TYPE, **headers: str) -> Any:
    """Upload `content`, with its true digest unless another is given."""
    stated = base64.b64encode(digest or hashlib.sha256(content).digest()).decode()
    given = {"Content-Digest": f"sha-256=:{stated}:", **bearer(token), **headers}
    return client.generic("POST", "/api/v1/bundles", content, content_type=media_type, headers=given)


def post(token: str, path: str, body: Any, **headers: str) -> Any:
    """POST JSON."""
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers={**bearer(token), **headers})


def get(token: str, path: str, **headers: str) -> Any:
    """GET."""
    return client.get(f"/api/v1/{path}", headers={**bearer(token), **headers})


def run_of(site: World, content: bytes) -> str:
    """Upload a bundle that must be accepted; the run's digest."""
    response = post_bundle(site.token, content)
    assert response.status_code == 201, response.content
    return str(response.json()["run"])
