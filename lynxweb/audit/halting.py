"""Read-only: the signer refused, so the log takes no events, every page says so, and only the signer's own checks lift it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest

from lynxweb.audit.models import Halt
from lynxweb.audit.record import utc_now

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Halted:
    """Why and since when the log takes no events."""

    reason: str
    since: datetime


def halted(using: str = DEFAULT_DB_ALIAS) -> Halted | None:
    """The halt that stands, or None where the log takes events."""
    newest = Halt.objects.using(using).newest().first()
    return Halted(newest.reason, newest.at) if newest is not None and newest.kind == "halt" else None


def halt(reason: str, *, clock: Callable[[], datetime] = utc_now, using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the site read-only from now on; a halt that stands stays as it is."""
    if halted(using) is None:
        Halt(kind="halt", reason=reason[:LONGEST_REASON], at=clock()).save(using=using)


def lift(reason: str, *, clock: Callable[[], datetime] = utc_now, using: str = DEFAULT_DB_ALIAS) -> None:
    """Let the log take events again. For the signer alone, after its checks passed: there is no "sign anyway"."""
    if halted(using) is not None:
        Halt(kind="resume", reason=reason[:LONGEST_REASON], at=clock()).save(using=using)


def banner(_request: HttpRequest) -> dict[str, Halted | None]:
    """`read_only` for every template: the standing halt, or None."""
    return {"read_only": halted()}
