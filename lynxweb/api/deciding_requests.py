"""What requests of a committee must look like; the contract judges the documents themselves."""

from __future__ import annotations

from rest_framework import serializers

from lynxweb.api.requests import HEX_DIGEST, Reasoned, Strict


class PublishRequirement(Reasoned):
    """A requirement document; its digest is taken over its canonical form."""

    requirement = serializers.DictField(help_text="requirement/v1 as in docs/schemas/requirement.v1.schema.json")


class NamedCandidate(Strict):
    """A configuration and the name that the decision uses for it."""

    fingerprint = serializers.RegexField(HEX_DIGEST)
    name = serializers.CharField(max_length=300)


class SaidDissent(Strict):
    """What a member holds against the decision."""

    actor = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=4000)


class WatchedTrigger(Strict):
    """What asks for a new look."""

    kind = serializers.CharField(max_length=40)
    at = serializers.CharField(max_length=40, required=False, allow_null=True, default=None, help_text="An instant; for kind `date` alone.")
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class DraftDecision(Strict):
    """What a committee says itself; answers, methodologies and the state of the log are computed."""

    requirement = serializers.RegexField(HEX_DIGEST)
    question = serializers.CharField(max_length=2000)
    candidates = NamedCandidate(many=True)
    chosen = serializers.RegexField(HEX_DIGEST, allow_null=True, required=False, default=None, help_text="One that meets the requirement, or null.")
    rationale = serializers.CharField(max_length=20_000)
    dissent = SaidDissent(many=True, required=False)
    valid_until = serializers.CharField(max_length=40, help_text="An instant such as 2027-01-01T00:00:00.000000Z.")
    members = serializers.ListField(child=serializers.CharField(max_length=200), max_length=50, help_text="Actor ids of those who are to sign.")
    triggers = WatchedTrigger(many=True, required=False, help_text="Everything is watched where none is named.")
    pack_sha256 = serializers.RegexField(HEX_DIGEST, allow_null=True, required=False, default=None)


class SignDecision(Reasoned):
    """A drafted decision document, signed as a whole."""

    decision = serializers.DictField(help_text="decision/v1 as the draft gave it, unchanged.")


class SignStored(Reasoned):
    """A later member's signature under the stored document."""


class AppendAddendum(Reasoned):
    """A later word on a signed decision."""

    text = serializers.CharField(max_length=20_000)
