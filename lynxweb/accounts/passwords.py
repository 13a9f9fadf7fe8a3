"""Sign-in by name or e-mail address, taking the same time whether or not the person exists."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from lynxweb.accounts.models import Person


class EmailOrName(BaseBackend):
    """Finds the person by name or e-mail address and checks the password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_credentials: Any
    ) -> Person | None:
        """The person, or None; an unknown name costs one hash like a known one."""
        if not username or password is None:
            return None
        person: Person | None = Person.objects.known_as(username).first()
        if person is None:
            Person().set_password(password)
            return None
        return person if person.check_password(password) and person.is_active else None

    def get_user(self, user_id: int) -> Person | None:
        """The person of a session, as long as they are active."""
        person: Person | None = Person.objects.filter(pk=user_id, is_active=True).first()
        return person
