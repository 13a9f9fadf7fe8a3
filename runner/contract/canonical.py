"""Canonical bytes: RFC 8785 restricted to ASCII keys, integers below 2^53 and no floats, so one value has one digest.

Inside this profile `json.dumps` with sorted keys gives the bytes of RFC 8785 (held against the `rfc8785` package by a test). The restriction
removes the three places where implementations of the full profile disagree: float text, integers past 2^53 and key order beyond ASCII.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import NoReturn

from runner.contract.problems import Problem, Problems

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 40
MOST_PROBLEMS = 100  # told of one document; whoever sends more has sent something else
LARGEST_DOCUMENT_BYTES = 8 * 1024 * 1024

_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(value: object) -> bytes:
    """The canonical UTF-8 bytes of a JSON value; raises `Problems` that name every place outside the profile."""
    _refuse(value)
    return _WRITER.encode(value).encode()


def digest(value: object) -> str:
    """Lower-case hex SHA-256 of the canonical bytes of `value`."""
    return hashlib.sha256(encode(value)).hexdigest()


def sha256(content: bytes) -> str:
    """Lower-case hex SHA-256 of bytes as they are."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes, *, canonical: bool = False) -> object:
    """The value in `content`; refuses floats, NaN, duplicate keys, integers past 2^53 - 1 and, if asked, any other spelling of the value."""
    if len(content) > LARGEST_DOCUMENT_BYTES:
        raise Problems([Problem("$", f"{len(content)} bytes", f"at most {LARGEST_DOCUMENT_BYTES} bytes", "split the document")])
    try:
        text = content.decode("utf-8")
        value = _READER.decode(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Problems([Problem("$", str(error)[:200], "one JSON document in UTF-8", "send valid JSON")]) from error
    if not _plain(text):
        _refuse(value)
    if canonical and _WRITER.encode(value) != text:
        raise Problems([Problem("$", "another spelling", "canonical JSON: sorted keys, no spaces", "encode with runner.contract.canonical")])
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Problems([Problem(ascii(twice)[1:81], "duplicate key", "each key once", "remove one of the two")])
    return found


def _no_float(text: str) -> NoReturn:
    raise Problems([Problem("$", text[:40], "an integer or a decimal string", "write fractions as decimal strings")])


def _integer(text: str) -> int:
    number = int(text) if len(text) <= 17 else None  # a text of any length could take any time
    if number is None or abs(number) > LARGEST_INTEGER:
        raise Problems([Problem("$", text[:40], "an integer with |n| < 2^53", "write larger numbers as decimal strings")])
    return number


_READER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float, parse_int=_integer)
_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(text: str) -> bool:
    """Whether nothing that the parser has read can lie outside the profile: printable ASCII without an escape, and too few brackets to nest too deep.

    Nearly every document is like that, and this looks at it a hundred times faster than at its values one by one.
    """
    return text.isascii() and text.isprintable() and "\\" not in text and text.count("{") + text.count("[") <= DEEPEST


def _refuse(value: object) -> None:
    """`Problems` for a value outside the profile; places are only written out where something is wrong, because a document may have millions."""
    if not _inside_profile(value, 0):
        raise Problems(islice(_outside_profile(value, "$", 0), MOST_PROBLEMS))


def _inside_profile(value: object, depth: int) -> bool:
    """Whether `_outside_profile` has nothing to say."""
    if depth > DEEPEST:
        return False
    if isinstance(value, str):
        return "\x00" not in value and _SURROGATE.search(value) is None
    if isinstance(value, int):
        return isinstance(value, bool) or -LARGEST_INTEGER <= value <= LARGEST_INTEGER
    if isinstance(value, dict):
        named = all(isinstance(key, str) and key.isascii() and key.isprintable() for key in value)
        return named and all(_inside_profile(inner, depth + 1) for inner in value.values())
    return value is None or (isinstance(value, (list, tuple)) and all(_inside_profile(inner, depth + 1) for inner in value))


def _outside_profile(value: object, path: str, depth: int) -> Iterator[Problem]:
    if depth > DEEPEST:
        yield Problem(path, "nesting", f"at most {DEEPEST} levels", "flatten the document")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii() or not key.isprintable():
                yield Problem(path, repr(key)[:80], "printable ASCII keys", "rename the key")
            else:
                yield from _outside_profile(inner, f"{path}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from _outside_profile(inner, f"{path}[{place}]", depth + 1)
    elif isinstance(value, str):
        if _SURROGATE.search(value) or "\x00" in value:
            yield Problem(path, "NUL or lone surrogate", "Unicode text", "remove the character")
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > LARGEST_INTEGER:
            yield Problem(path, str(value), "an integer with |n| < 2^53", "write larger numbers as decimal strings")
    elif value is not None and not isinstance(value, bool):
        yield Problem(path, f"{type(value).__name__} {value!r}"[:80], "no floats", "write fractions as decimal strings")
