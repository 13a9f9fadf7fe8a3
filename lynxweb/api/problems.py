"""Every error of the API as `application/problem+json` (RFC 9457), with all problems of a document together."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.request import UnreadablePostError
from pydantic import ValidationError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from lynxweb.audit.record import AlreadyRecorded, NotRecordable
from lynxweb.registry.missing import NotFound, Redacted
from lynxweb.registry.receiving import out_of_room
from lynxweb.registry.refusing import Kind, Refused, unreadable
from runner.contract.problems import Problem, Problems

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUSES: Mapping[Kind, int] = {"malformed": 400, "forbidden": 403, "conflict": 409, "too_large": 413, "rule": 422, "quota": 429}
RETRY_AFTER_S = 3600
FULL = Problem("storage", "no room", "room for this upload", "try again later; the operator frees space", "storage-full")
TITLES = {
    400: "The request is malformed",
    401: "Sign in or send a token",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "In conflict with what is there",
    410: "Redacted",
    413: "Too large",
    415: "Wrong media type",
    422: "A rule is broken",
    429: "Too many",
    500: "The site failed",
    503: "Not ready",
}


# The code of a problem that no rule of the contract names.
CODES = {
    400: "malformed", 401: "not-authenticated", 403: "permission-denied", 404: "not-found", 405: "method-not-allowed", 406: "not-acceptable",
    409: "conflict", 410: "redacted", 413: "too-large", 415: "wrong-media-type", 422: "rule-broken", 429: "quota", 500: "failed", 503: "not-ready",
}  # fmt: skip


def handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any exception of a view; what nobody foresaw is logged and says nothing of its inside."""
    set_rollback()
    if isinstance(error, NotFound | Http404) and not isinstance(error, Redacted) and not context["request"].user.is_authenticated:
        # What a visitor does not see may be somebody's: it asks for a login, whether or not it exists.
        headers = {"WWW-Authenticate": str(context["view"].get_authenticate_header(context["request"]))}
        login = str(exceptions.NotAuthenticated.default_detail)
        return problem_response(401, [], detail=login, instance=context["request"].path, headers=headers)
    status, problems, detail, headers = _told(error)
    return problem_response(status, problems, detail=detail, instance=context["request"].path, headers=headers)


def problem_response(
    status: int,
    problems: Iterable[Problem],
    *,
    detail: str = "",
    instance: str = "",
    code: str = "",
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    """A problem document; `code` defaults to the one code of the problems, or `several`."""
    listed = list(problems)
    codes = list(dict.fromkeys(problem.code for problem in listed))
    code = code or (codes[0] if len(codes) == 1 else "several" if codes else CODES.get(status, "error"))
    title = TITLES.get(status, "Error")
    content = {
        "type": f"urn:lynxweb:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail or (str(listed[0]) if listed else title),
        "instance": instance,
        "code": code,
        "request_id": secrets.token_hex(8),
        "errors": [problem.as_dict() for problem in listed],
        **(more or {}),
    }
    response = Response(content, status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))
    response["Cache-Control"] = "no-store"
    return response


Told = tuple[int, list[Problem], str, dict[str, str]]


def _told(error: Exception) -> Told:
    if isinstance(error, Refused):
        headers = {"Retry-After": str(RETRY_AFTER_S)} if error.kind == "quota" else {}
        return STATUSES[error.kind], list(error.problems), "", headers
    if isinstance(error, Problems):
        return 422, list(error.problems), "", {}
    if isinstance(error, NotFound | Http404):
        return _missing(error)
    if isinstance(error, PermissionDenied):
        return 403, [], str(error), {}
    if isinstance(error, AlreadyRecorded):
        return 409, [], "this request was answered before, and its secrets are shown once only; start a new one", {}
    if isinstance(error, NotRecordable):
        return 503, [], "the log takes no events now", {"Retry-After": "60"}
    if isinstance(error, exceptions.APIException):
        return _framework(error)
    return _unforeseen(error)


def _missing(error: NotFound | Http404) -> Told:
    """404, or 410 with the event for bytes that were redacted."""
    if isinstance(error, Redacted):
        gone = Problem("payload", f"redacted by event {error.position}", "bytes that are still there", "read the event: it says why", "redacted")
        return 410, [gone], str(error), {}
    return 404, [], str(error) if isinstance(error, NotFound) else "", {}


def _unforeseen(error: Exception) -> Told:
    """What comes from below the doors: a document, a connection or a disk; anything else is our failure."""
    if isinstance(error, ValidationError):
        return 422, list(unreadable(error)), "", {}
    if isinstance(error, UnreadablePostError):
        return 400, [], "the body stopped arriving; send the request again", {}
    if out_of_room(error):
        log.error("storage is full", exc_info=error)
        return 503, [FULL], "", {"Retry-After": str(RETRY_AFTER_S)}
    log.exception("unforeseen failure", exc_info=error)
    return 500, [], "the site failed; its log says more", {}


def _framework(error: exceptions.APIException) -> Told:
    if isinstance(error, exceptions.ValidationError):
        return 400, list(_fields(error.detail, "")), "", {}
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    return error.status_code, [], str(error.detail), headers


def _fields(detail: object, path: str) -> Iterable[Problem]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _fields(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _fields(inner, path)
    else:
        yield Problem(path or "$", "not usable", str(detail), "see the API's documentation", "invalid-request")
