"""The outbox: a bundle reaches the disk before it reaches the network, and stays there, also after a site has given its receipt.

`<digest>.bundle` is a sealed bundle, `<digest>.receipt.json` the site's answer to it, `<digest>.problem.json` why a site refused it.
A pending bundle is never deleted and never rewritten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runner.contract.problems import Problem, Problems
from runner.durable import sweep, write_once, write_private

State = Literal["pending", "sent", "refused"]
SUFFIX = ".bundle"
SHORTEST_PREFIX = 6


@dataclass(frozen=True)
class Entry:
    """One sealed bundle on the disk."""

    digest: str
    path: Path

    @property
    def state(self) -> State:
        """`sent` once a receipt lies beside it, `refused` while a problem does, otherwise `pending`."""
        if self._receipt.exists():
            return "sent"
        return "refused" if self._problem.exists() else "pending"

    @property
    def receipt(self) -> dict[str, object] | None:
        """The site's answer; None before there is one."""
        return _read(self._receipt)

    @property
    def problem(self) -> dict[str, object] | None:
        """Why a site refused it; None if none did."""
        return _read(self._problem)

    def sent(self, answer: Mapping[str, object]) -> None:
        """Keep the site's answer; the first one stays."""
        write_once(self._receipt, _json(answer))
        self._problem.unlink(missing_ok=True)

    def refused(self, problem: Mapping[str, object]) -> None:
        """Keep why a site refused it; the bundle stays where it is."""
        write_private(self._problem, _json(problem))

    @property
    def _receipt(self) -> Path:
        return self.path.with_name(f"{self.digest}.receipt.json")

    @property
    def _problem(self) -> Path:
        return self.path.with_name(f"{self.digest}.problem.json")


@dataclass(frozen=True)
class Outbox:
    """The folder of sealed bundles."""

    folder: Path

    def put(self, digest: str, sealed: bytes) -> Entry:
        """The entry of a sealed bundle, on the disk when this returns; putting the same digest again changes nothing."""
        path = self.folder / f"{digest}{SUFFIX}"
        if not path.exists():
            write_once(path, sealed)
        return Entry(digest, path)

    def entries(self) -> list[Entry]:
        """Every sealed bundle, oldest first; leavings of killed writers are swept."""
        if not self.folder.is_dir():
            return []
        sweep(self.folder)
        found = sorted(self.folder.glob(f"*{SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [Entry(path.name.removesuffix(SUFFIX), path) for path in found]

    def find(self, name: str) -> Entry:
        """The entry that `name` means: a path, a digest, or its beginning of at least six characters; `Problems` if none or several."""
        path = Path(name)
        if path.is_file():
            return Entry(path.name.removesuffix(SUFFIX), path)
        hits = [entry for entry in self.entries() if entry.digest.startswith(name)] if len(name) >= SHORTEST_PREFIX else []
        if len(hits) != 1:
            short = len(name) < SHORTEST_PREFIX
            found = f"{len(hits)} bundles" if hits else "no such file, and too short for a digest" if short else "no such file or bundle"
            expected = f"a bundle file, or the digest of one in the outbox (at least its first {SHORTEST_PREFIX} characters)"
            raise Problems([Problem(name[:80], found, expected, "look with lynxweb push --all --dry-run", "not-found")])
        return hits[0]


def _read(path: Path) -> dict[str, object] | None:
    if not path.exists():
        return None
    found = json.loads(path.read_text("utf-8"))
    return found if isinstance(found, dict) else {"answer": found}


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(dict(value), indent=1, sort_keys=True).encode()
