"""Characters that nobody sees and that change what is read: controls, and the marks that turn the direction of a line around."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runner.contract.problems import Problem

# C0 and C1 controls but tab and line ends, and the bidirectional controls of Unicode (UAX #9).
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def hidden_problems(value: object, path: str = "$") -> Iterator[Problem]:
    """Every text of a document, keys included, that holds such a character, by its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from hidden_problems(str(key), f"{path} (a key)")
            yield from hidden_problems(inner, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from hidden_problems(inner, f"{path}[{place}]")
    elif isinstance(value, str) and (found := _HIDDEN.search(value)):
        yield Problem(path, f"the hidden character U+{ord(found[0]):04X}", "text that reads as it stands", "remove it", "hidden-character")
