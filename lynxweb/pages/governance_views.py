"""The ruling register, open disputes, draws of reviews, and the redaction of what a run rests on."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts.roles import may
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.pages import act_forms, ruling_forms
from lynxweb.pages.act_forms import ActForm, Input
from lynxweb.pages.acting import Asked, acted, acted_at
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.posted import listed, text, whole_number
from lynxweb.review import rulings as acts
from lynxweb.review.drawing import draw_for, draw_review
from lynxweb.review.drawing_questions import drawable_for, draws_for
from lynxweb.review.noting import open_disputes, rulings_register
from lynxweb.review.proposing import proposal_named, proposals_on
from runner.contract.problems import Problem, Problems

CANDIDATES = "digests of the runs among which is drawn, one a line; here every published run that you see"
SEED = "a value that nobody can know yet: a future round of a public beacon, or dice that the committee will throw"


@or_404
def rulings(request: HttpRequest) -> HttpResponse:
    """The register, and for whoever may the forms that propose and issue a ruling."""
    if request.method != "POST":
        return _rulings(request)

    def do(actor: Actor, asked: Asked) -> None:
        named = request.POST.get("proposal") or None
        terms = ruling_forms.terms(request.POST) if named is None else proposal_named(actor, named).terms
        acts.issue_ruling(actor, terms, proposal=named, reason=asked.reason, request_id=asked.request_id)

    return acted_at(request, request.path, do, lambda problems, status: _rulings(request, problems, status))


@require_POST
@or_404
def propose_ruling(request: HttpRequest) -> HttpResponse:
    """Propose a ruling, for another person to issue."""

    def do(actor: Actor, asked: Asked) -> None:
        acts.propose_ruling(actor, ruling_forms.terms(request.POST), reason=asked.reason, request_id=asked.request_id)

    return acted_at(request, reverse("rulings"), do, lambda problems, status: _rulings(request, problems, status))


def disputes(request: HttpRequest) -> HttpResponse:
    """Every open dispute about a run that the reader may see."""
    return render(request, "pages/disputes.html", {"disputes": open_disputes(actor_of_request(request))})


@or_404
def draws(request: HttpRequest) -> HttpResponse:
    """The draws of the reader's organisation, and the form that freezes candidates for a new one."""
    if request.method != "POST":
        return _draws(request)

    def do(actor: Actor, asked: Asked) -> str:
        sent = request.POST
        frozen = draw_review(
            actor, listed(sent, "candidates"), seed_source=text(sent, "seed_source"), count=whole_number(sent, "count"),
            reason=asked.reason, request_id=asked.request_id,
        )  # fmt: skip
        return reverse("draw", args=[frozen.draw])

    return acted(request, do, lambda problems, status: _draws(request, problems, status))


@or_404
def draw(request: HttpRequest, draw: str) -> HttpResponse:
    """One draw; with `?seed=` the runs that this value picks, which anybody can pick again."""
    frozen, seed = draw_for(actor_of_request(request), draw), request.GET.get("seed", "").strip()
    told: dict[str, object] = {"draw": frozen, "seed": seed}
    try:
        told["picked"] = frozen.picked(seed) if "seed" in request.GET else ()
    except Problems as error:
        return render(request, "pages/draw.html", told | {"problems": error.problems}, status=422)
    return render(request, "pages/draw.html", told)


def _rulings(request: HttpRequest, problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor = actor_of_request(request)
    proposals = proposals_on(actor, acts.REGISTER.type, acts.REGISTER.id)
    forms = ruling_forms.forms(actor, proposals, log_settings().two_person_rule)
    told: dict[str, object] = {"rulings": rulings_register(actor), "proposals": [(one, ruling_forms.summary(one.terms)) for one in proposals]}
    return render(request, "pages/rulings.html", told | _forms(request, forms, ruling_forms.form_name(request.POST), problems), status=status)


def _draws(request: HttpRequest, problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor = actor_of_request(request)
    inputs = (
        Input("candidates", "Candidates", "textarea", "\n".join(drawable_for(actor)), hint=CANDIDATES),
        Input("count", "How many are drawn", "number", "1"),
        Input("seed_source", "Public value that will pick", hint=SEED),
    )
    note = "The candidates go into the log now; the value that picks among them becomes known later. So nobody chooses."
    form = ActForm("freeze", reverse("draws"), "Freeze candidates", "Freeze them", inputs, note)
    forms = (form,) if may(actor, Action.REVIEW_DRAW) else ()
    return render(request, "pages/draws.html", {"draws": draws_for(actor)} | _forms(request, forms, "freeze", problems), status=status)


def _forms(request: HttpRequest, forms: tuple[ActForm, ...], refused: str, problems: Iterable[Problem]) -> dict[str, object]:
    """The forms of a page, and the problems that belong to none of them."""
    found = tuple(problems)
    stray = () if not found or refused in {one.name for one in forms} else found
    return {"forms": act_forms.again(forms, request, refused, found), "stray_problems": stray}
