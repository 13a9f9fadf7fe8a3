"""A small OpenID Connect provider on this machine: discovery, keys, tokens after a checked code exchange, userinfo."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLIENT_ID, CLIENT_SECRET = "lynxweb-test", "a secret that the provider chose"


class Provider:
    """`claims` is what it says about whoever signs in; `signs_with` and `issuer_says` can be made wrong."""

    def __init__(self) -> None:
        self.key = self.signs_with = KEY
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.issuer_says = self.issuer
        self.claims: dict[str, Any] = {"sub": "subject-xyzzy", "email": "ada@example.org", "email_verified": True}
        self.userinfo: dict[str, Any] | None = None
        self.token_claims: dict[str, Any] = {}
        self.challenges: dict[str, str] = {}
        self.exchanges = 0
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()

    def authorize(self, location: str) -> dict[str, str]:
        """What the browser brings back from the provider when somebody agrees there: code and state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(f"{self.issuer}/authorize?") and asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"]
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = asked["code_challenge"]
        return {"code": code, "state": asked["state"]}

    def document(self, path: str) -> dict[str, Any] | None:
        """What a GET is answered with."""
        at = self.issuer
        if path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": f"{at}/authorize", "token_endpoint": f"{at}/token", "userinfo_endpoint": f"{at}/userinfo"}
            return {"issuer": self.issuer_says, "jwks_uri": f"{at}/keys", "token_endpoint_auth_methods_supported": ["client_secret_post"]} | places
        if path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [public | {"kid": "one", "alg": "RS256", "use": "sig"}]}
        return (self.userinfo or self.claims) if path == "/userinfo" else None

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        """The tokens for a code, or None where client, secret, code or verifier is wrong."""
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        known = self.challenges.pop(form.get("code", ""), None)
        if known != verifier or (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return None
        self.exchanges += 1
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60} | self.claims | self.token_claims
        return {"access_token": "opaque", "token_type": "Bearer", "id_token": jwt.encode(claims, self.signs_with, "RS256", {"kid": "one"})}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.document(urlsplit(self.path).path), 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(provider.exchange({name: values[0] for name, values in parse_qs(body).items()}), 400)

        def _answer(self, found: dict[str, Any] | None, otherwise: int) -> None:
            body = json.dumps(found or {"error": "invalid_grant"}).encode()
            self.send_response(200 if found else otherwise)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Silent."""

    return Handler
