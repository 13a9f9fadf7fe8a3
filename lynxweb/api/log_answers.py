"""What answers about the log look like, and the functions that fill them from the questions' values."""

from __future__ import annotations

from dataclasses import asdict

from rest_framework import serializers

from lynxweb.api.answers import Answer
from lynxweb.audit.checkpoints import StoredCheckpoint
from lynxweb.review.log_cards import ConsistencyProof, EventView, InclusionProof, LogPage, LogRow, LogState


class CheckpointAnswer(Answer):
    """A published checkpoint (C2SP tlog-checkpoint); `note` is the signed text, and all that needs to be kept."""

    origin = serializers.CharField()
    size = serializers.IntegerField()
    root = serializers.CharField(help_text="Hex.")  # type: ignore[assignment]  # a field, which its metaclass takes out of the class
    note = serializers.CharField()
    text_sha256 = serializers.CharField(help_text="SHA-256 of the signed text, without the signatures.")
    published_at = serializers.DateTimeField()
    verifier_key = serializers.CharField(help_text="The key that `log.open` names. Compare it with one that reached you over another channel.")
    log_size = serializers.IntegerField(help_text="Events in the log now, those that no checkpoint covers included.")
    two_person_rule = serializers.BooleanField()
    witness_level = serializers.CharField(help_text="W0: nobody but the log itself signed it; the copy that you keep is the witness.")


class LogLineAnswer(Answer):
    """One position of the log; where the object is not yours to see, all but position and leaf digest is null."""

    position = serializers.IntegerField()
    leaf_digest = serializers.CharField()
    visible = serializers.BooleanField()
    time = serializers.CharField(allow_null=True)
    action = serializers.CharField(allow_null=True)
    actor = serializers.CharField(allow_null=True)
    role = serializers.CharField(allow_null=True)
    object_type = serializers.CharField(allow_null=True)
    object_id = serializers.CharField(allow_null=True)
    object_rev = serializers.IntegerField(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class LogListAnswer(Answer):
    """A piece of the log, newest first."""

    results = LogLineAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class AttachedAnswer(Answer):
    """A document that an event names; `text` is null with the reason in `why` where it is not shown."""

    role = serializers.ChoiceField(choices=["payload", "before", "after"])
    digest = serializers.CharField()
    text = serializers.CharField(allow_null=True)
    why = serializers.CharField(allow_blank=True)


class CheckedAnswer(Answer):
    """One thing that the site checked: what, against what, and how it came out."""

    what = serializers.CharField()
    against = serializers.CharField()
    holds = serializers.BooleanField()
    why = serializers.CharField(allow_blank=True)


class InclusionAnswer(Answer):
    """That the tree of `size` events under `root` holds the leaf at `position` (RFC 6962); hashes in hex, from the leaf's sibling upwards."""

    position = serializers.IntegerField()
    size = serializers.IntegerField()
    leaf_digest = serializers.CharField()
    root = serializers.CharField()  # type: ignore[assignment]  # as above
    hashes = serializers.ListField(child=serializers.CharField())


class ConsistencyAnswer(Answer):
    """That the tree of `size` events begins with that of `earlier` events (RFC 6962); hashes in hex."""

    earlier = serializers.IntegerField()
    size = serializers.IntegerField()
    earlier_root = serializers.CharField()
    root = serializers.CharField()  # type: ignore[assignment]  # as above
    hashes = serializers.ListField(child=serializers.CharField())


class LogEventAnswer(Answer):
    """One event; `leaf` is its exact text, `proof` null until a checkpoint holds it."""

    position = serializers.IntegerField()
    leaf_digest = serializers.CharField()
    leaf = serializers.CharField()
    fields = serializers.DictField()  # type: ignore[assignment]  # as above
    previous = serializers.IntegerField(allow_null=True)
    next = serializers.IntegerField(allow_null=True)
    documents = AttachedAnswer(many=True)
    proof = InclusionAnswer(allow_null=True)
    holds = serializers.BooleanField(help_text="Whether the site's own check of leaf, proof and signature passes.")
    checked = CheckedAnswer(many=True)


def checkpoint(state: LogState, kept: StoredCheckpoint) -> dict[str, object]:
    """The answer for the newest checkpoint."""
    return {
        "origin": state.origin, "size": kept.size, "root": kept.root.hex(), "note": kept.note.decode(), "text_sha256": kept.sha256,
        "published_at": kept.published_at, "verifier_key": state.vkey, "log_size": state.size, "two_person_rule": state.two_person_rule,
        "witness_level": "W0",
    }  # fmt: skip


def log_line(row: LogRow) -> dict[str, object]:
    """The answer for one position of the log."""
    said = dict.fromkeys(set(LogLineAnswer().get_fields()) - {"position", "leaf_digest", "visible"}) if row.said is None else vars(row.said)
    return {"position": row.position, "leaf_digest": row.leaf_digest, "visible": row.said is not None, **said}


def log_page(page: LogPage) -> dict[str, object]:
    """The answer for a piece of the log."""
    return {"results": [log_line(row) for row in page.rows], "next": page.next}


def inclusion(proof: InclusionProof) -> dict[str, object]:
    """The answer for an inclusion proof."""
    return {name: value for name, value in vars(proof).items() if name != "steps"}


def consistency(proof: ConsistencyProof) -> dict[str, object]:
    """The answer for a consistency proof."""
    return asdict(proof)


def log_event(view: EventView) -> dict[str, object]:
    """The answer for one event."""
    return {
        "position": view.row.position, "leaf_digest": view.row.leaf_digest, "leaf": view.raw, "fields": view.fields, "previous": view.previous,
        "next": view.next, "documents": [asdict(one) for one in view.attached], "proof": view.proof and inclusion(view.proof),
        "holds": view.holds, "checked": [asdict(one) for one in view.checked],
    }  # fmt: skip
