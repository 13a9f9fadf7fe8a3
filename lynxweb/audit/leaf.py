"""The bytes of one event: canonical JSON, version 1, every key always present."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lynxweb.audit.actions import Action, ReasonCode
from lynxweb.audit.actors import Actor, Reason, Subject
from runner.contract.canary import scan
from runner.contract.canonical import decode, encode
from runner.contract.hidden import hidden_problems
from runner.contract.problems import Problem, Problems

LARGEST_LEAF_BYTES = 16 * 1024
SALT_BYTES = 32
REASON_LENGTH = range(10, 2001)
ACTING = ("user", "node", "system")
ACTIONS = frozenset(action.value for action in Action)
REASON_CODES = frozenset(code.value for code in ReasonCode)
KEYS = frozenset(
    "v seq time actor on_behalf_of action object prev before after payload commit reason_code reason basis proposal anchor request_id".split()  # noqa: SIM905
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}")


@dataclass(frozen=True)
class Act:
    """Everything an act says about itself; the log adds position, time and links."""

    action: Action
    subject: Subject
    actor: Actor
    reason: Reason
    request_id: str
    before: str | None = None
    after: str | None = None
    payload: str | None = None
    private: Mapping[str, object] = field(default_factory=dict)
    basis: Mapping[str, object] | None = None
    proposal: int | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Link:
    """Where the event goes: its position, the revision it makes, the previous event on the same object."""

    seq: int
    rev: int
    prev: int | None
    anchor: str | None = None


@dataclass(frozen=True)
class Commitment:
    """A private value under a salt: the log holds `digest` for ever, the opening may be erased."""

    name: str
    salt: bytes
    value: bytes

    @property
    def digest(self) -> str:
        """base64(SHA-256(salt || canonical value))."""
        return base64.b64encode(hashlib.sha256(self.salt + self.value).digest()).decode()


def commitments(private: Mapping[str, object], random_bytes: Callable[[int], bytes]) -> tuple[Commitment, ...]:
    """One freshly salted commitment per private value, in order of name."""
    return tuple(Commitment(name, random_bytes(SALT_BYTES), encode(private[name])) for name in sorted(private))


def instant(time: datetime) -> str:
    """`time` in UTC with six digits and Z, as every document writes it; refuses a time without a zone."""
    if time.tzinfo is None:
        raise ValueError("a time in the log needs a zone: use datetime.now(UTC)")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write(act: Act, link: Link, time: str, hidden: tuple[Commitment, ...] = ()) -> bytes:
    """The leaf's canonical bytes; raises `Problems` with everything that is wrong with the act."""
    problems = list(faults(act))
    if problems:
        raise Problems(problems)
    actor = {"kind": act.actor.kind, "id": act.actor.id, "role": act.actor.role, "auth": act.actor.auth}
    leaf = encode(
        {
            "v": 1,
            "seq": link.seq,
            "time": time,
            "actor": actor,
            "on_behalf_of": act.on_behalf_of,
            "action": str(act.action),
            "object": {"type": act.subject.type, "id": act.subject.id, "rev": link.rev},
            "prev": link.prev,
            "before": act.before,
            "after": act.after,
            "payload": act.payload,
            "commit": {one.name: one.digest for one in hidden} or None,
            "reason_code": str(act.reason.code),
            "reason": act.reason.text,
            "basis": None if act.basis is None else dict(act.basis),
            "proposal": act.proposal,
            "anchor": link.anchor,
            "request_id": act.request_id,
        }
    )
    if len(leaf) > LARGEST_LEAF_BYTES:
        raise Problems([Problem("leaf", f"{len(leaf)} bytes", f"at most {LARGEST_LEAF_BYTES} bytes", "attach the document as a payload")])
    return leaf


def leaf_fields(leaf: bytes | memoryview) -> dict[str, Any]:
    """The fields of a stored leaf; raises `Problems` for bytes that are not one canonical object."""
    fields = decode(bytes(leaf), canonical=True)
    if not isinstance(fields, dict):
        raise Problems([Problem("leaf", type(fields).__name__, "an object", "run manage.py full_audit")])
    return fields


def form_faults(fields: Mapping[str, Any]) -> Iterator[str]:
    """Whatever of a stored leaf no act could have written: a key too many or too few, an unknown word, a person without a reason."""
    if fields.keys() != KEYS or fields["v"] != 1 or isinstance(fields["v"], bool):
        yield "not a leaf of version 1"
        return
    kind, reason = fields["actor"]["kind"], fields["reason"]
    words = ((fields["action"], ACTIONS), (fields["reason_code"], REASON_CODES), (kind, ACTING))
    yield from (f"{word!r} is no word of the closed list"[:120] for word, known in words if word not in known)
    if (reason is not None or kind == "user") and not (isinstance(reason, str) and len(reason) in REASON_LENGTH):
        yield "no reason of 10 to 2,000 characters"


def faults(act: Act) -> Iterator[Problem]:
    """Everything that is wrong with an act before the log is even asked."""
    if str(act.action) not in ACTIONS:
        yield Problem("action", repr(act.action)[:80], "an action of the closed list", "add it to lynxweb.audit.actions, or use one of the list")
    if str(act.reason.code) not in REASON_CODES:
        yield Problem("reason_code", repr(act.reason.code)[:80], "a code of the closed list", "use one of the list, `other` at worst")
    if act.actor.kind not in ACTING:
        yield Problem("actor.kind", act.actor.kind, f"one of {', '.join(ACTING)}", "sign in: visitors only read")
    yield from _reason(act)
    for path, digest in (("before", act.before), ("after", act.after), ("payload", act.payload)):
        if digest is not None and not _DIGEST.fullmatch(digest):
            yield Problem(path, repr(digest)[:80], "64 lower-case hex digits", "give the SHA-256 of the bytes")
    named = (("object.type", act.subject.type), ("object.id", act.subject.id), ("request_id", act.request_id), ("actor.id", act.actor.id))
    for path, name in named:
        if not _ID.fullmatch(name):
            yield Problem(path, repr(name)[:80], "1 to 200 letters, digits and . _ : @ / -", "use an id, not a name")


def _reason(act: Act) -> Iterator[Problem]:
    text = act.reason.text
    if text is None:
        if act.actor.kind == "user":
            yield Problem("reason", "nothing", "10 to 2,000 characters", "say why; the text is public and permanent")
        return
    if len(text.strip()) not in REASON_LENGTH or len(text) not in REASON_LENGTH:
        yield Problem("reason", f"{len(text.strip())} characters", "10 to 2,000 characters", "say why; the text is public and permanent")
    yield from scan(text, "reason")
    yield from hidden_problems(text, "reason")
