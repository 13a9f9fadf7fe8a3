"""Ranges of runner versions: comparisons joined by commas, such as `>=0.1,<1`, over dotted numbers."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

RANGE = re.compile(r"^(>=|<=|>|<|==)([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})$")
_OPERATORS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


def parse(text: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The comparisons of a range; ValueError for anything else."""
    found = [RANGE.match(part.strip()) for part in text.split(",")]
    if not all(found):
        raise ValueError(f"{text!r} is no range of versions; write comparisons such as >=0.1,<1")
    return tuple((match[1], numbers(match[2])) for match in found if match)


def numbers(version: str) -> tuple[int, ...]:
    """The first numbers of a version, padded to four: `0.1.0.dev3` is (0, 1, 0, 0)."""
    leading = re.match(r"^[0-9]+(?:\.[0-9]+)*", version)
    parts = [int(part) for part in leading[0].split(".")][:4] if leading else []
    return (*parts, *([0] * (4 - len(parts))))


def within(version: str, text: str) -> bool:
    """Whether `version` satisfies every comparison of the range."""
    return all(_OPERATORS[word](numbers(version), bound) for word, bound in parse(text))
