"""The bytes of an evidence pack, as soon as a checkpoint covers its export."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api.authentication import actor_from
from lynxweb.api.bundles import AnyAccept
from lynxweb.api.description import describes
from lynxweb.api.parsers import content_digest
from lynxweb.api.problems import problem_response
from lynxweb.review import sealing
from runner.contract.canonical import sha256
from runner.contract.problems import Problem

SOON_S = 2
NOT_SEALED = Problem("pack", "waits for its checkpoint", "a checkpoint that covers the export", "ask again in a moment", "not-sealed")


class PackFile(APIView):
    """The bytes of one pack."""

    content_negotiation_class = AnyAccept

    @describes("Download a pack", {(200, "application/zip"): OpenApiTypes.BINARY}, 404, 410, 503)
    def get(self, request: Request, pack_id: str) -> HttpResponse | Response:
        """The pack, the same bytes every time; 503 with Retry-After while it waits for its checkpoint, 410 once bytes in it were redacted."""
        try:
            made = sealing.sealed(actor_from(request), pack_id)
        except sealing.NotYetSealed:
            return problem_response(503, [NOT_SEALED], instance=request.path, headers={"Retry-After": str(SOON_S)})
        except sealing.Gone as gone:
            return problem_response(410, [], detail=str(gone), instance=request.path)
        headers = {"Content-Disposition": f'attachment; filename="{made.id}.zip"', "Content-Digest": content_digest(sha256(made.content))}
        headers |= {"Cache-Control": "private", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(made.content, content_type="application/zip", headers=headers)
