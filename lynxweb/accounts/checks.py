"""System checks of the accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning

W001 = "acts of reviewers, publishers, auditors, committee members and administrators need no second factor"


def second_factor_demanded(app_configs: Sequence[AppConfig] | None = None, **_options: Any) -> list[CheckMessage]:
    """accounts.W001 (deploy only): LYNXWEB_REQUIRE_MFA is off."""
    return [] if settings.LYNXWEB_REQUIRE_MFA else [Warning(W001, hint="Set LYNXWEB_REQUIRE_MFA=1 in production.", id="accounts.W001")]
