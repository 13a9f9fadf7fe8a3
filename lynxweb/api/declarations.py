"""Declarations: what a node promises to measure, before it does."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api.answers import DeclarationAnswer
from lynxweb.api.asking import checked, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes, describes_act
from lynxweb.api.governance_answers import DeclarationListAnswer, declaration
from lynxweb.api.governance_requests import DeclarationsOf
from lynxweb.api.requests import Declare
from lynxweb.registry.declaration import declare
from lynxweb.registry.declared import declarations_for


class Declarations(APIView):
    """Promises to measure."""

    @describes("List declarations", {200: DeclarationListAnswer}, parameters=[DeclarationsOf], operation_id="declarations_list")
    def get(self, request: Request) -> Response:
        """The newest declarations of the organisation, all or those of one state: open, used or abandoned."""
        lines = declarations_for(actor_from(request), **checked(DeclarationsOf, request.query_params))
        return Response({"results": [declaration(line) for line in lines]})

    @describes_act("Declare a run", {201: DeclarationAnswer}, 404, request=Declare)
    def post(self, request: Request) -> Response:
        """Declare a run before measuring it; the nonce is signed into its bundle, and measuring starts before `expires_at`."""
        values, actor = checked(Declare, request.data), actor_from(request)
        declared = declare(actor, values["methodology"], node_id=values.get("node"), request_id=request_id(request, actor))
        content = {
            "nonce": declared.nonce,
            "methodology": declared.methodology_id,
            "node": declared.node_id,
            "declared_at": declared.declared_at,
            "expires_at": declared.expires_at,
        }
        return Response(content, status=201)
