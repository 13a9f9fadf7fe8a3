"""What is shown once and never again: rendered in the answer to the form itself, kept in no session, no address and no cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from lynxweb.accounts.models import Membership, Node, NodeKey, Person, ServiceToken
from lynxweb.audit.actors import Actor
from lynxweb.audit.record import AlreadyRecorded, recorded_as
from lynxweb.pages.acting import Again, Asked, acted_at
from lynxweb.pages.asking import or_404
from lynxweb.pages.posted import text
from runner.contract.problems import Problem, Problems

MISSING = (Person.DoesNotExist, Membership.DoesNotExist, Node.DoesNotExist, NodeKey.DoesNotExist, ServiceToken.DoesNotExist)


@dataclass(frozen=True)
class Secret:
    """A text that this answer alone shows: what it is, what to do with it, and where to go on."""

    title: str
    label: str
    text: str = field(repr=False)
    note: str
    onward: str
    onward_words: str


def acted_once(request: HttpRequest, page: str, do: Callable[[Actor, Asked], Secret | None], again: Again) -> HttpResponse:
    """Do an act and show its secret in this very answer; one without a secret, or the same form sent again, goes to `page`."""
    made: list[Secret | None] = []

    def done(actor: Actor, asked: Asked) -> None:
        fresh(asked)
        made.append(do(actor, asked))

    answer = acted_at(request, page, done, again)
    if not made or made[0] is None:
        return answer
    shown = render(request, "people/once.html", {"secret": made[0]})
    shown["Cache-Control"] = "no-store"
    return shown


def acted_first(request: HttpRequest, page: str, do: Callable[[Actor, Asked], object], again: Again) -> HttpResponse:
    """Do an act and go to `page`; the same form sent again acts no second time and goes there, too."""

    def done(actor: Actor, asked: Asked) -> None:
        fresh(asked)
        do(actor, asked)

    return acted_at(request, page, done, again)


def fresh(asked: Asked) -> None:
    """Raise `AlreadyRecorded` for a request that has its event."""
    made = recorded_as(asked.request_id) if asked.request_id.isprintable() else None
    if made is not None:
        raise AlreadyRecorded(made)


def typed(sent: QueryDict, name: str) -> str:
    """What was typed in one field; `Problems` for characters that nobody types."""
    found = text(sent, name)
    if not found.isprintable():
        raise Problems([Problem(name, "characters that cannot be shown", "printable characters", "type it anew", "not-printable")])
    return found


def or_missing(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 404 for a person, node, key or token that is not there or not of the own organisation."""

    @wraps(view)
    def answered(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            return or_404(view)(request, **parts)
        except MISSING as missing:
            raise Http404(str(missing)) from missing

    return answered
