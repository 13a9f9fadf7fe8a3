"""A signed-in reader of a site whose runs came through the real intake."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.pages.laboratories import Laboratories, laboratories
from tests.pages.shelf import Shelf, fill
from tests.registry.conftest import own_folders, site
from tests.registry.world import World

__all__ = ("own_folders", "site")


@pytest.fixture
def shelf(site: World) -> Shelf:
    """Three accepted runs: A and B at fp32 under two runtimes, C as B but at int8."""
    return fill(site)


@pytest.fixture
def reader(site: World) -> Client:
    """A browser of the person who may see them, signed in."""
    client = Client()
    client.force_login(site.person, backend="lynxweb.accounts.passwords.EmailOrName")
    return client


@pytest.fixture
def labs(site: World) -> Laboratories:
    """Two laboratories: one measures, the other reviews."""
    return laboratories(site)
