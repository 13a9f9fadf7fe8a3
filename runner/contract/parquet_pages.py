"""What the page headers of a column chunk really claim: the sum of inflated page sizes, known before a page is inflated.

The footer of a Parquet file states sizes that its pages need not keep, and a reader makes room for what each *page* says: a few bytes can
ask for gigabytes. So the headers are walked first (Thrift compact protocol, only as much of it as page headers use).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from runner.contract.problems import Problem, Problems

LARGEST_HEADER_BYTES = 4096
MOST_PAGES = 4096
_BOOLEANS, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
_SIZES = {2: "inflated", 3: "stored"}


def inflated_bytes(source: io.BufferedIOBase, chunk: Any, most: int, name: str) -> int:
    """Sum of the inflated sizes that the pages of `chunk` (a pyarrow ColumnChunkMetaData) claim; `Problems` past `most` or where they do not fit."""
    starts = [start for start in (chunk.dictionary_page_offset, chunk.data_page_offset) if start is not None and start > 0]
    place, end, total, pages = min(starts, default=4), min(starts, default=4) + chunk.total_compressed_size, 0, 0
    while place < end:
        source.seek(place)
        length, sizes = _header(source.read(min(LARGEST_HEADER_BYTES, end - place)), name)
        place, total, pages = place + length + sizes["stored"], total + sizes["inflated"], pages + 1
        if min(sizes.values()) < 0 or pages > MOST_PAGES or place > end:
            raise _refused(name, f"{chunk.path_in_schema}: pages that run past their chunk", "pages that fill their chunk")
        if total > most:
            raise _refused(name, f"{chunk.path_in_schema}: more than {most} bytes when inflated", "a table within the limits", "too-large")
    return total


def _header(content: bytes, name: str) -> tuple[int, dict[str, int]]:
    """(length of the header in bytes, the two sizes it states)."""
    sizes: dict[str, int] = {}
    cursor = _Cursor(content)
    try:
        cursor.struct(lambda field, value: sizes.__setitem__(_SIZES[field], value) if field in _SIZES else None)
    except (IndexError, RecursionError, ValueError) as error:
        raise _refused(name, "a page header that does not read", "pages as Parquet defines them") from error
    if len(sizes) != len(_SIZES):
        raise _refused(name, "a page header without its sizes", "pages as Parquet defines them")
    return cursor.at, sizes


def _refused(place: str, found: str, expected: str, code: str = "samples-malformed") -> Problems:
    return Problems([Problem(place, found, expected, "send the file exactly as the runner wrote it", code)])


class _Cursor:
    """A place in Thrift compact bytes; `IndexError` at their end, `ValueError` for what page headers never hold."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def struct(self, found: Callable[[int, int], object], depth: int = 0) -> None:
        """Walk one struct and hand every integer field of it to `found` as (field id, value)."""
        if depth > 8:
            raise ValueError("nested too deep")
        field = 0
        while (head := self._byte()) != 0:
            delta, kind = head >> 4, head & 15
            field = field + delta if delta else self._zigzag()
            value = self._value(kind, depth)
            if kind in _INTEGERS:
                found(field, value)

    def _value(self, kind: int, depth: int) -> int:
        if kind in _BOOLEANS:
            return 0
        if kind in _INTEGERS:
            return self._zigzag()
        if kind == _STRUCT:
            self.struct(lambda field, value: None, depth + 1)
        elif kind in _LISTS:
            self._list(depth)
        elif kind in (_BYTE, _DOUBLE, _BINARY):
            self._skip({_BYTE: 1, _DOUBLE: 8}.get(kind) or self._varint())
        else:
            raise ValueError(f"Thrift type {kind}")
        return 0

    def _list(self, depth: int) -> None:
        head = self._byte()
        for _ in range(head >> 4 if head >> 4 != 15 else self._varint()):
            if head & 15 in _BOOLEANS:
                self._skip(1)
            else:
                self._value(head & 15, depth + 1)

    def _byte(self) -> int:
        value = self.content[self.at]
        self.at += 1
        return value

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("varint too long")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, count: int) -> None:
        if self.at + count > len(self.content):
            raise IndexError("past the end")
        self.at += count
