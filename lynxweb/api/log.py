"""The audit log: the newest checkpoint, its events, proofs as JSON and as text, and receipts."""

from __future__ import annotations

import json

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import log_answers
from lynxweb.api.asking import checked
from lynxweb.api.authentication import actor_from
from lynxweb.api.bundles import AnyAccept
from lynxweb.api.description import describes
from lynxweb.api.log_requests import Consistency, Inclusion, LogEvents, NoteFormat
from lynxweb.review import log_proofs, log_reading
from lynxweb.review.log_cards import LogFilter

TEXT = "text/plain"


class NewestCheckpoint(APIView):
    """The newest checkpoint."""

    content_negotiation_class = AnyAccept

    @describes(
        "Read the newest checkpoint", {(200, "application/json"): log_answers.CheckpointAnswer, (200, TEXT): OpenApiTypes.STR}, 404,
        parameters=[NoteFormat],
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse | Response:
        """The newest signed checkpoint; keep its note, because whoever holds an old one notices when history is rewritten."""
        actor, asked = actor_from(request), checked(NoteFormat, request.query_params)
        newest = log_proofs.newest_checkpoint(actor)
        if asked.get("format") == "note":
            return _text(newest.note, f"checkpoint-{newest.size}.txt")
        return Response(log_answers.checkpoint(log_reading.log_state(actor), newest))


class Events(APIView):
    """The log, event by event."""

    @describes("List events of the log", {200: log_answers.LogListAnswer}, 422, parameters=[LogEvents], operation_id="log_events_list")
    def get(self, request: Request) -> Response:
        """Events, newest first. Of foreign objects a list without filter gives position and leaf digest alone; one with a filter passes over them."""
        asked = checked(LogEvents, request.query_params)
        paging = {name: asked.pop(name) for name in ("after", "limit") if name in asked}
        return Response(log_answers.log_page(log_reading.events_page(actor_from(request), LogFilter(**asked), **paging)))


class OneEvent(APIView):
    """One event of the log."""

    @describes("Read an event of the log", {200: log_answers.LogEventAnswer}, 404)
    def get(self, request: Request, seq: int) -> Response:
        """An event with its exact leaf, the documents that you may see, its proof under the newest checkpoint, and the site's own check of that."""
        return Response(log_answers.log_event(log_reading.event_for(actor_from(request), seq)))


class EventLeaf(APIView):
    """The bytes of one event."""

    content_negotiation_class = AnyAccept

    @describes("Download an event's bytes", {(200, "application/json"): OpenApiTypes.BINARY}, 404)
    def get(self, request: Request, seq: int) -> HttpResponse:
        """The exact bytes of a leaf: SHA-256 of 0x00 and these is its hash in the tree."""
        return _attached(log_reading.leaf_for(actor_from(request), seq), f"event-{seq}.json", "application/json")


class EventProof(APIView):
    """The proof of one event as text."""

    content_negotiation_class = AnyAccept

    @describes("Download an event's proof", {(200, TEXT): OpenApiTypes.STR}, 404)
    def get(self, request: Request, seq: int) -> HttpResponse:
        """The proof as c2sp.org/tlog-proof@v1, with the newest checkpoint inside. It holds hashes alone, so any position has one."""
        return _text(log_proofs.tlog_proof_for(actor_from(request), seq), f"event-{seq}.tlog-proof")


class InclusionProofs(APIView):
    """Inclusion proofs."""

    @describes("Prove that the log holds an event", {200: log_answers.InclusionAnswer}, 404, 422, parameters=[Inclusion])
    def get(self, request: Request) -> Response:
        """The inclusion proof of the event at `seq` in the tree of `size` events."""
        asked = checked(Inclusion, request.query_params)
        return Response(log_answers.inclusion(log_proofs.inclusion_for(actor_from(request), asked["seq"], asked.get("size"))))


class ConsistencyProofs(APIView):
    """Consistency proofs."""

    @describes("Prove that the log only grew", {200: log_answers.ConsistencyAnswer}, 422, parameters=[Consistency])
    def get(self, request: Request) -> Response:
        """The proof that the tree of `to` events begins with the tree of `from` events."""
        asked = checked(Consistency, request.query_params)
        return Response(log_answers.consistency(log_proofs.consistency_for(actor_from(request), asked["from"], asked["to"])))


class Receipts(APIView):
    """Receipts."""

    @describes("Read a receipt", {200: OpenApiTypes.OBJECT}, 404)
    def get(self, request: Request, request_id: str) -> Response:
        """The site's signed receipt (a DSSE envelope) of the event that a request made; the same bytes every time."""
        return Response(json.loads(log_reading.receipt_of_request(actor_from(request), request_id)))


def _text(content: bytes, name: str) -> HttpResponse:
    return _attached(content, name, "text/plain; charset=utf-8")


def _attached(content: bytes, name: str, media_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=media_type, headers=headers)
