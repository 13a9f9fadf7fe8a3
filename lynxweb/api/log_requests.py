"""What requests about the log and about packs must look like."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lynxweb.api.requests import HEX_DIGEST, Page, Reasoned

MOST_HELD = 100
LARGEST = 2**53 - 1


class NoteFormat(serializers.Serializer[Any]):
    """In which form a checkpoint is wanted."""

    format = serializers.ChoiceField(choices=["json", "note"], required=False, help_text="`note` gives the signed note alone, as text.")


class LogEvents(Page):
    """Which events."""

    action = serializers.CharField(max_length=200, required=False)
    object_type = serializers.CharField(max_length=200, required=False)
    actor = serializers.CharField(max_length=200, required=False)
    object_id = serializers.CharField(max_length=200, required=False)


class Inclusion(serializers.Serializer[Any]):
    """Of which event, in which tree."""

    seq = serializers.IntegerField(min_value=0, max_value=LARGEST)
    size = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, help_text="The newest checkpoint's, where it is not named.")


Consistency = type(
    "Consistency",
    (serializers.Serializer,),
    {
        "__doc__": "Between which two trees.",
        "__module__": __name__,
        "from": serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="The size that you kept."),
        "to": serializers.IntegerField(min_value=1, max_value=LARGEST),
    },
)


class ExportPack(Reasoned):
    """What a pack shall show: runs, or a decision with all that it cites."""

    runs = serializers.ListField(child=serializers.RegexField(HEX_DIGEST), required=False, max_length=50)
    decision = serializers.RegexField(HEX_DIGEST, required=False)
    with_samples = serializers.BooleanField(required=False, default=True)
    held = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), required=False, max_length=MOST_HELD,
        help_text="Log sizes whose checkpoints you keep; the pack proves that the log only grew from them.",
    )  # fmt: skip
