"""The site as a node sees it: enrol, declare, upload. Repeating an upload is harmless, so everything that may pass is tried again."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import httpx

from runner.contract.keys import SigningKey, possession_message, prove_possession
from runner.contract.problems import Problem, Problems

API = "/api/v1"
MEDIA_TYPE = "application/vnd.lynxweb.bundle"
PURPOSE, ROTATION, REVOCATION = "node-enrolment", "key-rotation", "key-revocation"
TRIES = 6
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
PATIENCE = httpx.Timeout(10.0, read=120.0, write=120.0)
PASSING = frozenset({408, 425, 429})  # and every status from 500
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# These speak of the address or the token, never of the bundle: it waits until somebody has put them right.
MISDIRECTED = frozenset({401, 404, 405, 406})
# A 403 about the bundle itself, not about the one who sends it, is a refusal: sending it again cannot help.
CREDENTIALS = frozenset({"not-authenticated", "authentication-failed", "permission-denied", "forbidden"})
BLOCK_BYTES = 1 << 18

Kind = Literal["refused", "not_taken", "unavailable"]


@dataclass(frozen=True)
class Answer:
    """What the site said to a request that it took: its JSON, and whether that made something new (201)."""

    content: Mapping[str, object]
    created: bool


class SiteError(Exception):
    """A request that did not succeed: `refused` is final for these bytes, `not_taken` is about token or address, `unavailable` may pass."""

    def __init__(self, kind: Kind, problem: Mapping[str, object]) -> None:
        self.kind: Kind = kind
        self.problem = dict(problem)
        super().__init__(str(problem.get("detail") or problem.get("title") or kind))


@dataclass(frozen=True)
class Client:
    """One site and one token. `transport`, `sleep` and `jitter` are the world; tests hand in their own."""

    url: str
    token: str = field(repr=False)
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    tries: int = TRIES
    told: Callable[[str], None] = lambda _: None

    def enrol(self, name: str, key: SigningKey) -> Mapping[str, object]:
        """Enrol this node under `name`, proving that it holds `key`; the answer has node, organisation, organisation_secret and token."""
        token_id = self.token.partition(".")[0].removeprefix("lynxweb_")
        proof = prove_possession(key, purpose=PURPOSE, challenge=token_id, subject=name)
        return self._post_json("/nodes", {"name": name, "public_key": key.public.hex(), "proof": proof.hex()}).content

    def rotate_key(self, old: SigningKey, new: SigningKey, node: str, reason: str = "") -> Mapping[str, object]:
        """Have `new` registered, `old` vouching for it; asked again, the site answers as it did the first time."""
        message = possession_message(purpose=ROTATION, challenge=old.key_id, subject=node, public=new.public)
        body = {"public_key": new.public.hex(), "proof": new.sign(message).hex(), "approval": old.sign(message).hex(), **_because(reason)}
        return self._post_json(f"/keys/{old.key_id}/rotations", body, f"rotate-{new.key_id}").content

    def revoke_key(self, key: SigningKey, node: str, reason: str = "") -> Mapping[str, object]:
        """End `key`, which signs for that itself; asked again, the site answers as it did the first time."""
        proof = prove_possession(key, purpose=REVOCATION, challenge=key.key_id, subject=node)
        return self._post_json(f"/keys/{key.key_id}/revocations", {"proof": proof.hex(), **_because(reason)}, f"revoke-{key.key_id}").content

    def declare(self, methodology_sha256: str) -> str:
        """The nonce of a run that is declared before it is measured."""
        return str(self._post_json("/declarations", {"methodology": methodology_sha256}).content["nonce"])

    def upload(self, sealed: bytes) -> Answer:
        """Hand over a sealed bundle; the site answers an equal receipt however often this is repeated."""
        checksum = base64.b64encode(hashlib.sha256(sealed).digest()).decode()
        headers = {"Content-Type": MEDIA_TYPE, "Content-Digest": f"sha-256=:{checksum}:", "Content-Length": str(len(sealed))}
        return self._repeated(lambda client: client.post(f"{API}/bundles", content=_blocks(sealed), headers=headers))

    def _post_json(self, path: str, body: Mapping[str, object], once: str = "") -> Answer:
        headers = {"Idempotency-Key": once} if once else {}
        return self._repeated(lambda client: client.post(f"{API}{path}", json=dict(body), headers=headers))

    def _repeated(self, send: Callable[[httpx.Client], httpx.Response]) -> Answer:
        """Send until the site answers for good, waiting longer each time and never in step with other nodes."""
        for number in range(1, self.tries + 1):
            try:
                return self._once(send)
            except SiteError as error:
                wait = self._wait(number, error)
                if error.kind != "unavailable" or number == self.tries or wait > LONGEST_WAIT_S:
                    raise
                self.told(f"{error}; trying again in {wait:.1f} s ({number} of {self.tries - 1})")
                self.sleep(wait)
        raise AssertionError("tries is at least 1")

    def _wait(self, number: int, error: SiteError) -> float:
        """Jitter over a doubling range, or what the site asked for in Retry-After; beyond the longest wait the bundle waits in the outbox."""
        asked = error.problem.get("retry_after_s")
        if isinstance(asked, int):
            return float(asked)
        reach: float = min(FIRST_WAIT_S * 2 ** (number - 1), LONGEST_WAIT_S)
        return reach * (0.5 + self.jitter() / 2)

    def _once(self, send: Callable[[httpx.Client], httpx.Response]) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json, application/problem+json"}
        try:
            proxies = httpx.URL(self.url).host not in LOOPBACK
            with httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, transport=self.transport, trust_env=proxies) as client:
                response = send(client)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Problems([Problem("site", self.url[:200], "an http or https address", "enrol again with the site's address", "usage")]) from error
        except httpx.HTTPError as error:
            raise SiteError("unavailable", _own("site-unreachable", f"{self.url} cannot be reached: {error or type(error).__name__}", 503)) from error
        if response.is_success:
            return Answer(_json(response) or {}, response.status_code == httpx.codes.CREATED)
        raise SiteError(_kind(response), _problem(response))


def _because(reason: str) -> dict[str, object]:
    return {"reason": reason} if reason else {}


def _blocks(content: bytes) -> Iterator[bytes]:
    view = memoryview(content)
    for start in range(0, len(view), BLOCK_BYTES):
        yield bytes(view[start : start + BLOCK_BYTES])


def _kind(response: httpx.Response) -> Kind:
    status = response.status_code
    if status in PASSING or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return "unavailable"
    told = _json(response) or {}
    if status < httpx.codes.BAD_REQUEST or status in MISDIRECTED or not told.get("code"):
        return "not_taken"
    return "not_taken" if status == httpx.codes.FORBIDDEN and told["code"] in CREDENTIALS else "refused"


def _problem(response: httpx.Response) -> dict[str, object]:
    """The site's problem document, or one of our own about an answer that is none."""
    status = response.status_code
    told = _json(response)
    problem = dict(told) if told else _own("http-error", f"the site answered {status} {response.reason_phrase} without a problem document", status)
    problem.setdefault("status", status)
    asked = response.headers.get("Retry-After", "")
    return problem | ({"retry_after_s": int(asked)} if asked.isdigit() else {})


def _json(response: httpx.Response) -> dict[str, object] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _own(code: str, detail: str, status: int) -> dict[str, object]:
    return {"type": "about:blank", "title": "The site did not take the request", "status": status, "code": code, "detail": detail[:500]}
