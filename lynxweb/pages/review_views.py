"""The queue of reviews, the reviewer's workspace beside one run, and one review with everything said in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts.questions import names_for
from lynxweb.audit.actors import Actor
from lynxweb.pages import act_forms, marking, review_forms, review_rows, run_rows
from lynxweb.pages.acting import Asked, acted_at
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.posted import optional, text
from lynxweb.registry import reading
from lynxweb.review import questions, reviewing
from lynxweb.review.cards import ReviewView
from lynxweb.review.lots import Lot
from lynxweb.review.noting import open_disputes
from lynxweb.review.questioning import questions_about
from lynxweb.review.recomputing import recomputed_for
from lynxweb.review.standing_questions import RunStanding, review_hindrances, standing_for
from runner.contract.problems import Problem

TABS = ("who", "what", "how", "again", "findings", "numbers")


def reviews(request: HttpRequest) -> HttpResponse:
    """What awaits the reader's judgement or answer."""
    actor = actor_of_request(request)
    queue = questions.queue_for(actor)
    told = {"queue": queue, "disputes": open_disputes(actor), "notices": marking.notices_of(one.run for one in queue.awaiting)}
    return render(request, "pages/reviews.html", told)


@or_404
def workspace(request: HttpRequest, digest: str) -> HttpResponse:
    """Everything that a reviewer reads of one run, with the form that opens a review or reports on it."""
    if request.method != "POST":
        return _workspace(request, digest)

    def do(actor: Actor, asked: Asked) -> None:
        sent, draw = request.POST, optional(request.POST, "draw")
        lot = Lot(draw, text(sent, "seed")) if draw else None
        kind, said = text(sent, "kind"), review_forms.conflicts(sent)
        reviewing.open_review(actor, digest, conflicts=said, kind=kind, lot=lot, reason=asked.reason, request_id=asked.request_id)

    return acted_at(request, request.path, do, lambda problems, status: _workspace(request, digest, "open", problems, status))


@or_404
def review(request: HttpRequest, review: str) -> HttpResponse:
    """One review: its reports, the responses to them, and its outcome."""
    return _review(request, review)


@require_POST
@or_404
def report(request: HttpRequest, review: str) -> HttpResponse:
    """File a report and go to the review."""
    view, sent = questions.review_for(actor_of_request(request), review), request.POST

    def do(actor: Actor, asked: Asked) -> None:
        given = review_rows.typed_answers(view.checklist, _typed(request))
        answers = [{"id": name, "answer": answer, "note": note} for name, (answer, note) in given.items() if answer]
        outcome, summary, said = text(sent, "outcome"), text(sent, "summary"), review_forms.conflicts(sent)
        reviewing.report_review(
            actor, review, answers=answers, outcome=outcome, summary=summary, conflicts=said, reason=asked.reason, request_id=asked.request_id
        )

    page, digest = reverse("review", args=[review]), view.card.run_digest
    return acted_at(request, page, do, lambda problems, status: _workspace(request, digest, "report", problems, status))


@require_POST
@or_404
def close(request: HttpRequest, review: str) -> HttpResponse:
    """Close a review and show it."""
    return _acted_on(
        request, review, "close", lambda actor, asked: reviewing.close_review(actor, review, reason=asked.reason, request_id=asked.request_id)
    )  # fmt: skip


@require_POST
@or_404
def respond(request: HttpRequest, review: str) -> HttpResponse:
    """Answer a report and show the review."""

    def do(actor: Actor, asked: Asked) -> None:
        reviewing.respond(actor, review, text=text(request.POST, "text"), reason=asked.reason, request_id=asked.request_id)

    return _acted_on(request, review, "respond", do)


def _acted_on(request: HttpRequest, review: str, form: str, do: Callable[[Actor, Asked], object]) -> HttpResponse:
    page = reverse("review", args=[review])
    return acted_at(request, page, do, lambda problems, status: _review(request, review, form, problems, status))


def _workspace(request: HttpRequest, digest: str, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    view, standing = reading.run_for(actor, digest), standing_for(actor, digest)
    recomputed = recomputed_for(actor, digest)
    told: dict[str, object] = {"view": view, "standing": standing, "questions": questions_about(view), "tab": _tab(request)}
    told |= {"findings": run_rows.findings_rows(view.findings), "recomputed": recomputed, "rows": review_rows.recomputed_rows(view, recomputed)}
    told |= {"reviews": standing.reviews, "names": names_for(actor)}
    return render(request, "pages/workspace.html", told | _judging(request, actor, standing, digest, refused, found), status=status)


def _judging(
    request: HttpRequest, actor: Actor, standing: RunStanding, digest: str, refused: str, problems: tuple[Problem, ...]
) -> dict[str, object]:
    """The form that this reader judges with: the report of the own open review, else the opening of one, else why there is none."""
    mine = next((one for one in standing.reviews if one.mine and one.state != "closed"), None)
    if mine is not None:
        view = questions.review_for(actor, mine.id)
        typed = _typed(request) if refused == "report" else {}
        given = review_rows.typed_answers(view.checklist, typed) if typed else review_rows.answered(view.reports[-1].report) if view.reports else {}
        groups = review_rows.checklist_groups(view.checklist, given, problems if typed else ())
        form = act_forms.again([review_forms.report(mine.id)], request, refused, problems)[0] if view.may_report else None
        return {"mine": view, "groups": groups, "form": form}
    draw, seed = request.GET.get("draw", ""), request.GET.get("seed", "")
    kinds = standing.acts.review_kinds
    if not kinds and not draw:
        return {"hindrances": review_hindrances(actor, digest)}
    opening = review_forms.opening(digest, kinds, draw or request.POST.get("draw", ""), seed)
    return {"opening": act_forms.again([opening], request, refused, problems)[0]}


def _review(request: HttpRequest, review: str, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    view = questions.review_for(actor, review)
    reports = [(one, review_rows.checklist_groups(view.checklist, review_rows.answered(one.report))) for one in view.reports]
    forms = act_forms.again(_forms(view), request, refused, found)
    stray = () if refused in {one.name for one in forms} else found
    told = {"view": view, "reports": reports, "forms": forms, "stray_problems": stray, "names": names_for(actor)}
    return render(request, "pages/review.html", told, status=status)


def _forms(view: ReviewView) -> list[act_forms.ActForm]:
    """The acts that the reader may do on a review, its report apart."""
    forms = []
    if view.may_close:
        forms.append(review_forms.closing(view.card.id, view.reports[-1].report.outcome))
    if view.may_respond:
        forms.append(review_forms.response(view.card.id))
    return forms


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: str(said) for name, said in request.POST.dict().items()}


def _tab(request: HttpRequest) -> str:
    asked = request.GET.get("tab", "")
    return asked if asked in TABS else TABS[0]
