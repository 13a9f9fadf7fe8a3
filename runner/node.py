"""The node's home: its key, what enrolment gave it, what its owner declares, and its outbox; secrets are files of mode 0600."""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.contract.keys import SigningKey
from runner.contract.problems import Problem, Problems
from runner.durable import write_once, write_private

HOME_VARIABLE = "LYNXWEB_NODE_HOME"
DEFAULT_HOME = "~/.local/share/lynxweb"
SECRET_BYTES = 32
SHORT = 12
SHORTEST = 6
NEXT_KEY = "node.key.next.pem"
PUT_ASIDE = re.compile(r"node\.key\.[0-9a-f]{12}\.pem")


@dataclass(frozen=True)
class Site:
    """The site this node is enrolled at; the token acts for the node and is never shown again."""

    url: str
    node: str
    name: str
    organisation: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class NodeIdentity:
    """What a run says of its node: the key that signs, and the secret that turns machine ids into pseudonyms."""

    key: SigningKey
    salt: bytes = field(repr=False)
    scope: str
    declared: Mapping[str, str]

    def pseudonym(self, *parts: str) -> str:
        """Lower-case hex HMAC-SHA256 of `parts` under the salt: equal for equal units within the scope, and nothing else can be read from it."""
        return hmac.new(self.salt, "\0".join(("lynxweb/instance/v1", *parts)).encode(), "sha256").hexdigest()


@dataclass(frozen=True)
class KeptKey:
    """A key of this node that was not revoked, and where it lies."""

    key: SigningKey
    path: Path

    @property
    def in_use(self) -> bool:
        """Whether runs are signed with it now."""
        return self.path.name == "node.key.pem"


