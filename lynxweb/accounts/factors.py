"""Taking away one's own authenticator app: the page and its event, both or neither."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from allauth.mfa.totp import views as totp
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lynxweb.accounts.binding import note_removed_factor
from lynxweb.accounts.sign_in import auth_of
from lynxweb.audit.record import NotRecordable


def remove_authenticator(request: HttpRequest) -> HttpResponse:
    """The page that removes the app; it stays where the log takes no events."""
    try:
        with transaction.atomic():
            answer: HttpResponse = totp.deactivate_totp(request)
            return answer
    except NotRecordable as error:
        return render(request, "mfa/not_now.html", {"problem": error}, status=503)


def note_removal(sender: type[Authenticator], request: HttpRequest, user: Any, authenticator: Authenticator, **_more: object) -> None:
    """Record that an authenticator app was taken away; its recovery codes go with it and need no event of their own."""
    if authenticator.type == Authenticator.Type.TOTP:
        note_removed_factor(user, auth_of(request))


def connect() -> None:
    """Have every removal recorded; called from `AppConfig.ready()`."""
    authenticator_removed.connect(note_removal, dispatch_uid="lynxweb.accounts.factors")
