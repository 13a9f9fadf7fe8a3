"""A declaration's nonce cannot be older than the newest checkpoint, nor known before it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from lynxweb.audit import checkpoints, signing
from lynxweb.registry.declaration import declare
from runner.contract.canonical import sha256
from tests import builders
from tests.registry.world import world


@pytest.mark.django_db
def test_a_nonce_is_hashed_from_the_newest_checkpoint_or_from_zeros_before_the_first(tmp_path: Path, settings: Any) -> None:
    site = world()
    shutil.copy(settings.LYNXWEB_SIGNER_HOME / "log.pem", tmp_path / "log.pem")

    def nonce(request: str) -> str:
        return declare(site.node_actor, builders.methodology().sha256, request_id=request, random_bytes=lambda count: b"r" * count).nonce

    assert nonce("first") == sha256(bytes(32) + b"r" * 32)
    signing.sign(folder=tmp_path)
    newest = checkpoints.newest()
    assert newest is not None
    assert nonce("second") == sha256(newest.text.encode() + b"r" * 32)
