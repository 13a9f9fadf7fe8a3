"""What the API answers to whoever sends no token: reading, at the addresses of this list, and of what lies there what is public."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

# The names of the addresses that are open; everywhere else, and for every act, a login is needed.
OPEN: Final = frozenset({
    "api-runs", "api-run", "api-run-bundle", "api-run-file", "api-executors", "api-executor", "api-methodologies", "api-methodology",
    "api-comparison",
    "api-checkpoint", "api-events", "api-event", "api-event-leaf", "api-event-proof", "api-inclusion", "api-consistency", "api-receipt",
})  # fmt: skip


class SignedInOrVisiting(BasePermission):
    """Whoever signed in; others only read, at open addresses."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request may go on to its view, which shows a visitor public things only."""
        if request.user.is_authenticated:
            return True
        match = request.resolver_match
        return request.method in SAFE_METHODS and match is not None and match.url_name in OPEN
