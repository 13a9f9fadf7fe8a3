"""The site's addresses and `/bare`: what an upload costs when nobody checks, registers or logs anything."""

from __future__ import annotations

import secrets

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
@login_not_required
def bare(request: HttpRequest) -> JsonResponse:
    """Keep the uploaded file under a random name."""
    name = default_storage.save(f"bare/{secrets.token_hex(16)}", request.FILES["bundle"])
    return JsonResponse({"name": name}, status=201)


urlpatterns = [path("bare", bare), path("", include("lynxweb.urls"))]
