"""Texts that others wrote, such as the error of a request, before they enter a signed document."""

from __future__ import annotations

from runner.contract.canary import scan

MOST_CHARACTERS = 1_900  # what a limitation may hold, less the words before an error


def scrubbed(text: str) -> str:
    """`text`, at most 1,900 characters of it; a neutral sentence in its place where it holds what looks like a secret or an identity."""
    kinds = dict.fromkeys(problem.found.removeprefix("looks like a ") for problem in scan(text))
    if kinds:
        return f"(a text with a {' and a '.join(kinds)} was left out)"
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
