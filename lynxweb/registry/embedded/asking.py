"""The embedded mode as a client of its own site: the API over HTTP, as any other client asks it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 60
# The site is on this machine: a proxy of the environment has no part in it.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Site:
    """The address of the site and a token that reads."""

    url: str
    token: str = field(repr=False)

    def get(self, path: str) -> Any:
        """The JSON at a path of the API."""
        return self._ask(urllib.request.Request(f"{self.url}/api/v1/{path}", headers=self._headers()))[1]

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Status and JSON of a POST; a refusal is an answer, not an exception."""
        headers = {**self._headers(), "Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self.url}/api/v1/{path}", json.dumps(body).encode(), headers))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _ask(self, request: urllib.request.Request) -> tuple[int, Any]:
        try:
            with _DIRECT.open(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            if error.headers.get_content_type() != "application/problem+json":
                raise
            return error.code, json.load(error)
