"""Who asks a page, and what a page answers where there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.models import Person
from lynxweb.accounts.sign_in import auth_of
from lynxweb.audit.actors import VISITOR, Actor
from lynxweb.registry.missing import NotFound, Redacted


def actor_of_request(request: HttpRequest) -> Actor:
    """The person who signed in, with the roles held now and how the sign-in was proven; a visitor on the pages that are open to one."""
    if not isinstance(request.user, Person):  # LoginRequiredMiddleware stands before every other view
        return VISITOR
    return actor_of(request.user, auth=auth_of(request))


def or_404(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 404 for what the actor may not see or what is not there, and 410 for what was redacted."""

    @wraps(view)
    def answered(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            return view(request, **parts)
        except Redacted as gone:
            return render(request, "410.html", {"gone": gone}, status=410)
        except NotFound as missing:
            raise Http404(str(missing)) from missing

    return answered
