"""Bundles: the upload, a stream that is never held in memory by the door, and the download of the exact bytes."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api.answers import AcceptedAnswer
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes
from lynxweb.api.parsers import BUNDLE_TYPE, Body, content_digest, stated_length, stated_sha256
from lynxweb.registry.intake import accept
from lynxweb.registry.reading import bundle_for, file_for
from runner.contract.canonical import sha256

DIGEST_HEADER = OpenApiParameter(
    "Content-Digest", str, OpenApiParameter.HEADER, required=True, description="RFC 9530: `sha-256=:<base64>:` of the body."
)
BINARY = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


class Bundles(APIView):
    """The way in."""

    @describes(
        "Upload a bundle", {200: AcceptedAnswer, 201: AcceptedAnswer}, 409, 413, 415, 422, 429, 503, request={BUNDLE_TYPE: OpenApiTypes.BINARY},
        parameters=[DIGEST_HEADER],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Upload one sealed bundle as the raw body: 201 with the receipt, 200 with the same receipt when it is here already.

        A refused bundle leaves nothing but one coded event; the answer lists every problem with its place and remedy.
        """
        if request.content_type.partition(";")[0].strip() != BUNDLE_TYPE:
            raise UnsupportedMediaType(request.content_type, f"send the bundle as {BUNDLE_TYPE}")
        arrived = request._request
        accepted = accept(Body(arrived), actor=actor_from(request), declared_sha256=stated_sha256(arrived), declared_length=stated_length(arrived))
        content = {
            "run": accepted.run_digest,
            "created": accepted.created,
            "receipt": json.loads(accepted.receipt),
            "url": arrived.build_absolute_uri(f"/runs/{accepted.run_digest}"),
        }
        return Response(content, status=201 if accepted.created else 200)


class AnyAccept(BaseContentNegotiation):
    """A download has one form, whatever the client says it accepts; problems stay JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """None: downloads have no body."""
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """JSON for problems."""
        return renderers[0], renderers[0].media_type


class RunBundle(APIView):
    """The bundle of one run."""

    content_negotiation_class = AnyAccept

    @describes("Download a run's bundle", {(200, BUNDLE_TYPE): OpenApiTypes.BINARY}, 404)
    def get(self, request: Request, digest: str) -> HttpResponse:
        """The exact bytes that were uploaded."""
        return _download(bundle_for(actor_from(request), digest), f"{digest}.bundle", BUNDLE_TYPE)


class RunFile(APIView):
    """One member of a run's bundle."""

    content_negotiation_class = AnyAccept

    @describes("Download one member of a run's bundle", BINARY, 404)
    def get(self, request: Request, digest: str, name: str) -> HttpResponse:
        """The exact bytes of one member, such as `samples.parquet`."""
        return _download(file_for(actor_from(request), digest, name), f"{digest[:16]}-{name}", "application/octet-stream")


def _download(content: bytes, name: str, media_type: str) -> HttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Digest": content_digest(sha256(content)),
        "Cache-Control": "private",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=media_type, headers=headers)
