"""Sealed bundles from valid evidence, for tests of outbox, client and command line."""

from __future__ import annotations

from typing import Any

from runner.contract.bundle import seal
from runner.contract.canonical import decode, encode
from runner.contract.evidence import Evidence
from runner.contract.keys import SigningKey
from runner.contract.quality import encode_items
from runner.contract.samples import encode as encode_samples
from tests.builders import evidence, items

KEY = SigningKey(b"\x07" * 32)


def members(found: Evidence) -> dict[str, bytes]:
    """The members of a bundle that holds `found`."""
    assert found.quality is not None
    return {
        "executor.before.json": found.before.canonical(),
        "executor.after.json": found.after.canonical(),
        "methodology.json": found.methodology.canonical(),
        "run.json": found.run.canonical(),
        "samples.parquet": encode_samples(found.samples),
        "quality.json": found.quality.canonical(),
        "quality_items.parquet": encode_items(items()),
    }


def sealed(found: Evidence | None = None, key: SigningKey = KEY, altered: dict[str, Any] | None = None) -> bytes:
    """A bundle of `found`; `altered` changes leaves of run.json by dotted path after the numbers were stated."""
    found = found or evidence()
    parts = members(found)
    if altered:
        tree: Any = decode(parts["run.json"])
        for path, value in altered.items():
            *parents, name = path.split(".")
            place = tree
            for parent in parents:
                place = place[int(parent)] if parent.isdigit() else place[parent]
            place[name] = value
        parts["run.json"] = encode(tree)
    return seal(parts, fingerprint=found.run.fingerprint, methodology_sha256=found.methodology.sha256, nonce=found.run.nonce, key=key)
