"""How requests are read: JSON in the contract's strict profile, and bundles as the stream they are."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import IO, Any

from django.http import HttpRequest
from django.http.request import UnreadablePostError
from rest_framework.parsers import BaseParser

from lynxweb.registry.refusing import Refused, refused
from runner.contract.canonical import LARGEST_DOCUMENT_BYTES, decode
from runner.contract.problems import Problems

BUNDLE_TYPE = "application/vnd.lynxweb.bundle"
_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:,|$)")


class StrictJSONParser(BaseParser):
    """JSON without floats, NaN, duplicate keys or integers past 2^53 - 1: what a digest could not pin is not read at all."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The value in the body; `Refused` with the place of what is wrong."""
        content = stream.read(LARGEST_DOCUMENT_BYTES + 1)
        if len(content) > LARGEST_DOCUMENT_BYTES:
            raise refused("too_large", "$", f"more than {LARGEST_DOCUMENT_BYTES} bytes", "a smaller document", "split the document", "too-large")
        try:
            return decode(content)
        except Problems as found:
            raise Refused("malformed", found.problems) from found


class Body:
    """The body of a request as a stream; a client that goes away ends it early, and the length tells."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        try:
            return self._request.read(size)
        except UnreadablePostError:
            return b""


def stated_length(request: HttpRequest) -> int:
    """Content-Length, which an upload must state."""
    text = request.headers.get("Content-Length", "")
    if not text.isascii() or not text.isdecimal():
        raise refused("malformed", "Content-Length", text[:40] or "absent", "the length in bytes", "state the length", "content-length")
    return int(text)


def stated_sha256(request: HttpRequest) -> str:
    """The SHA-256 of `Content-Digest` (RFC 9530) in hex, which an upload must state."""
    text = request.headers.get("Content-Digest", "")
    matched = _SHA256.search(text)
    try:
        if matched:
            return base64.b64decode(matched[1], validate=True).hex()
    except binascii.Error:
        pass
    raise refused("malformed", "Content-Digest", text[:80] or "absent", "sha-256=:<base64>:", "state the digest of the bytes", "content-digest")


def content_digest(sha256: str) -> str:
    """The `Content-Digest` header of bytes with this hex SHA-256."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