@dataclass(frozen=True)
class NodeHome:
    """The folder that holds all of it; nothing is created before it is asked for."""

    folder: Path

    @property
    def outbox(self) -> Path:
        """Where sealed bundles wait."""
        return self.folder / "outbox"

    def key(self, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> SigningKey:
        """The node's Ed25519 key, made at the first call."""
        path = self.folder / "node.key.pem"
        if not path.exists():
            write_once(path, SigningKey(random_bytes(SECRET_BYTES)).to_pem())
        return SigningKey.from_pem(self._secret(path))

    def renew_key(self) -> None:
        """Put the key aside, under a name that tells which it was; the next use makes a new one."""
        path = self.folder / "node.key.pem"
        if path.exists():
            path.rename(self.folder / f"node.key.{self.key().key_id[:SHORT]}.pem")

    def next_key(self, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> SigningKey:
        """The key that is to take over, on the disk before anybody hears of it: asking again after a cut gives the same one."""
        path = self.folder / NEXT_KEY
        if not path.exists():
            write_once(path, SigningKey(random_bytes(SECRET_BYTES)).to_pem())
        return SigningKey.from_pem(self._secret(path))

    def take_over(self) -> None:
        """Sign with the next key from now on, the old one put aside; cut anywhere, doing it again ends the same, and some key is always in place."""
        old, following = self.key(), self.next_key()
        if old.key_id != following.key_id:
            write_once(self.folder / f"node.key.{old.key_id[:SHORT]}.pem", old.to_pem())
            write_private(self.folder / "node.key.pem", following.to_pem())
        (self.folder / NEXT_KEY).unlink()

    def kept_keys(self) -> tuple[KeptKey, ...]:
        """The key in use, then those put aside; without revoked ones and the one that is to take over."""
        current = self.folder / "node.key.pem"
        aside = [path for path in sorted(self.folder.glob("node.key.*.pem")) if PUT_ASIDE.fullmatch(path.name)]
        return tuple(KeptKey(SigningKey.from_pem(self._secret(path)), path) for path in (current, *aside) if path.exists())

    def key_named(self, start: str) -> KeptKey:
        """The kept key whose id begins so; without a name the only one put aside. Raises `Problems` where that names none or several."""
        kept = self.kept_keys()
        found = [one for one in kept if (one.key.key_id.startswith(start) if len(start) >= SHORTEST else not start and not one.in_use)]
        if len(found) != 1:
            known = ", ".join(f"{one.key.key_id[:SHORT]}{' (in use)' if one.in_use else ''}" for one in kept) or "no key"
            what = start[:40] or f"{len(found)} keys put aside"
            raise Problems([Problem("KEY", what, f"the first {SHORTEST} digits or more of one of: {known}", "name the key that is to end", "usage")])
        return found[0]

    def put_away(self, kept: KeptKey) -> None:
        """Set a revoked key apart, under a name that tells so; where it was in use, the next use makes a new one."""
        kept.path.rename(self.folder / f"node.key.{kept.key.key_id[:SHORT]}.revoked.pem")

    def identity(self, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> NodeIdentity:
        """Key, salt and declarations: the organisation's secret after enrolment, before that a random one that stays on this machine."""
        shared, local = self.folder / "organisation.secret", self.folder / "local.salt"
        if shared.exists():
            return NodeIdentity(self.key(), bytes.fromhex(self._secret(shared).decode()), "organisation", self.declared())
        if not local.exists():
            write_once(local, random_bytes(SECRET_BYTES).hex().encode())
        return NodeIdentity(self.key(), bytes.fromhex(self._secret(local).decode()), "local", self.declared())

    def declared(self) -> dict[str, str]:
        """Executor facts that only the node's owner knows, {leaf path: value}, from `declared.json`; empty where there is no such file."""
        path = self.folder / "declared.json"
        if not path.exists():
            return {}
        found = self._object(path, "usage")
        strange = [name for name, value in found.items() if not isinstance(value, str)]
        if strange:
            remedy = 'write {"env.cooling": "air_active"}'
            raise Problems([Problem(f"{path.name}.{name}", "not text", "a text for each leaf path", remedy, "usage") for name in strange])
        return {name: str(value) for name, value in found.items()}

    def site(self) -> Site | None:
        """The site of the enrolment; None for a node that is not enrolled."""
        path, token = self.folder / "site.json", self.folder / "token"
        if not path.exists() or not token.exists():
            return None
        found = self._object(path)
        named = {name: str(found.get(name, "")) for name in ("url", "node", "name", "organisation")}
        return Site(**named, token=self._secret(token).decode().strip())

    def enrol(self, site: Site, organisation_secret: bytes) -> None:
        """Keep what enrolment gave: secrets first, `site.json` last, so that a cut in between leaves a node that is not enrolled."""
        write_private(self.folder / "organisation.secret", organisation_secret.hex().encode())
        write_private(self.folder / "token", site.token.encode())
        told = {"url": site.url, "node": site.node, "name": site.name, "organisation": site.organisation}
        write_private(self.folder / "site.json", json.dumps(told, indent=1, sort_keys=True).encode())

    def _secret(self, path: Path) -> bytes:
        if path.stat().st_mode & 0o077:
            found = oct(path.stat().st_mode & 0o777)
            remedy = f"run chmod 600 on {path.name} in the node's home"
            raise Problems([Problem(path.name, f"mode {found}", "mode 0600", remedy, "secret-exposed")])
        return path.read_bytes()

    def _object(self, path: Path, code: str = "invalid-document") -> dict[str, object]:
        try:
            found = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise Problems([Problem(path.name, str(error)[:120], "a JSON object", "repair the file in the node's home", code)]) from error
        if not isinstance(found, dict):
            raise Problems([Problem(path.name, type(found).__name__, "a JSON object", "repair the file in the node's home", code)])
        return found


def home(environ: Mapping[str, str] = os.environ) -> NodeHome:
    """The node's home from `LYNXWEB_NODE_HOME`, or the default below the user's home."""
    return NodeHome(Path(environ.get(HOME_VARIABLE) or DEFAULT_HOME).expanduser())
