"""The pages of the audit log: the explorer, one event with its proof, the newest checkpoint, and the history of one object."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from lynxweb.pages import log_rows
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.review import log_proofs, log_reading
from lynxweb.review.log_cards import LogFilter
from runner.contract.problems import Problems

PAGE = 50


def log(request: HttpRequest) -> HttpResponse:
    """Events, newest first, by keyset; under them stands what holds them: the newest checkpoint, and how to check it offline."""
    actor, wanted = actor_of_request(request), LogFilter(**{name: request.GET.get(name, "").strip() for name in LogFilter.__dataclass_fields__})
    try:
        page = log_reading.events_page(actor, wanted, request.GET.get("after") or None, PAGE)
    except Problems as error:
        raise Http404(str(error)) from error
    told = {"page": page, "state": log_reading.log_state(actor), "wanted": wanted, "query": urlencode(wanted.chosen)}
    told |= {"actions": log_rows.ACTIONS, "object_types": log_rows.OBJECT_TYPES, "after": request.GET.get("after")}
    return render(request, "log/log.html", told)


@or_404
def event(request: HttpRequest, position: int) -> HttpResponse:
    """One event, whole; with `?verify=1` the site checks its proof and says against what."""
    view = log_reading.event_for(actor_of_request(request), position)
    told: dict[str, object] = {"view": view, "said": view.row.said, "fields": log_rows.field_rows(view.fields), "own_check": log_rows.own_check(view)}
    told |= {"object_page": log_rows.page_of(view.fields["object"]["type"], view.fields["object"]["id"])}
    return render(request, "log/event.html", told | {"verify": request.GET.get("verify") == "1"})


@or_404
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed note, to be kept."""
    newest = log_proofs.newest_checkpoint(actor_of_request(request))
    return HttpResponse(
        newest.note, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    )


@or_404
def history(request: HttpRequest, object_type: str, object_id: str) -> HttpResponse:
    """Every event on one object, oldest first."""
    rows = log_reading.history_for(actor_of_request(request), object_type, object_id)
    told = {"rows": rows, "object_type": object_type, "object_id": object_id, "object_page": log_rows.page_of(object_type, object_id)}
    return render(request, "log/history.html", told)
