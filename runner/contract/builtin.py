"""The methodologies that come with Lynxweb, as the exact canonical bytes that name them; a site publishes them at its first start."""

from __future__ import annotations

from importlib import resources

PACKAGE = "runner.contract.methodologies"
SUFFIX = ".json"


def builtin() -> dict[str, bytes]:
    """{name: canonical bytes} of every built-in methodology, in order of name."""
    entries = resources.files(PACKAGE).iterdir()
    found = {entry.name.removesuffix(SUFFIX): entry for entry in entries if entry.name.endswith(SUFFIX)}
    return {name: found[name].read_bytes() for name in sorted(found)}
