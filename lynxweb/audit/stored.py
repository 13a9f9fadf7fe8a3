"""Stored bytes against the digests that name them: documents under their SHA-256, private values under their commitments."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, PrivateValue
from lynxweb.audit.projections import CONTENTS, HOLDERS
from runner.contract.canonical import encode, sha256
from runner.contract.problems import Problems

ROWS_AT_ONCE = 200
DIGESTS_AT_ONCE = 500


@dataclass(frozen=True)
class ReplayFault:
    """One column of one row that is not what the log says: table, key of the row, column and what is wrong."""

    table: str
    key: str
    field: str
    what: str


def content_faults(using: str, redacted: frozenset[str]) -> Iterator[ReplayFault]:
    """Documents whose bytes are not those of their digest; redacted ones have none, and that is no fault."""
    for one in CONTENTS.values():
        model = apps.get_model(one.model)
        rows = model._base_manager.using(using).values_list(one.key, one.content)
        for digest, content in rows.iterator(chunk_size=ROWS_AT_ONCE):
            found = bytes(content)
            if sha256(found) != digest and not (not found and digest in redacted):
                yield ReplayFault(model._meta.db_table, str(digest), one.content, "not the bytes of this digest")


def payload_faults(payloads: Mapping[str, int], using: str) -> Iterator[ReplayFault]:
    """Attached documents that no table holds any more; a redacted one keeps its row."""
    digests = list(payloads)
    for start in range(0, len(digests), DIGESTS_AT_ONCE):
        left = set(digests[start : start + DIGESTS_AT_ONCE])
        for model in map(apps.get_model, sorted(HOLDERS)):
            left -= set(model._base_manager.using(using).filter(pk__in=left).values_list("pk", flat=True))
        for digest in sorted(left):
            yield ReplayFault("audit_document", digest, "digest", f"event {payloads[digest]} attaches this document, and it is gone")


def private_faults(using: str) -> Iterator[ReplayFault]:
    """Openings that do not open the commitment in their leaf; an opening that is gone may have been erased."""
    rows = PrivateValue.objects.using(using).order_by("seq", "name")
    for one in rows.iterator(chunk_size=ROWS_AT_ONCE):
        if _commitment(one) != _stated(one.seq, one.name, using):
            yield ReplayFault("private_value", f"{one.seq} {one.name}", "value", "does not open the commitment in the leaf")


def opens(seq: int, name: str, value: object, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether one commitment is kept open, and to this value."""
    one = PrivateValue.objects.using(using).filter(seq=seq, name=name).first()
    return one is not None and bytes(one.value) == encode(value)


def _commitment(one: PrivateValue) -> str:
    return base64.b64encode(hashlib.sha256(bytes(one.salt) + bytes(one.value)).digest()).decode()


def _stated(seq: int, name: str, using: str) -> str | None:
    leaf = Event.objects.using(using).filter(seq=seq).values_list("leaf", flat=True).first()
    try:
        return None if leaf is None else (leaf_fields(leaf)["commit"] or {}).get(name)
    except Problems:
        return None
