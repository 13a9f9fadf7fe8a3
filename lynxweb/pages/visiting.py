"""What a visitor, who has not signed in, may read: the pages of this list, and of these what is public; everything else asks for a sign-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver

OPEN: Final = frozenset({"runs", "run", "executor", "methodology", "comparison", "words", "log", "log-event", "log-checkpoint", "history"})


def open_to_visitors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that visitors may read; what is not there for them asks for a sign-in, whether or not it exists."""

    @wraps(view)
    def answered(request: HttpRequest, **parts: str) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, **parts)
        if request.method not in ("GET", "HEAD"):
            return redirect_to_login("/")
        try:
            return view(request, **parts)
        except Http404:
            return redirect_to_login(request.get_full_path())

    open_view: Callable[..., HttpResponse] = login_not_required(answered)
    return open_view


def opened(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The addresses, those of the list open to visitors."""
    found = list(patterns)
    for one in found:
        if isinstance(one, URLPattern) and one.name in OPEN:
            one.callback = open_to_visitors(one.callback)
    return found
