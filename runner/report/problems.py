"""What went wrong, as text and as the problem document that the API also speaks."""

from __future__ import annotations

from collections.abc import Mapping

from runner.contract.problems import Problems
from runner.report.tables import wrapped

ROOM = 110


def problem_document(problems: Problems, title: str = "The document or request cannot be used") -> dict[str, object]:
    """The problem object of RFC 9457 with every error and its place."""
    return {
        "type": "about:blank",
        "title": title,
        "code": problems.codes[0],
        "detail": str(problems.problems[0]),
        "errors": [problem.as_dict() for problem in problems.problems],
    }


def plain_problem(code: str, title: str, detail: str) -> dict[str, object]:
    """A problem object without places."""
    return {"type": "about:blank", "title": title, "code": code, "detail": detail, "errors": []}


def problem_lines(problem: Mapping[str, object]) -> list[str]:
    """A problem object as text: every error with what was found, what was expected and the remedy."""
    errors = problem.get("errors")
    told = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    if not told:
        return [f"{problem.get('title')}: {problem.get('detail')}"]
    lines = [f"{problem.get('title')} ({len(told)} {'error' if len(told) == 1 else 'errors'})"]
    for error in told:
        lines.append(f"  {error.get('path')}  [{error.get('code')}]")
        lines += wrapped(f"expected {error.get('expected')}, got {error.get('found')}; {error.get('remedy')}", ROOM, "      ")
    return lines
