"""Nodes: a machine introduces itself and gets what it needs to declare and upload."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.accounts.nodes import enrol_node
from lynxweb.accounts.questions import nodes_for
from lynxweb.api import people_answers
from lynxweb.api.answers import NodeAnswer
from lynxweb.api.asking import checked, reason_of, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes, describes_act
from lynxweb.api.requests import EnrolNode


class Nodes(APIView):
    """The nodes of the organisation."""

    @describes("List nodes", {200: people_answers.NodeListAnswer}, operation_id="nodes_list")
    def get(self, request: Request) -> Response:
        """Nodes by name with their keys and the positions between which each counts; retired ones last."""
        return Response({"results": [people_answers.node(card) for card in nodes_for(actor_from(request))]})

    @describes_act("Enrol a node", {201: NodeAnswer}, request=EnrolNode)
    def post(self, request: Request) -> Response:
        """Enrol a node with its public key and the proof that it holds the private one; needs a token of scope `enrol`.

        The organisation's secret and the upload token are in this answer and never again.
        """
        values, actor = checked(EnrolNode, request.data), actor_from(request)
        enrolled = enrol_node(
            actor,
            name=values["name"],
            public_key=bytes.fromhex(values["public_key"]),
            proof=bytes.fromhex(values["proof"]),
            reason=reason_of(values, "enrolled over the API"),
            request_id=request_id(request, actor),
        )
        content = {
            "node": enrolled.node.id,
            "name": enrolled.node.name,
            "key_id": enrolled.key.key_id,
            "organisation": enrolled.node.organisation_id,
            "organisation_secret": enrolled.organisation_secret.hex(),
            "token": enrolled.upload_token.text,
            "token_expires": enrolled.upload_token.expires,
            "position": enrolled.recorded.seq,
        }
        return Response(content, status=201, headers={"Cache-Control": "no-store"})
