"""What the OpenAPI description says of every endpoint: its answers, and the problems each may answer with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from lynxweb.api.answers import ProblemAnswer
from lynxweb.api.problems import MEDIA_TYPE

WORDS = {
    400: "Malformed.",
    401: "No login, or a token that does not count.",
    403: "Known, and not allowed to do this.",
    404: "Unknown, or not yours to see.",
    409: "In conflict with what is there.",
    410: "Redacted: the digest is all that is left.",
    413: "Too large.",
    415: "Another media type is needed.",
    422: "A rule is broken; every problem with its place and remedy.",
    429: "Too many rejected bundles.",
    503: "No room for it now; Retry-After says when to try again.",
}
READ = (413, 415)  # what any body may be answered with before anybody looks at what it says
ACTED = (409, 422, 503)  # what any act may be answered with: another answer under its key, a rule, a log that takes no events now
KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="1 to 80 letters, digits, - and _; under one key of yours an act happens once."
)


class StrictScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """How the description shows a body whose unknown fields are errors."""

    target_class = "lynxweb.api.requests.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The fields, and nothing beside them."""
        fields: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**fields, "additionalProperties": False}


def problems(*statuses: int) -> dict[Any, Any]:
    """The problem answers of an endpoint by (status, media type); 400, 401 and 403 belong to all."""
    return {(status, MEDIA_TYPE): OpenApiResponse(ProblemAnswer, WORDS[status]) for status in sorted({400, 401, 403, *statuses})}


def describes(
    summary: str, answers: dict[Any, Any], *statuses: int, request: Any = None, **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe one method of a view: a one-line summary, its answers by status, and the problems beyond the common ones."""
    read = READ if request is not None else ()
    return extend_schema(summary=summary, request=request, responses={**answers, **problems(*read, *statuses)}, **more)


def describes_act(summary: str, answers: dict[Any, Any], *statuses: int, request: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe an act that happens once per `Idempotency-Key`."""
    return describes(summary, answers, *ACTED, *statuses, request=request, parameters=[KEY])
