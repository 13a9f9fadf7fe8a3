"""Two doors on one registry: /api/v1/ for machines, / for people; sign-in and health beside them."""

from __future__ import annotations

from django.urls import include, path

from lynxweb import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("lynxweb.accounts.urls")),
    path("api/v1/", include("lynxweb.api.urls")),
    path("", include("lynxweb.pages.urls")),
]
