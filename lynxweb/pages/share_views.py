"""Links that show one run to whoever has them: made and ended by a publisher, and the read-only page behind one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from lynxweb.audit.actors import Actor
from lynxweb.pages import act_forms, run_page
from lynxweb.pages.act_forms import ActForm, Input
from lynxweb.pages.acting import Asked
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.once import Secret, acted_first, acted_once
from lynxweb.pages.posted import whole_number
from lynxweb.pages.templatetags.lynx import address
from lynxweb.registry import reading, sharing
from lynxweb.registry.sharing import ShareLine
from lynxweb.review.standing_questions import standing_for
from runner.contract.problems import Problem

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_NOTE = "Whoever has the link reads the page of this run, and nothing else; they can do nothing. Closing the run to outsiders ends every link."
_ONCE = "Whoever has it sees the run. The site keeps a keyed hash, so it is shown this once; make another if it is lost, and end this one."


@dataclass(frozen=True)
class LinkRow:
    """A link with the form that ends it, where the reader may."""

    line: ShareLine
    forms: tuple[ActForm, ...]


@or_404
def links(request: HttpRequest, digest: str) -> HttpResponse:
    """The links to a run of the reader's organisation, and for a publisher the form that makes one."""
    if request.method != "POST":
        return _links(request, digest)
    page = reverse("run-links", args=[digest])

    def do(actor: Actor, asked: Asked) -> Secret:
        days = timedelta(days=whole_number(request.POST, "days"))
        made = sharing.share(actor, digest, lifetime=days, reason=asked.reason, request_id=asked.request_id)
        whole = address(reverse("shared", args=[made.token]))
        return Secret("A link to the run", "Address", whole, f"It ends on {made.expires:%Y-%m-%d}. {_ONCE}", page, "To the links of the run")

    return acted_once(request, page, do, lambda problems, status: _links(request, digest, "share", problems, status))


@require_POST
@or_404
def end(request: HttpRequest, digest: str, link: str) -> HttpResponse:
    """End a link at once."""
    return acted_first(
        request,
        reverse("run-links", args=[digest]),
        lambda actor, asked: sharing.end_share(actor, digest, link, reason=asked.reason, request_id=asked.request_id),
        lambda problems, status: _links(request, digest, link, problems, status),
    )


@login_not_required
@require_safe
@or_404
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the run that a link opens, without any act and without a way to another page; 404 for anybody whose link opens nothing."""
    found = sharing.opened(token)
    view = reading.run_for(found.reader, found.run_digest)
    told = run_page.told(view, reading.timeline_for(found.reader, found.run_digest))
    told |= {"events": reading.events_for(found.reader, "run", found.run_digest), "standing": standing_for(found.reader, found.run_digest)}
    if told["shows_latency"]:
        told |= run_page.distribution(view, reading.curves_for(found.reader, found.run_digest))
    answer = render(request, "people/shared.html", told | {"shared": found, "forms": (), "judging": {}, "names": {}})
    for name, value in HEADERS.items():
        answer[name] = value
    return answer


def _links(request: HttpRequest, digest: str, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    lines = sharing.links_of(actor, digest)
    rows = tuple(LinkRow(line, act_forms.again(_ending(actor, digest, line), request, refused, found)) for line in lines)
    forms = act_forms.again(_making(actor, digest), request, refused, found)
    shown = {form.name for form in (*forms, *(form for row in rows for form in row.forms))}
    told = {"digest": digest, "rows": rows, "forms": forms, "stray_problems": () if refused in shown else found}
    return render(request, "people/links.html", told, status=status)


def _making(actor: Actor, digest: str) -> Iterator[ActForm]:
    if sharing.may_share(actor):
        days = Input("days", "Days until it ends", "number", str(sharing.LIFETIME.days), hint=f"1 to {sharing.LONGEST.days}")
        yield ActForm("share", reverse("run-links", args=[digest]), "Make a link", "Make the link", (days,), _NOTE)


def _ending(actor: Actor, digest: str, line: ShareLine) -> Iterator[ActForm]:
    if line.state == "live" and sharing.may_share(actor):
        yield ActForm(line.id, reverse("run-link-end", args=[digest, line.id]), "End it", "End the link", note="It opens nothing from now on.")
