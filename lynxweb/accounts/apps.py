"""The accounts app, as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app under the label `accounts`."""

    name = "lynxweb.accounts"
