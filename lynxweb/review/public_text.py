"""Text that an act makes public for ever: long enough to say something, short enough to be read, and without secrets or identities."""

from __future__ import annotations

from collections.abc import Iterator

from runner.contract.canary import scan
from runner.contract.problems import Problem

SHORTEST, LONGEST = 10, 2000


def text_problems(path: str, text: str, *, shortest: int = SHORTEST, longest: int = LONGEST) -> Iterator[Problem]:
    """What is wrong with a text before it is kept; a leak is named by its kind and place and not repeated."""
    if not shortest <= len(text.strip()) or len(text) > longest:
        yield Problem(path, f"{len(text.strip())} characters", f"{shortest} to {longest:,} characters", "the text is public and permanent", "text")
    if any(not (one.isprintable() or one == "\n") for one in text):
        yield Problem(path, "control characters", "printable text and line breaks", "remove them", "text")
    yield from scan(text, path)
