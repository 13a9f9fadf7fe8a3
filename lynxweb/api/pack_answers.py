"""What answers about packs look like, and the functions that fill them from the questions' values."""

from __future__ import annotations

from dataclasses import asdict

from rest_framework import serializers

from lynxweb.api.answers import Answer
from lynxweb.review.pack_cards import PackCard, PackView


class ShownRunAnswer(Answer):
    """A run that a pack shows; `label` is null where you no longer see the run."""

    digest = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field, which its metaclass takes out of the class


class PackCardAnswer(Answer):
    """One exported pack; `sealed` packs can be downloaded, `waiting` ones as soon as a checkpoint covers their export."""

    id = serializers.CharField()
    position = serializers.IntegerField()
    exported_at = serializers.DateTimeField()
    exported_by = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    runs = ShownRunAnswer(many=True)
    decision = serializers.CharField(allow_null=True)
    with_samples = serializers.BooleanField()
    state = serializers.ChoiceField(choices=["waiting", "sealed"])


class PackListAnswer(Answer):
    """The newest packs of the organisation."""

    results = PackCardAnswer(many=True)


class PackFileAnswer(Answer):
    """One file that the export binds."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField()


class LeftOutAnswer(Answer):
    """Bytes that the pack names and does not hold."""

    sha256 = serializers.CharField()
    what = serializers.CharField()
    reason = serializers.CharField()


class PackAnswer(PackCardAnswer):
    """One pack with its contents and the checkpoint it rests on (`checkpoint_size` is null while it waits)."""

    content_sha256 = serializers.CharField()
    verifier_sha256 = serializers.CharField(help_text="SHA-256 of the verify.py inside. Compare it with one that reached you over another channel.")
    files = PackFileAnswer(many=True)
    omitted = LeftOutAnswer(many=True)
    earlier = serializers.ListField(child=serializers.IntegerField(), help_text="Log sizes from which it proves consistency.")
    checkpoint_size = serializers.IntegerField(allow_null=True)
    checkpoint_root = serializers.CharField(allow_null=True)
    url = serializers.CharField(help_text="Where its bytes are.")


def pack_card(card: PackCard) -> dict[str, object]:
    """The answer for one pack of a list."""
    return asdict(card)


def pack(view: PackView, url: str) -> dict[str, object]:
    """The answer for one pack."""
    kept = view.checkpoint
    return {
        **pack_card(view.card), "content_sha256": view.content_sha256, "verifier_sha256": view.verifier_sha256,
        "files": [asdict(one) for one in view.files], "omitted": [asdict(one) for one in view.omitted], "earlier": list(view.earlier),
        "checkpoint_size": kept and kept.size, "checkpoint_root": kept and kept.root.hex(), "url": url,
    }  # fmt: skip
