"""A running site that gets requests made from its description, and what was wrong with its answers."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any

import requests
import schemathesis
from django.urls import Resolver404, ResolverMatch, resolve
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from lynxweb.accounts.models import Person
from lynxweb.api.parsers import BUNDLE_TYPE
from lynxweb.api.visiting import OPEN
from tests.api.test_foreign_objects import EVERYBODYS, signed_in

CHECKS: Any = [not_a_server_error, status_code_conformance, content_type_conformance]
OFTEN = {"owner": 6, "stranger": 2}
# What fits a parameter or a field of this name: a key of the belongings, or `=text` as it stands.
FITTING = {
    "digest": ("run", "other", "executor", "comparison", "requirement", "decision"),
    "nonce": ("declaration",),
    "review": ("review",),
    "dispute": ("dispute",),
    "notice": ("notice",),
    "draw": ("draw",),
    "pack_id": ("pack",),
    "seq": ("position",),
    "request_id": ("request",),
    "person": ("person",),
    "node": ("node",),
    "key": ("key",),
    "token": ("token",),
    "proposal": ("proposal",),
    "role": ("=reviewer", "=engineer"),
    "name": ("=samples.parquet", "=run.json"),
    "decision": ("decision",),
    "requirement": ("requirement",),
    "runs": ("run", "other"),
    "a": ("run",),
    "b": ("other",),
    "successor": ("other",),
    "replacement": ("other",),
    "policy": ("=iso-precision", "=precision-study"),
    "actor": ("person",),
    "members": ("person",),
    "valid_until": ("=2099-01-01T00:00:00.000000Z",),
    "conflicts": ("=none",),
    "action": ("=run.withdraw", "=role.grant", "=key.revoke"),
    "object_id": ("run", "decision"),
    "object_type": ("=run", "=decision"),
}


@schemathesis.serializer(BUNDLE_TYPE)
def _bundle(_: Any, content: Any) -> Any:
    return content if isinstance(content, bytes) else str(content).encode()


class Fuzzed:
    """A running site at `url`, the headers of everybody who calls it by their name, and what is there.

    `nobody` sends no login, `unknown` a token that does not count, and `stranger` may see nothing of the belongings. `faults` holds by endpoint
    what was wrong, with one request that shows it.
    """

    def __init__(self, url: str, callers: dict[str, dict[str, str]], belongings: dict[str, str]) -> None:
        self.url, self.callers, self.belongings = url, callers, belongings
        self.faults: dict[str, dict[str, str]] = defaultdict(dict)
        self.statuses: Counter[int] = Counter()
        self.wire = requests.Session()
        self.wire.trust_env = False

    def try_one(self, case: Case, chance: Random) -> None:
        """Send a request as somebody, about something that is there or not, and look at the answer."""
        who, fitting = chance.choices(sorted(self.callers), [OFTEN.get(name, 1) for name in sorted(self.callers)])[0], chance.random() < 0.75
        if fitting:
            fit(case, lambda name: self._fitting(name, chance))
        case.headers = {name: text for name, text in dict(case.headers or {}).items() if name.lower() not in ("authorization", "cookie")}  # type: ignore[assignment]
        case.cookies = {}
        self.wire.cookies.clear()
        answer = case.call(base_url=self.url, session=self.wire, headers=self.callers[who] | _sealed(case), allow_redirects=False)
        self.statuses[answer.status_code] += 1
        for fault in (*_undescribed(case, answer), *_let_in(case, answer.status_code, who, fitting)):
            self.faults[case.operation.label].setdefault(fault, f"{who}: {case.as_curl_command(base_url=self.url)[:600]}")

    def _fitting(self, name: str, chance: Random) -> str | None:
        kinds = FITTING.get(name)
        if kinds is None or chance.random() < 0.1:
            return None
        kind = chance.choice(kinds)
        return kind[1:] if kind.startswith("=") else self.belongings[kind]


def in_browser(person: Person) -> dict[str, str]:
    """The headers of somebody who signed in with a browser."""
    client = signed_in(person)
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={'c' * 32}", "X-CSRFToken": "c" * 32}


def fit(case: Case, fitting: Callable[[str], str | None]) -> None:
    """Put in what is there for parameters and fields of the body, by their names."""
    case.path_parameters = {name: fitting(name) or value for name, value in dict(case.path_parameters or {}).items()}
    if isinstance(case.query, dict):
        case.query = {name: fitting(name) or value for name, value in case.query.items()}
    case.body = _fitted(case.body, "", fitting)


def _fitted(value: Any, name: str, fitting: Callable[[str], str | None]) -> Any:
    if isinstance(value, dict):
        return {key: _fitted(inner, key, fitting) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fitted(inner, name, fitting) for inner in value]
    return (fitting(name) or value) if isinstance(value, str) else value


def _sealed(case: Case) -> dict[str, str]:
    """The digest that an upload states, so that what is read is not its header alone."""
    if case.media_type != BUNDLE_TYPE or not isinstance(case.body, bytes):
        return {}
    return {"Content-Digest": f"sha-256=:{b64encode(sha256(case.body).digest()).decode()}:"}


def _undescribed(case: Case, answer: Any) -> list[str]:
    """What is wrong with an answer, or not in the description."""
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return [f"{answer.status_code} {one.title}" for one in group.exceptions if isinstance(one, Failure)]
    except Failure as one:
        return [f"{answer.status_code} {one.title}"]
    return []


def _let_in(case: Case, status: int, who: str, fitting: bool) -> list[str]:
    """Who came in and may not: nobody reads what is not open, and a stranger finds nothing of somebody else's."""
    try:
        match = resolve(case.formatted_path)
    except Resolver404:  # a wrong parameter made an address that the site does not have
        return []
    theirs = fitting and bool(case.path_parameters) and match.route not in EVERYBODYS
    wrong = {
        "unknown": status != 401,
        "nobody": status != 401 and (theirs or not _open(match, case.method)),
        "stranger": status < 400 and theirs,
    }
    return [f"{status} for {who}"] if wrong.get(who, False) else []


def _open(match: ResolverMatch, method: str) -> bool:
    return match.url_name in OPEN and method.upper() == "GET"
