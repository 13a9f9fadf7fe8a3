"""Evidence packs: taking one, what one binds, and its bytes."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import pack_answers
from lynxweb.api.asking import checked, reason_of, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.bundles import AnyAccept
from lynxweb.api.description import describes
from lynxweb.api.log_requests import ExportPack
from lynxweb.api.parsers import content_digest
from lynxweb.api.problems import problem_response
from lynxweb.audit.actors import Actor
from lynxweb.review import pack_reading, sealing
from lynxweb.review.exporting import Wanted, export_pack
from runner.contract.canonical import sha256
from runner.contract.problems import Problem

SOON_S = 2
NOT_SEALED = Problem("pack", "waits for its checkpoint", "a checkpoint that covers the export", "ask again in a moment", "not-sealed")


class Packs(APIView):
    """The packs of the organisation."""

    @describes("List packs", {200: pack_answers.PackListAnswer}, operation_id="packs_list")
    def get(self, request: Request) -> Response:
        """The newest 200 packs that the organisation took, newest first."""
        return Response({"results": [pack_answers.pack_card(card) for card in pack_reading.packs_for(actor_from(request))]})

    @describes("Take a pack", {201: pack_answers.PackAnswer}, 404, 422, 503, request=ExportPack)
    def post(self, request: Request) -> Response:
        """Export runs, or a decision with all it cites, as one event that binds the contents; send an `Idempotency-Key` to act once.

        The bytes can be had as soon as a checkpoint covers the export, a second or so later.
        """
        values, actor = checked(ExportPack, request.data), actor_from(request)
        wanted = Wanted(tuple(values.get("runs", ())), values.get("decision"), values["with_samples"], tuple(values.get("held", ())))
        made = export_pack(actor, wanted, reason=reason_of(values, "exported over the API"), request_id=request_id(request, actor))
        return Response(_answer(request, actor, made.id), status=201)


class OnePack(APIView):
    """One pack."""

    @describes("Read a pack", {200: pack_answers.PackAnswer}, 404)
    def get(self, request: Request, pack_id: str) -> Response:
        """What a pack binds, what it leaves out and why, and the checkpoint that it rests on."""
        return Response(_answer(request, actor_from(request), pack_id))


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


def _answer(request: Request, actor: Actor, pack_id: str) -> dict[str, object]:
    url = request.build_absolute_uri(reverse("api-pack-file", args=(pack_id,)))
    return pack_answers.pack(pack_reading.pack_for(actor, pack_id), url)
