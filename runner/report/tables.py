"""Columns of text that line up, without borders, so that they read on a terminal, in a log and in a mail."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

GAP = "  "


def columns(rows: Iterable[Sequence[str]], *, indent: str = "", right: Sequence[int] = ()) -> list[str]:
    """One line a row; columns in `right` are aligned to the right, the last column is never padded."""
    table = [list(row) for row in rows]
    widths = [max(width(row[place]) for row in table if place < len(row)) for place in range(max(map(len, table), default=0))]
    return [indent + GAP.join(_cells(row, widths, right)).rstrip() for row in table]


def _cells(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> Iterable[str]:
    for place, cell in enumerate(row):
        room = " " * (widths[place] - width(cell))
        yield room + cell if place in right else cell if place == len(row) - 1 else cell + room


def width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, room: int, indent: str) -> list[str]:
    """`text` in lines of at most `room` columns, each begun with `indent`; long words stay whole."""
    lines, line = [], ""
    for word in text.split():
        if line and width(line) + 1 + width(word) > room - len(indent):
            lines.append(indent + line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, indent + line] if line else lines
