"""Runs: the list and one run with its documents."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import answers
from lynxweb.api.asking import page_of
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes
from lynxweb.api.requests import Page
from lynxweb.registry.reading import events_for, run_for, runs_for
from lynxweb.review.noting import notices_on
from lynxweb.review.questions import tombstone_of


class Runs(APIView):
    """The runs of the organisation."""

    @describes("List runs", {200: answers.RunListAnswer}, 422, parameters=[Page], operation_id="runs_list")
    def get(self, request: Request) -> Response:
        """Runs, newest first; `next` is the cursor of the following piece, null at the end."""
        page = runs_for(actor_from(request), **page_of(request))
        notices = notices_on({card.digest for card in page.runs})
        return Response({"results": [answers.run_card(card, notices.get(card.digest, ())) for card in page.runs], "next": page.next})


class OneRun(APIView):
    """One run."""

    @describes("Read a run", {200: answers.RunAnswer}, 404)
    def get(self, request: Request, digest: str) -> Response:
        """A run with its document, findings, files, receipt and history."""
        actor = actor_from(request)
        view, notices = run_for(actor, digest), notices_on([digest]).get(digest, ())
        return Response(answers.run(view, events_for(actor, "run", digest), notices, tombstone_of(actor, digest)))
