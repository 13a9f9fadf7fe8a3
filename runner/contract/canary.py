"""The canary scan: secrets and identities that must never leave a node; it rejects, and names the place, not the secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from runner.contract.canary_patterns import IDENTITIES, LEADS_TO_VERSION, SECRETS, VERSION_WORDS
from runner.contract.problems import Problem

_PATTERNS = {name: re.compile(pattern) for name, pattern in (SECRETS | IDENTITIES).items()}
_LEADS_TO_VERSION = re.compile(LEADS_TO_VERSION)
LONGEST_LEAD = 80
SHORT = 40


def scan(value: object, path: str = "$") -> Iterator[Problem]:
    """Every place in a document or text that holds a secret or an identity; the value itself is not repeated."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _text(str(key), f"{path} (a key)", versions=False)
            yield from scan(inner, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from scan(inner, f"{path}[{place}]")
    elif isinstance(value, str):
        yield from _text(value, path, versions=any(word in path for word in VERSION_WORDS))


def _text(value: str, path: str, versions: bool) -> Iterator[Problem]:
    kinds = _short_kinds(value) if len(value) <= SHORT else _kinds(value)
    return (_problem(path, name) for name in kinds if not (versions and name == "ipv4"))


# The same keys and words stand in every document hundreds of times.
@lru_cache(maxsize=4096)
def _short_kinds(text: str) -> tuple[str, ...]:
    return _kinds(text)


def _kinds(text: str) -> tuple[str, ...]:
    found = [name for name, pattern in _PATTERNS.items() if pattern.search(text)]
    if "ipv4" in found and all(_is_version(text, one) for one in _PATTERNS["ipv4"].finditer(text)):
        found.remove("ipv4")
    return tuple(found)


def _is_version(text: str, found: re.Match[str]) -> bool:
    """Whether the words before four numbers make them a version."""
    return _LEADS_TO_VERSION.search(text[max(0, found.start() - LONGEST_LEAD) : found.start()]) is not None


def _problem(path: str, name: str) -> Problem:
    return Problem(path, f"looks like a {name}", "no secrets and no identities", "remove it before signing", "canary")
