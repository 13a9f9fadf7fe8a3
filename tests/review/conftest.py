"""A site of its own for each test, as the registry's tests have it, with two laboratories."""

from __future__ import annotations

import pytest

from tests.registry.conftest import own_folders
from tests.registry.world import world
from tests.review.committee import by, decided
from tests.review.people import Cast, cast_of

__all__ = ["by", "decided", "own_folders"]


@pytest.fixture
def cast(db: None) -> Cast:
    """Two laboratories, a node of the first with its key and token, and a published methodology."""
    return cast_of(world())
