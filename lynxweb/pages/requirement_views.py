"""The pages of requirements: the list, one with its matrix, and the form that publishes or supersedes one."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from lynxweb.audit.actors import Actor
from lynxweb.pages import requirement_form
from lynxweb.pages.acting import Asked, acted, fields
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.deciding_rows import matrix_rows
from lynxweb.review import requirements
from lynxweb.review.answering import AnsweringMethodology, answering_methodologies, committee_for
from lynxweb.review.deciding_cards import RequirementView
from lynxweb.review.deciding_questions import requirement_for, requirements_for
from lynxweb.words import contract_words, deciding_words, formatting
from lynxweb.words.wording import chip
from runner.contract.grades import GRADES
from runner.contract.metrics import DEFINITIONS
from runner.contract.problems import Problem

FLOORS = GRADES[1:]  # a claim answers nothing


def listed(request: HttpRequest) -> HttpResponse:
    """What the organisation asked for, newest first."""
    actor = actor_of_request(request)
    told = {"cards": requirements_for(actor), "committee": committee_for(actor)}
    return render(request, "deciding/requirements.html", told)


@or_404
def requirement(request: HttpRequest, digest: str) -> HttpResponse:
    """One requirement in words, with the answer of every configuration that was measured on its workload."""
    view = requirement_for(actor_of_request(request), digest)
    told = {"view": view, "facts": deciding_words.requirement_facts(view.requirement), "rows": matrix_rows(view.matrix)}
    told["decisions"] = [(card, chip(deciding_words.BADGES, card.badge)) for card in view.decisions]
    return render(request, "deciding/requirement.html", told)


def new(request: HttpRequest) -> HttpResponse:
    """Ask: the form, and with a POST the act; `more` adds lines to the table of quality and acts on nothing."""
    if request.method != "POST" or "more" in request.POST:
        return _form(request)
    return acted(request, lambda actor, asked: _publish(request, actor, asked), lambda problems, status: _form(request, problems, status))


@or_404
def supersede(request: HttpRequest, digest: str) -> HttpResponse:
    """Ask otherwise: the same form, filled with the version that the new one takes the place of."""
    view = requirement_for(actor_of_request(request), digest)
    if request.method != "POST" or "more" in request.POST:
        return _form(request, earlier=view)
    return acted(
        request,
        lambda actor, asked: _publish(request, actor, asked, view.card.digest),
        lambda problems, status: _form(request, problems, status, view),
        done=reverse("requirement", args=[digest]),
    )


def _publish(request: HttpRequest, actor: Actor, asked: Asked, earlier: str | None = None) -> str:
    """Do the act; the address of the requirement that it published."""
    content = requirement_form.document(request.POST, actor.organisation or "", answering_methodologies(actor), earlier)
    if earlier is None:
        made = requirements.publish_requirement(actor, content, reason=asked.reason, request_id=asked.request_id)
    else:
        made = requirements.supersede_requirement(actor, earlier, content, reason=asked.reason, request_id=asked.request_id)
    return reverse("requirement", args=[made.digest])


def _form(request: HttpRequest, problems: Iterable[Problem] = (), status: int = 200, earlier: RequirementView | None = None) -> HttpResponse:
    actor = actor_of_request(request)
    known = answering_methodologies(actor)
    form = requirement_form.typed(request.POST) if request.method == "POST" else _first(known, earlier)
    told = fields(request, problems) | {"form": form, "known": _offered(known), "earlier": earlier, "committee": committee_for(actor)}
    levels = dict.fromkeys(level for one in known for level in one.levels) or dict.fromkeys(("latency_p99@1",))
    told |= {"levels": [(one, formatting.metric_name(one), DEFINITIONS[one].text) for one in levels], "floors": FLOORS}
    return render(request, "deciding/requirement_form.html", told, status=status)


def _first(known: tuple[AnsweringMethodology, ...], earlier: RequirementView | None) -> requirement_form.Form:
    return requirement_form.blank(known) if earlier is None else requirement_form.filled(earlier.requirement)


def _offered(known: tuple[AnsweringMethodology, ...]) -> list[dict[str, object]]:
    """Each methodology with its work and load in words."""
    return [
        {"one": one, "load": contract_words.load_text(one.methodology.load),
         "levels": ", ".join(formatting.metric_name(level) for level in one.levels)}
        for one in known
    ]  # fmt: skip
