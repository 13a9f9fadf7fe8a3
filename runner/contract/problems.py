"""What is wrong with a document: every place at once, each with what was found, what was expected and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Problem:
    """One error: `path` names the place, `remedy` says what to do about it, `code` is the refusal or finding code where there is one."""

    path: str
    found: str
    expected: str
    remedy: str
    code: str = "invalid-document"

    def as_dict(self) -> dict[str, str]:
        """The problem as it travels in problem+json: text that every encoder can carry, whatever the hostile bytes were."""
        return {name: text.encode("utf-8", "backslashreplace").decode() for name, text in asdict(self).items()}

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected} (got {self.found}); {self.remedy}"


class Problems(ValueError):
    """All errors of one document or bundle; never empty."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @property
    def codes(self) -> tuple[str, ...]:
        """The distinct codes, in order of first appearance."""
        return tuple(dict.fromkeys(problem.code for problem in self.problems))
