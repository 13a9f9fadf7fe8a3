"""One check: what it looked at, how that turned out, what was seen, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["ok", "warn", "fail", "not_applicable"]


@dataclass(frozen=True)
class Check:
    """`remedy` is empty where nothing is to be done. `fail` means that a run here would fail or mislead, `warn` that it would say less."""

    name: str
    outcome: Outcome
    seen: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """The check as it is printed under --json."""
        return asdict(self)


def fine(name: str, seen: str) -> Check:
    """All is well."""
    return Check(name, "ok", seen)


def wanting(name: str, outcome: Literal["warn", "fail"], seen: str, remedy: str) -> Check:
    """Something is to be done."""
    return Check(name, outcome, seen, remedy)


def irrelevant(name: str, seen: str) -> Check:
    """There is nothing of this kind to look at, or no way to see it from here."""
    return Check(name, "not_applicable", seen)
