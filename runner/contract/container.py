"""The bundle's container: a ZIP with one spelling. Entries are stored, in order, contiguous, with fixed times; any other ZIP is refused.

Any unzip reads it. We read it with our own strict parser, because general ZIP readers accept duplicates, overlaps, links, hidden bytes and
declared sizes that are not true (and a re-zipped bundle would be another file with the same meaning).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from runner.contract.problems import Problem, Problems

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
MOST_MEMBERS = 16
LARGEST_MEMBER_BYTES = 96 * 1024 * 1024
LARGEST_BUNDLE_BYTES = 128 * 1024 * 1024
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_DATE = (0, 33)  # time 00:00:00, date 1980-01-01


def write(members: Mapping[str, bytes]) -> bytes:
    """The container's bytes for `members`, in the given order."""
    local, central = bytearray(), bytearray()
    for name, content in members.items():
        crc, offset = zlib.crc32(content), len(local)
        central += _central(name, crc, len(content), offset)
        local += _local(name, crc, len(content)) + content
    return bytes(local + central + _end(len(members), len(central), len(local)))


def read(source: BinaryIO) -> dict[str, bytes]:
    """The members of a container; `Problems` unless its bytes are exactly those that `write` gives for them."""
    members: dict[str, bytes] = {}
    central, offset = bytearray(), 0
    while True:
        header = source.read(_LOCAL.size)
        if header[:4] != b"PK\x03\x04":
            break
        name, content = _member(source, header, members)
        members[name] = content
        central += _central(name, zlib.crc32(content), len(content), offset)
        offset += _LOCAL.size + len(name) + len(content)
        if len(members) > MOST_MEMBERS or offset > LARGEST_BUNDLE_BYTES:
            raise _refused("members", f"{len(members)} members, {offset} bytes", f"at most {MOST_MEMBERS} and {LARGEST_BUNDLE_BYTES} bytes")
    rest = header + source.read(len(central) + _END.size + 1)
    if rest != bytes(central) + _end(len(members), len(central), offset) or not members:
        raise _refused("directory", "truncated, repacked or with extra bytes", "the container exactly as the runner wrote it")
    return members


def _member(source: BinaryIO, header: bytes, members: Mapping[str, bytes]) -> tuple[str, bytes]:
    if len(header) < _LOCAL.size:
        raise _refused("header", "truncated", "a whole container")
    *_, crc, size, _, name_bytes, _ = _LOCAL.unpack(header)
    raw = source.read(min(name_bytes, 200))
    name = raw.decode("ascii", "replace")
    if not NAME.fullmatch(name):
        raise _refused("name", repr(name)[:80], "a plain lower-case file name")
    if name in members:
        raise _refused(name, "twice in the container", "each member once")
    if size > LARGEST_MEMBER_BYTES:
        raise _refused(name, f"{size} bytes", f"at most {LARGEST_MEMBER_BYTES} bytes", "too-large")
    content = source.read(size)
    if len(content) != size:
        raise _refused(name, f"{len(content)} of {size} bytes", "a whole member")
    if header + raw != _local(name, zlib.crc32(content), size) or crc != zlib.crc32(content):
        raise _refused(name, "compressed, altered or repacked", "a stored member exactly as the runner wrote it")
    return name, content


def _refused(place: str, found: str, expected: str, code: str = "container") -> Problems:
    return Problems([Problem(f"bundle.{place}", found, expected, "send the bundle file unchanged", code)])


def _local(name: str, crc: int, size: int) -> bytes:
    return _LOCAL.pack(b"PK\x03\x04", 20, 0, 0, *_DATE, crc, size, size, len(name), 0) + name.encode()


def _central(name: str, crc: int, size: int, offset: int) -> bytes:
    fixed = _CENTRAL.pack(b"PK\x01\x02", 20, 20, 0, 0, *_DATE, crc, size, size, len(name), 0, 0, 0, 0, 0, offset)
    return fixed + name.encode()


def _end(count: int, size: int, offset: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, 0)
