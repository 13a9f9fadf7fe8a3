"""Executor and methodology versions: write-once, named by digest."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import answers
from lynxweb.api.asking import checked, page_of, reason_of, write_once
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes
from lynxweb.api.requests import Page, Publish
from lynxweb.registry.publication import publish_methodology
from lynxweb.registry.reading import executor_for, executors_for, methodologies_for, methodology_for
from runner.contract.canonical import encode


class Executors(APIView):
    """The executors that the organisation's runs used."""

    @describes("List executors", {200: answers.ExecutorListAnswer}, 422, parameters=[Page], operation_id="executors_list")
    def get(self, request: Request) -> Response:
        """Configurations, newest first: of every fingerprint its newest executor version."""
        lines = executors_for(actor_from(request), **page_of(request))
        return Response({"results": [answers.executor_line(line) for line in lines]})


class OneExecutor(APIView):
    """One executor version."""

    @describes("Read an executor", {200: answers.ExecutorAnswer}, 404)
    def get(self, request: Request, digest: str) -> Response:
        """An executor version with every field's value, status and source."""
        return write_once(request, digest, answers.executor(executor_for(actor_from(request), digest)))


class Methodologies(APIView):
    """The published methodologies."""

    @describes("List methodologies", {200: answers.MethodologyListAnswer}, 422, parameters=[Page], operation_id="methodologies_list")
    def get(self, request: Request) -> Response:
        """Methodology versions, newest first."""
        views = methodologies_for(actor_from(request), **page_of(request))
        return Response({"results": [answers.methodology(view) for view in views]})

    @describes("Publish a methodology", {200: answers.PublishedAnswer, 201: answers.PublishedAnswer}, 413, 422, request=Publish)
    def post(self, request: Request) -> Response:
        """Publish a methodology version under the digest of its canonical form; needs the role author."""
        values = checked(Publish, request.data)
        content = encode(values["methodology"])
        published = publish_methodology(actor_from(request), content, reason=reason_of(values, "published over the API"))
        return Response({"digest": published.digest, "created": published.created}, status=201 if published.created else 200)


class OneMethodology(APIView):
    """One methodology version."""

    @describes("Read a methodology", {200: answers.MethodologyAnswer}, 404)
    def get(self, request: Request, digest: str) -> Response:
        """A methodology version with the digest of each block."""
        return write_once(request, digest, answers.methodology(methodology_for(actor_from(request), digest)))
