"""Two doors on one registry: /api/v1/ for machines, / for people; sign-in and health beside them."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from lynxweb import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("sign-in", LoginView.as_view(template_name="accounts/sign_in.html", redirect_authenticated_user=True), name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("api/v1/", include("lynxweb.api.urls")),
    path("", include("lynxweb.pages.urls")),
]
