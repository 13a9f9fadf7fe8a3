"""A site and a way to call its API as a node, as a person, or as nobody."""

from __future__ import annotations

from tests.registry.conftest import own_folders, site

__all__ = ("own_folders", "site")
