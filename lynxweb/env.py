"""The site's only reader of the environment: every variable has a safe embedded default, and nonsense stops the start with a remedy.

The process environment wins over the file `.env` at the root of the checkout. A secret may also stand in a file named by NAME_FILE.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

BASE = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32
SHORTEST_CLIENT_SECRET = 16  # the provider chooses it
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Nonsense(ValueError):
    """A variable that cannot be meant: names the variable, what was found and the remedy, never the value of a secret."""

    def __init__(self, name: str, found: str, remedy: str) -> None:
        super().__init__(f"{name}: {remedy} (got {found!r})")


@dataclass(frozen=True)
class Database:
    """One database address, taken apart."""

    vendor: str
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Oidc:
    """An OpenID Connect provider that people may sign in with; `name` is what the button says."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str


@dataclass(frozen=True)
class Environment:
    """Everything the site takes from outside, checked."""

    home: Path
    debug: bool
    secret_key: str = field(repr=False)
    token_pepper: str = field(repr=False)
    base_url: str
    allowed_hosts: tuple[str, ...]
    num_proxies: int
    storage: Path
    log_format: str
    signer_home: Path
    database: Database
    owner: Database | None
    oidc: Oidc | None
    require_mfa: bool
    broker_url: str = field(repr=False)

    @property
    def over_https(self) -> bool:
        """Whether people reach the site by https, so that cookies may be marked secure."""
        return self.base_url.startswith("https://")


def read(
    variables: Mapping[str, str], *, default_home: Path = BASE / "var", random_text: Callable[[int], str] = secrets.token_urlsafe
) -> Environment:
    """The checked environment; makes the data folder (mode 0700) and, where none is given, a secret key in a file of mode 0600 inside it."""
    home = _folder(Path(variables.get("LYNXWEB_HOME") or default_home).expanduser(), "LYNXWEB_HOME")
    _folder(home / "static", "LYNXWEB_HOME")
    secret_key = _secret(variables, "LYNXWEB_SECRET_KEY") or _kept_secret(home / "secret_key", random_text)
    base_url = _base_url(variables.get("LYNXWEB_BASE_URL") or "http://127.0.0.1:8000")
    site = database(variables.get("DATABASE_URL") or f"sqlite:///{quote(str(home / 'lynxweb.sqlite3'))}")
    return Environment(
        home=home,
        debug=_flag(variables, "LYNXWEB_DEBUG"),
        secret_key=secret_key,
        token_pepper=_secret(variables, "LYNXWEB_TOKEN_PEPPER"),
        base_url=base_url,
        allowed_hosts=_hosts(variables.get("LYNXWEB_ALLOWED_HOSTS", ""), base_url),
        num_proxies=_count(variables, "LYNXWEB_NUM_PROXIES", most=10),
        storage=_storage(variables.get("LYNXWEB_STORAGE_URL", ""), home),
        log_format=_choice(variables, "LYNXWEB_LOG_FORMAT", ("text", "json")),
        signer_home=_signer_home(variables.get("LYNXWEB_SIGNER_HOME", ""), home),
        database=site,
        owner=_owner(variables.get("LYNXWEB_OWNER_DATABASE_URL", ""), site),
        oidc=_oidc(variables),
        require_mfa=_flag(variables, "LYNXWEB_REQUIRE_MFA"),
        broker_url=_broker(variables.get("CELERY_BROKER_URL", ""), home),
    )


def from_process() -> Environment:
    """The environment of this process over the file `.env` at the root of the checkout."""
    return read(layered(os.environ, BASE / ".env"))


