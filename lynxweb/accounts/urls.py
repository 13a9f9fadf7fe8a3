"""The addresses of signing in and of one's own account; there is none for signing up."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as social
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from lynxweb.accounts import factors, oidc

_PROVIDER = {"provider_id": oidc.PROVIDER_ID}

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in", account.login, name="account_login"),
    path("sign-in", account.login, name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("sign-in/code", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/again", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/again/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("sign-in/closed", account.account_inactive, name="account_inactive"),
    path("sign-in/oidc", oidc.login, _PROVIDER, name="openid_connect_login"),
    path("sign-in/oidc/callback", oidc.callback, _PROVIDER, name="openid_connect_callback"),
    path("sign-in/oidc/cancelled", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("account", mfa.index, name="mfa_index"),
    path("account/authenticator", totp.activate_totp, name="mfa_activate_totp"),
    path("account/authenticator/remove", factors.remove_authenticator, name="mfa_deactivate_totp"),
    path("account/recovery-codes", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/no-password", RedirectView.as_view(pattern_name="mfa_index"), name="account_set_password"),  # who has none signs in elsewhere
]
