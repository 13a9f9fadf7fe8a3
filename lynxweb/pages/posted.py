"""What a form sent, turned into the values that acts take; what cannot be read is a problem, never a guess."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import QueryDict

from runner.contract.problems import Problem, Problems


def text(posted: QueryDict, name: str) -> str:
    """What was typed, line ends as people mean them, without spaces around it."""
    return str(posted.get(name, "")).replace("\r\n", "\n").strip()


def optional(posted: QueryDict, name: str) -> str | None:
    """What was typed; None for nothing."""
    return text(posted, name) or None


def whole_number(posted: QueryDict, name: str) -> int:
    """A whole number of at most 12 digits; `Problems` for anything else."""
    typed = text(posted, name)
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 12:
        raise Problems([Problem(name, typed[:40] or "nothing", "a whole number", "type digits alone", "not-a-number")])
    return int(typed)


def moment(posted: QueryDict, name: str) -> datetime | None:
    """A date and time in UTC as a browser's field sends it; None for nothing, `Problems` for anything else."""
    typed = text(posted, name)
    if not typed:
        return None
    try:
        return datetime.strptime(typed[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise Problems([Problem(name, typed[:40], "a date and time such as 2026-01-31T12:00", "write it in UTC", "not-a-time")]) from error


def listed(posted: QueryDict, name: str) -> list[str]:
    """The words of a field, however they are separated."""
    return text(posted, name).replace(",", " ").split()