def layered(variables: Mapping[str, str], path: Path) -> dict[str, str]:
    """The known variables in `path` (NAME=value lines, # comments) with `variables` on top."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return dict(_assignments(lines)) | dict(variables)


def database(url: str, variable: str = "DATABASE_URL") -> Database:
    """A database address taken apart: `sqlite:////absolute/file` or `postgres://user:password@host:port/name?option=value`."""
    try:
        parts = urlsplit(url)
        port = str(parts.port or "")
    except ValueError as error:
        raise Nonsense(variable, "an address that does not parse", "escape special characters as %XX") from error
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise Nonsense(variable, f"{parts.scheme}://…", "name the database after the last slash")
    if parts.scheme == "sqlite":
        return Database("sqlite", name if name == ":memory:" else str(Path(name).absolute()))
    if parts.scheme not in ("postgres", "postgresql"):
        raise Nonsense(variable, f"{parts.scheme}://…", "use sqlite:////path or postgres://user:password@host:port/name")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Database("postgresql", name, user, password, parts.hostname or "", port, dict(parse_qsl(parts.query)))


def _assignments(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator:
            raise Nonsense(f".env line {number}", name.split()[0], "write NAME=value")
        yield name.strip(), value.strip().strip("\"'")


def _folder(path: Path, name: str) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Nonsense(name, str(path), "name a folder that this user may create and write") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise Nonsense(name, str(path), "name a folder that this user may write")
    return path.resolve()


def _secret(variables: Mapping[str, str], name: str, shortest: int = SHORTEST_SECRET) -> str:
    value = variables.get(name, "")
    path = variables.get(f"{name}_FILE", "")
    if value and path:
        raise Nonsense(f"{name}_FILE", path, f"set {name} or {name}_FILE, not both")
    if path:
        try:
            value = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Nonsense(f"{name}_FILE", path, "name a readable file") from error
    if (value or path) and len(value) < shortest:
        raise Nonsense(name, f"{len(value)} characters", f"use at least {shortest} random characters, or leave it unset")
    return value


def _oidc(variables: Mapping[str, str]) -> Oidc | None:
    issuer, client_id = variables.get("LYNXWEB_OIDC_ISSUER", "").rstrip("/"), variables.get("LYNXWEB_OIDC_CLIENT_ID", "")
    secret = _secret(variables, "LYNXWEB_OIDC_CLIENT_SECRET", SHORTEST_CLIENT_SECRET)
    name = variables.get("LYNXWEB_OIDC_NAME", "")
    if not (issuer or client_id or secret or name):
        return None
    stated = {"LYNXWEB_OIDC_ISSUER": issuer, "LYNXWEB_OIDC_CLIENT_ID": client_id, "LYNXWEB_OIDC_CLIENT_SECRET": secret}
    for variable, value in stated.items():
        if not value:
            raise Nonsense(variable, "", "set issuer, client id and client secret together, or none of them")
    parts = urlsplit(issuer)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username or parts.query or parts.fragment or "/.well-known/" in issuer:
        raise Nonsense("LYNXWEB_OIDC_ISSUER", issuer, "use the provider's issuer address, https://…, without /.well-known/… and without a query")
    if len(name) > 40 or not name.isprintable():
        raise Nonsense("LYNXWEB_OIDC_NAME", name, "use at most 40 printable characters")
    return Oidc(issuer, client_id, secret, name or parts.hostname)


def _kept_secret(path: Path, random_text: Callable[[int], str]) -> str:
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with open(draft, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
            handle.write(random_text(48))
        try:
            os.link(draft, path)  # the first of several starting processes wins, and none sees half a file
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text("ascii").strip()


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Nonsense("LYNXWEB_BASE_URL", url, "use the address people type, such as https://bench.example.org, without a path")
    return url.rstrip("/")


def _hosts(text: str, base_url: str) -> tuple[str, ...]:
    hosts = [host.strip() for host in text.split(",") if host.strip()]
    for host in hosts:
        if host == "*" or "/" in host or " " in host:
            raise Nonsense("LYNXWEB_ALLOWED_HOSTS", host, "list host names separated by commas, without addresses or *")
    return tuple(dict.fromkeys([*hosts, urlsplit(base_url).hostname or "", "127.0.0.1", "localhost", "[::1]"]))


def _storage(url: str, home: Path) -> Path:
    if not url:
        return _folder(home / "storage", "LYNXWEB_STORAGE_URL")
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/"):
        raise Nonsense("LYNXWEB_STORAGE_URL", f"{parts.scheme}://…", "use file:///absolute/folder")
    return _folder(Path(unquote(parts.path)), "LYNXWEB_STORAGE_URL")


def _signer_home(text: str, home: Path) -> Path:
    """Not made here: in production the site's own user has no business in the signer's folder."""
    path = Path(text).expanduser() if text else home / "signer"
    if not path.is_absolute():
        raise Nonsense("LYNXWEB_SIGNER_HOME", text, "use an absolute path, on another disk than the database")
    return path


def _owner(url: str, site: Database) -> Database | None:
    if not url:
        return None
    owner = database(url, "LYNXWEB_OWNER_DATABASE_URL")
    if (owner.vendor, site.vendor) != ("postgresql", "postgresql"):
        raise Nonsense("LYNXWEB_OWNER_DATABASE_URL", f"{owner.vendor} beside {site.vendor}", "two roles need PostgreSQL in DATABASE_URL as well")
    if (owner.name, owner.host, owner.port) != (site.name, site.host, site.port) or owner.user == site.user:
        raise Nonsense("LYNXWEB_OWNER_DATABASE_URL", f"{owner.user}@{owner.host}/{owner.name}", "name the same database with another user")
    return owner


def _broker(url: str, home: Path) -> str:
    if not url:
        _folder(home / "broker", "LYNXWEB_HOME")
        return "filesystem://"
    if urlsplit(url).scheme not in ("redis", "rediss", "amqp", "amqps", "filesystem", "memory"):
        raise Nonsense("CELERY_BROKER_URL", f"{urlsplit(url).scheme}://…", "use redis://host:port/0, amqp://… or leave it unset")
    if url.startswith("filesystem"):
        _folder(home / "broker", "LYNXWEB_HOME")
    return url


def _flag(variables: Mapping[str, str], name: str) -> bool:
    text = variables.get(name, "").lower()
    if text not in ("", "0", "1", "true", "false", "yes", "no"):
        raise Nonsense(name, text, "use 1 or 0")
    return text in ("1", "true", "yes")


def _count(variables: Mapping[str, str], name: str, *, most: int) -> int:
    text = variables.get(name) or "0"
    if not text.isascii() or not text.isdecimal() or int(text) > most:
        raise Nonsense(name, text, f"use a whole number from 0 to {most}")
    return int(text)


def _choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = variables.get(name) or choices[0]
    if text not in choices:
        raise Nonsense(name, text, f"use one of {', '.join(choices)}")
    return text
