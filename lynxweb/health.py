"""Two questions for whoever watches the site: does the process live, and can it do its work."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from lynxweb.readiness import PARTS


@login_not_required
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; touches no database."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Each part with `ok` or what is wrong with it; 503 when any part is not ok."""
    parts = {name: _answer(question) for name, question in PARTS.items()}
    ready = all(answer == "ok" for answer in parts.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "parts": parts}, status=200 if ready else 503)


def _answer(question: Callable[[], str]) -> str:
    try:
        return question()
    except Exception as error:  # whatever is wrong, the watcher gets its kind and no inner detail
        return f"failed: {type(error).__name__}"
