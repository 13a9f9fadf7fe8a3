"""The form and the rules of accounts, and how somebody came to be signed in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse

from lynxweb.accounts.models import Person

LONGEST_NAME = 254  # an e-mail address


class SignInForm(LoginForm):  # type: ignore[misc]
    """One field for name or address, one for the password."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields.pop("login")
        self.fields["username"] = forms.CharField(label="Name or e-mail address", max_length=LONGEST_NAME)

    def clean_username(self) -> str:
        """The text as typed, under the name that the rest of the form knows it by."""
        typed: str = self.cleaned_data["username"]
        self.cleaned_data["login"] = typed
        return typed


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """The rules of accounts: administrators make them, nobody makes his own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's own account."""
        return reverse("mfa_index")

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Change the password and nothing else of the row."""
        user.set_password(password)
        user.save(update_fields=["password"])


def auth_of(request: HttpRequest) -> str:
    """How the person of this request signed in, as the log says it: `oidc`, `login+totp` or `login`.

    A recovery code counts as the second factor it stands for.
    """
    user = request.user if isinstance(request.user, Person) else None
    methods = {record.get("method") for record in get_authentication_records(request, user)}
    if "socialaccount" in methods:
        return "oidc"
    return "login+totp" if "mfa" in methods else "login"
