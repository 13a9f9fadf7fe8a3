"""Sign-in with an OpenID Connect provider: it opens accounts that exist, found once by verified e-mail address, and never makes one."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from lynxweb.accounts.binding import bind_provider

PROVIDER_ID = "oidc"
SIGNED_BY_THE_PROVIDER = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class Provider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The provider of the environment, trusted for what it signed about the issuer that we named, and for nothing else."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **options: Any) -> SocialLogin:
        """Whose sign-in this is; raises `OAuth2Error` for claims of another issuer, another audience or two subjects."""
        issuer = str(self.openid_config.get("issuer", ""))
        if issuer.rstrip("/") != str(app.settings["server_url"]).rstrip("/"):
            raise OAuth2Error("the provider's configuration names another issuer than LYNXWEB_OIDC_ISSUER")
        if not options["response"].get("id_token"):
            raise OAuth2Error("the provider sent no id_token")
        login = super().complete_login(request, app, token, **options)
        claims = login.account.extra_data
        signed, told = claims["id_token"], claims.get("userinfo") or claims["id_token"]
        if signed["sub"] != told["sub"]:
            raise OAuth2Error("userinfo is about another subject than the id_token")
        login.account.uid = hashlib.sha256(f"{issuer}\n{signed['sub']}".encode()).hexdigest()
        login.account.extra_data = {}  # names and addresses live in Person only
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        self.did_fetch_access_token = False  # so that the signature is checked, although the token came over TLS
        claims: dict[str, Any] = super()._decode_id_token(app, id_token)
        return claims


class Accounts(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Which sign-in at the provider opens which account."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let a known account pass, bind an unknown one to the person with its verified e-mail address, refuse everybody else."""
        if sociallogin.state.get("process") != AuthProcess.LOGIN or request.user.is_authenticated:
            _refuse(request)
        if sociallogin.is_existing:
            return
        verified = [one.email for one in sociallogin.email_addresses if one.verified is True]
        request_id = f"oidc:{secrets.token_hex(10)}"
        person = bind_provider(verified[0], sociallogin.account, request_id=request_id) if verified else None
        if person is None:
            _refuse(request)
        sociallogin.user = person

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never."""
        return False


def _refuse(request: HttpRequest) -> NoReturn:
    raise ImmediateHttpResponse(render(request, "socialaccount/authentication_error.html", {"unknown": True}, status=403))


@login_not_required
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider; 404 where none is configured."""
    return _answer(OAuth2LoginView, request, provider_id)


@login_not_required
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The browser comes back from the provider; 404 where none is configured."""
    return _answer(OAuth2CallbackView, request, provider_id)


def _answer(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        answer: HttpResponse = view.adapter_view(Provider(request, provider_id))(request)
    except SocialApp.DoesNotExist as missing:
        raise Http404("no provider is configured") from missing
    return answer
