"""Files in storage under their SHA-256: whole or absent, written aside, flushed to the disk and moved into place."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from lynxweb.registry import redacting

DRAFT = ".part"


def name_of(sha256: str) -> str:
    """Where a file lives: its digest under a folder of its first two digits."""
    return f"{sha256[:2]}/{sha256}"


def put(sha256: str, content: bytes) -> bool:
    """Make sure that storage holds `content` under its digest; whether it did not before. Raises `Redacted` for bytes that were taken out."""
    storage = _storage()
    if storage.exists(name_of(sha256)):
        return False
    if (missing := redacting.gone(sha256)) is not None:
        raise missing
    if isinstance(storage, FileSystemStorage):
        _place(Path(storage.path(name_of(sha256))), content)
    else:
        storage.save(name_of(sha256), ContentFile(content))
    return True


def fetch(sha256: str) -> bytes:
    """The bytes of a stored file; `Redacted` where they were taken out, FileNotFoundError where there are none for no reason on record."""
    try:
        with _storage().open(name_of(sha256)) as handle:
            return cast(bytes, handle.read())
    except FileNotFoundError as error:
        raise redacting.gone(sha256) or error from error


def holds(sha256: str) -> bool:
    """Whether storage has the file."""
    return _storage().exists(name_of(sha256))


def remove(sha256: str) -> None:
    """Take a file out that no row refers to, with what was left of writing it; nothing where there is none."""
    storage = _storage()
    if isinstance(storage, FileSystemStorage):
        place = Path(storage.path(name_of(sha256)))
        for draft in place.parent.glob(f".{place.name}.*"):
            draft.unlink(missing_ok=True)
    if storage.exists(name_of(sha256)):
        storage.delete(name_of(sha256))


def incoming() -> Path:
    """The folder where uploads wait until they are judged; made at first use, mode 0700."""
    folder = Path(settings.LYNXWEB_HOME) / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_upload() -> tuple[Path, BinaryIO]:
    """A fresh file for one upload, open for reading and writing, mode 0600."""
    path = incoming() / f"{secrets.token_hex(16)}{DRAFT}"
    return path, os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def leftovers() -> Iterable[Path]:
    """Uploads that a crash left behind."""
    return sorted(incoming().glob(f"*{DRAFT}"))


def _storage() -> Storage:
    return storages["default"]


def _place(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
