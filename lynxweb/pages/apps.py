"""The pages app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Registers the app under the label `pages`."""

    name = "lynxweb.pages"
