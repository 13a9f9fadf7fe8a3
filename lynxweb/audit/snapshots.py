"""Snapshots: what an object is after an act, as a canonical document under its digest, so that a replay can name the field that differs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models

from lynxweb.audit.leaf import instant
from lynxweb.audit.models import LogDocument
from runner.contract.canonical import encode, sha256


def keep(value: object, using: str = DEFAULT_DB_ALIAS) -> str:
    """Store a JSON value (or canonical bytes) once under the SHA-256 of its canonical bytes, and return that digest (hex)."""
    content = bytes(value) if isinstance(value, (bytes, memoryview)) else encode(value)
    digest = sha256(content)
    if not LogDocument.objects.using(using).filter(digest=digest).exists():
        LogDocument(digest=digest, content=content).save(using=using)
    return digest


def row(instance: models.Model, leaving_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every column of a row as JSON: times with six digits and Z, bytes as `sha256:HEX`, keys of other rows by their value."""
    columns = {field.attname: field.value_from_object(instance) for field in instance._meta.concrete_fields}
    return {name: _plain(value) for name, value in columns.items() if name not in leaving_out}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (bytes, memoryview)):
        return f"sha256:{sha256(bytes(value))}"
    return value
