"""The api app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Registers the app under the label `api`."""

    name = "lynxweb.api"
