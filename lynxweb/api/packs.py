"""Evidence packs: taking one, and what one binds."""

from __future__ import annotations

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import pack_answers
from lynxweb.api.asking import checked, reason_of, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes, describes_act
from lynxweb.api.log_requests import ExportPack
from lynxweb.audit.actors import Actor
from lynxweb.review import pack_reading
from lynxweb.review.exporting import Wanted, export_pack


class Packs(APIView):
    """The packs of the organisation."""

    @describes("List packs", {200: pack_answers.PackListAnswer}, operation_id="packs_list")
    def get(self, request: Request) -> Response:
        """The newest 200 packs that the organisation took, newest first."""
        return Response({"results": [pack_answers.pack_card(card) for card in pack_reading.packs_for(actor_from(request))]})

    @describes_act("Take a pack", {201: pack_answers.PackAnswer}, 404, request=ExportPack)
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


def _answer(request: Request, actor: Actor, pack_id: str) -> dict[str, object]:
    url = request.build_absolute_uri(reverse("api-pack-file", args=(pack_id,)))
    return pack_answers.pack(pack_reading.pack_for(actor, pack_id), url)
