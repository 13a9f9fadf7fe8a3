"""Who acts, on what, and why: plain values, so that the log depends on no other app."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from lynxweb.audit.actions import ReasonCode


@dataclass(frozen=True)
class Actor:
    """Somebody who acts: `roles` are held in `organisation`, `role` is the one this act uses, `auth` says how we know who it is.

    `scope` narrows what a token may do; None means the whole of the roles, as after a sign-in. A visitor has not signed in, reads what is public
    and never acts; there `scope` is the digest of the one run that a shared link opens.
    """

    kind: Literal["user", "node", "system", "visitor"]
    id: str
    auth: str
    roles: frozenset[str] = frozenset()
    organisation: str | None = None
    scope: str | None = None
    role: str | None = None

    def under(self, role: str) -> Self:
        """The same actor, acting under `role`."""
        return replace(self, role=role)


SYSTEM = Actor("system", "act_system", "process")
VISITOR = Actor("visitor", "visitor", "none")


@dataclass(frozen=True)
class Subject:
    """The thing whose standing an event changes; `rev` is the revision this event makes, None lets the log count on."""

    type: str
    id: str
    rev: int | None = None


@dataclass(frozen=True)
class Reason:
    """A code, and for people 10 to 2,000 characters of text that will be public for ever."""

    code: ReasonCode = ReasonCode.ROUTINE
    text: str | None = None
