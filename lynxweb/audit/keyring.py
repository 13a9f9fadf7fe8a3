"""The site's own private keys: one PEM file each, mode 0600, made at first start and never overwritten."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from runner.contract.keys import KEY_BYTES, SigningKey

LOG_KEY, RECEIPT_KEY = "log.pem", "receipt.pem"


class Exposed(PermissionError):
    """A private key file that others can read."""


def kept_key(folder: Path, name: str, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> SigningKey:
    """The key in `folder/name`, made if there is none; of several processes that start together the first one's key wins."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        _publish(path, SigningKey(random_bytes(KEY_BYTES)).to_pem())
    return read_key(path)


def move_key(name: str, old: Path, new: Path) -> None:
    """Take the key `name` from folder `old` to folder `new`, where it is still in the old place only; it is never in neither."""
    if (old / name).exists() and not (new / name).exists():
        new.mkdir(parents=True, exist_ok=True, mode=0o700)
        _publish(new / name, read_key(old / name).to_pem())
        (old / name).unlink()


def read_key(path: Path) -> SigningKey:
    """The key in `path`; refuses a file that anybody but its owner can read."""
    if path.stat().st_mode & 0o077:
        raise Exposed(f"{path}: others can read this private key; chmod 600 it, and rotate it if anybody may have")
    return SigningKey.from_pem(path.read_bytes())


def _publish(path: Path, pem: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
        handle.write(pem)
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
