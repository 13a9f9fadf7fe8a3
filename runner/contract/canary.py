"""The canary scan: secrets and identities that must never leave a node; it rejects, and names the place, not the secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.contract.problems import Problem

# Secrets are looked for in every text, identities only where a value is not a version.
SECRETS = {
    "private-key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "lynxweb-token": r"\blynxweb_[A-Za-z0-9]+\.[A-Za-z0-9_-]{16,}",
    "github-token": r"\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}",
    "gitlab-token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "aws-key": r"\b(AKIA|ASIA)[A-Z0-9]{16}\b",
    "google-key": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "slack-token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "hub-token": r"\bhf_[A-Za-z0-9]{30,}",
    "index-token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "api-key": r"\bsk-[A-Za-z0-9_-]{32,}",
    "jwt": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "url-password": r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@]+@",
    "bearer": r"(?i)\bauthorization:\s*(bearer|basic)\s+\S+",
}
IDENTITIES = {
    "gpu-uuid": r"\b(GPU|MIG)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    "mac-address": r"\b[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}\b",
    "ipv4": r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])",
    "ipv6": r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}(?![0-9A-Fa-f:])",
    "home-path": r"(/home/|/Users/|/root/|[A-Za-z]:\\Users\\)\S*",
    "e-mail": r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b",
}
_SECRETS = {name: re.compile(pattern) for name, pattern in SECRETS.items()}
_IDENTITIES = {name: re.compile(pattern) for name, pattern in IDENTITIES.items()}
# Values under these words are versions: 9.24.0.43 is a cuDNN, not an address.
VERSION_WORDS = ("version", "versions", "kernel_libs", "loaded_libs", "build", "release", "microcode", "driver_max", "system_toolkit")


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
    for name, pattern in _SECRETS.items():
        if pattern.search(value):
            yield _problem(path, name)
    for name, pattern in _IDENTITIES.items():
        if pattern.search(value) and not (versions and name == "ipv4"):
            yield _problem(path, name)


def _problem(path: str, name: str) -> Problem:
    return Problem(path, f"looks like a {name}", "no secrets and no identities", "remove it before signing", "canary")
