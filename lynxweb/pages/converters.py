"""Path converters: a digest in an address is 64 lower-case hex digits, or the address is unknown."""

from __future__ import annotations


class DigestConverter:
    """Accepts a SHA-256 in lower-case hex."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        """The digest as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """The digest as it is written into an address."""
        return value
