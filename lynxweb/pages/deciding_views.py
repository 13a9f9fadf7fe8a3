"""The pages of decisions: the list, the draft and its preview, the signed decision, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.audit.actors import Actor
from lynxweb.pages import deciding_rows, decision_form
from lynxweb.pages.acting import Asked, acted_at, fields
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.review import decisions
from lynxweb.review.answering import committee_for
from lynxweb.review.deciding_cards import DecisionView, RequirementView
from lynxweb.review.deciding_questions import decision_for, decisions_for, requirement_for
from lynxweb.review.report_facts import cited_run
from lynxweb.words import deciding_words
from lynxweb.words.wording import chip
from runner.contract.decision import Decision
from runner.contract.problems import Problem, Problems


def listed(request: HttpRequest) -> HttpResponse:
    """What the organisation decided, newest first, each with its badge as of now."""
    cards = [(card, chip(deciding_words.BADGES, card.badge)) for card in decisions_for(actor_of_request(request))]
    return render(request, "deciding/decisions.html", {"cards": cards})


@or_404
def draft(request: HttpRequest) -> HttpResponse:
    """The form of a decision on `?requirement=`; a POST computes the document and shows what would be signed."""
    digest = request.GET.get("requirement", "")
    if not digest:
        return redirect("requirements")
    actor = actor_of_request(request)
    view = requirement_for(actor, digest)
    if request.method != "POST" or "edit" in request.POST:
        return _form(request, actor, view)
    try:
        return _preview(request, decisions.draft_decision(actor, digest, decision_form.draft(request.POST)), view)
    except Problems as error:
        return _form(request, actor, view, decision_form.in_days(error.problems), 422)


def _form(request: HttpRequest, actor: Actor, view: RequirementView, problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    form = decision_form.shown(request.POST, view, committee_for(actor).members)
    told = {"view": view, "form": form, "rows": deciding_rows.matrix_rows(view.matrix), "problems": tuple(problems), "me": actor.id}
    told |= {"facts": deciding_words.requirement_facts(view.requirement), "answers": deciding_words.ANSWERS}
    told["triggers"] = [
        (kind, deciding_words.TRIGGERS[kind], kind in form.triggers, kind in Decision.ALWAYS, form.notes[kind]) for kind in decisions.WATCHED
    ]
    return render(request, "deciding/decision_form.html", told, status=status)


def _preview(request: HttpRequest, decision: Decision, view: RequirementView, problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    """What would be signed, word for word, with the bytes that a signature covers."""
    told = fields(request, problems) | document_told(decision, view) | {"view": view}
    told |= {"document": decision_form.canonical_text(decision), "digest": decision.sha256}
    if "document" not in request.POST:
        told |= {"typed": {}, "again": decision_form.again(request.POST)}
    return render(request, "deciding/preview.html", told, status=status)


@or_404
@require_POST
def sign_new(request: HttpRequest) -> HttpResponse:
    """The first signature, which stores the decision that the preview showed."""
    content = request.POST.get("document", "").encode("utf-8", "surrogatepass")
    try:
        shown = Decision.read(content)
    except Problems as error:
        raise Http404(str(error)) from error  # nobody types canonical bytes: this form was not made by the preview
    view = requirement_for(actor_of_request(request), shown.requirement_sha256)
    return acted_at(
        request,
        reverse("decision", args=[shown.sha256]),
        lambda actor, asked: decisions.sign_decision(actor, content, reason=asked.reason, request_id=asked.request_id),
        lambda problems, status: _preview(request, shown, view, problems, status),
    )


@or_404
def decision(request: HttpRequest, digest: str) -> HttpResponse:
    """One decision for somebody who was not there: question, evidence, answer, and what would change it."""
    return _decision(request, decision_for(actor_of_request(request), digest))


@or_404
@require_POST
def sign(request: HttpRequest, digest: str) -> HttpResponse:
    """A later member's signature under the same document."""

    def do(actor: Actor, asked: Asked) -> object:
        return decisions.sign_stored_decision(actor, digest, reason=asked.reason, request_id=asked.request_id)

    return _act(request, digest, do)


@or_404
@require_POST
def append(request: HttpRequest, digest: str) -> HttpResponse:
    """A later word; the decision stays as it was signed."""
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()

    def do(actor: Actor, asked: Asked) -> object:
        return decisions.append_addendum(actor, digest, text, reason=asked.reason, request_id=asked.request_id)

    return _act(request, digest, do)


def _act(request: HttpRequest, digest: str, do: Callable[[Actor, Asked], object]) -> HttpResponse:
    view = decision_for(actor_of_request(request), digest)
    return acted_at(request, reverse("decision", args=[digest]), do, lambda problems, status: _decision(request, view, problems, status))


def _decision(request: HttpRequest, view: DecisionView, problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    told = fields(request, problems) | document_told(view.decision, view)
    told |= {"view": view, "badge": chip(deciding_words.BADGES, view.card.badge), "fired": deciding_rows.fired_rows(view.card.standing.fired)}
    told["pre_registered"] = deciding_words.pre_registered_chip(view.pre_registered.answer)
    found = deciding_rows.headline_run(view.decision)
    cited = None if found is None else cited_run(actor_of_request(request), found[0]).view
    views = {} if cited is None else {cited.digest: cited}
    told["headline"] = deciding_rows.headline(view.decision, view.requirement.slo.metric, views)
    told["facts"] = deciding_words.requirement_facts(view.requirement)
    return render(request, "deciding/decision.html", told, status=status)


def document_told(decision: Decision, now: DecisionView | RequirementView) -> dict[str, object]:
    """What preview, page and report say alike of the document."""
    rows = deciding_rows.decision_rows(decision, now)
    return {
        "decision": decision, "rows": rows, "chosen": next((row for row in rows if row.chosen), None),
        "watched": deciding_rows.watched(decision),
    }  # fmt: skip
