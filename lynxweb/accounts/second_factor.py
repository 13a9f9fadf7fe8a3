"""Second factors: their secrets are encrypted before they reach the database, under a key derived from the secret key."""

from __future__ import annotations

import base64
import hashlib
import hmac

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """Authenticator apps and recovery codes."""

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """What the authenticator app shows beside the site's name: the person's name, not the address."""
        return user.get_username()

    def encrypt(self, text: str) -> str:
        """The secret as the database keeps it."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret itself; raises `InvalidToken` where the secret key has changed: an administrator then resets the second factor."""
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"lynxweb/second-factor/v1", hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
