"""A site of its own for each test: database, storage and incoming folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.registry.world import World, world


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> Path:
    """Storage and incoming folder under this test's own folder; tasks run at once, in this process."""
    settings.LYNXWEB_HOME = tmp_path
    settings.LYNXWEB_STORAGE = tmp_path / "storage"
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "storage"}}
    }
    return tmp_path


@pytest.fixture
def site(db: None) -> World:
    """Organisation, person, node, key, token and a published methodology."""
    return world()
