"""What requests must look like; a field that nobody knows is an error."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

HEX_DIGEST = r"^[0-9a-f]{64}$"
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,80}")


class Strict(serializers.Serializer[Any]):
    """A request body whose unknown fields are errors."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values."""
        strange = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if strange:
            raise serializers.ValidationError({str(name)[:80]: "unknown field" for name in strange})
        return super().to_internal_value(data)


class Reasoned(Strict):
    """A request for an act that a person answers for."""

    reason = serializers.CharField(
        required=False, max_length=2000, min_length=10, help_text="Why; public and permanent. People must say it, nodes need not."
    )


class EnrolNode(Reasoned):
    """A node introduces itself with its public key and the proof that it holds the private one."""

    name = serializers.CharField(max_length=80)
    public_key = serializers.RegexField(HEX_DIGEST, help_text="The raw Ed25519 public key, 32 bytes in hex.")
    proof = serializers.RegexField(
        r"^[0-9a-f]{128}$", help_text="The key's signature over purpose `node-enrolment`, the enrolment token's id, name and key."
    )


class Declare(Strict):
    """A promise to measure."""

    methodology = serializers.RegexField(HEX_DIGEST)
    node = serializers.CharField(max_length=40, required=False, help_text="Which node; a node declares for itself.")


class Publish(Reasoned):
    """A methodology document; its digest is taken over its canonical form."""

    methodology = serializers.DictField()


class Compare(Strict):
    """Two runs and the question."""

    a = serializers.RegexField(HEX_DIGEST)
    b = serializers.RegexField(HEX_DIGEST)
    policy = serializers.CharField(max_length=80, help_text="`iso-precision` or `precision-study`, with or without its version.")
    acknowledged = serializers.ListField(child=serializers.CharField(max_length=10), required=False, max_length=20)


class Page(serializers.Serializer[Any]):
    """Which piece of a list."""

    after = serializers.CharField(max_length=40, required=False, help_text="The `next` of the piece before.")
    limit = serializers.IntegerField(min_value=1, max_value=200, required=False)
