"""Bundles and methodologies as the command line names them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from runner.contract.builtin import builtin
from runner.contract.bundle import Bundle, read
from runner.contract.check import Checked, check
from runner.contract.keys import check_public, key_id
from runner.contract.methodology import Methodology
from runner.contract.problems import Problem, Problems
from runner.node import NodeHome
from runner.outbox import Outbox


@dataclass(frozen=True)
class Opened:
    """A bundle that may be accepted, and what is known of its signature: `valid`, or `unknown-key` where no key to check it with is here."""

    path: Path
    checked: Checked
    signature: str


def methodology_named(name: str) -> Methodology:
    """The built-in methodology of that name, or the one in the file at that path; `Problems` that list the names otherwise."""
    known = builtin()
    if name in known:
        return Methodology.read(known[name])
    path = Path(name)
    if not path.is_file():
        expected = f"a file, or one of {', '.join(known)}"
        raise Problems([Problem("METHODOLOGY", name[:80], expected, "name a built-in methodology or the path of a document", "usage")])
    return Methodology.read(path.read_bytes())


def bundle_named(name: str, home: NodeHome, public: bytes | None = None) -> Opened:
    """The bundle in a file or in the outbox, judged as the site would judge it; raises `Problems` with every reason not to accept it."""
    entry = Outbox(home.outbox).find(name)
    with entry.path.open("rb") as source:
        bundle = read(source)
    signature = signature_of(bundle, home, public)
    return Opened(entry.path, check(bundle), signature)


def opened_bytes(sealed: bytes) -> Bundle:
    """The bundle in `sealed`."""
    return read(io.BytesIO(sealed))


def signature_of(bundle: Bundle, home: NodeHome, public: bytes | None) -> str:
    """`valid`, or `unknown-key`; raises `Problems` for a signature that a known key did not make."""
    for known in (public, *(one.key.public for one in home.kept_keys())):
        if known is not None and key_id(check_public(known)) == bundle.key_id:
            if bundle.envelope.signed_by(known):
                return "valid"
            found = "a signature that does not verify"
            raise Problems([Problem("bundle.envelope.json", found, "a signature by the stated key", "sign the bundle again", "bad-signature")])
    if public is not None:
        raise Problems([Problem("bundle.envelope.json", bundle.key_id, key_id(public), "name the key that signed this bundle", "unknown-key")])
    return "unknown-key"
