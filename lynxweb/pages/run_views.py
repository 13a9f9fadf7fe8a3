"""The page of a run and the acts on it; a refused act shows the page again, with every problem beside its form."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts.questions import names_for
from lynxweb.audit.actors import Actor
from lynxweb.pages import act_forms, run_acts, run_page
from lynxweb.pages.acting import Asked, acted_at
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.posted import text
from lynxweb.registry import reading
from lynxweb.review import disputes, notices
from lynxweb.review.standing_questions import run_of_dispute, run_of_notice, standing_for
from runner.contract.problems import Problem

HISTORY_OF_RUN = "run"


@or_404
def run(request: HttpRequest, digest: str) -> HttpResponse:
    """One run: what was measured, how far it can be trusted, how it stands, and everything that it rests on."""
    return _shown(request, digest)


@require_POST
@or_404
def run_act(request: HttpRequest, digest: str, act: str) -> HttpResponse:
    """Do one act on a run and come back to its page."""
    if act not in run_acts.ACTS:
        raise Http404(act)
    return _acted(request, digest, request.POST.get("proposal") or act, lambda actor, asked: run_acts.ACTS[act](actor, digest, asked, request.POST))


@require_POST
@or_404
def lift_notice(request: HttpRequest, notice: str) -> HttpResponse:
    """Lift a notice and come back to the page of its run."""
    digest = run_of_notice(actor_of_request(request), notice)
    return _acted(
        request, digest, notice, lambda actor, asked: notices.lift_notice(actor, notice, reason=asked.reason, request_id=asked.request_id)
    )  # fmt: skip


@require_POST
@or_404
def close_dispute(request: HttpRequest, dispute: str) -> HttpResponse:
    """Decide a dispute and come back to the page of its run."""
    digest, sent = run_of_dispute(actor_of_request(request), dispute), request.POST

    def do(actor: Actor, asked: Asked) -> None:
        outcome, said = text(sent, "outcome"), text(sent, "text")
        disputes.close_dispute(actor, dispute, outcome=outcome, text=said, reason=asked.reason, request_id=asked.request_id)

    return _acted(request, digest, dispute, do)


def _acted(request: HttpRequest, digest: str, form: str, do: Callable[[Actor, Asked], object]) -> HttpResponse:
    page = reverse("run", args=[digest])
    return acted_at(request, page, do, lambda problems, status: _shown(request, digest, form, problems, status))


def _shown(request: HttpRequest, digest: str, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor = actor_of_request(request)
    view = reading.run_for(actor, digest)
    told = run_page.told(view, reading.timeline_for(actor, digest)) | _standing(request, actor, digest, refused, tuple(problems))
    told["events"] = reading.events_for(actor, HISTORY_OF_RUN, digest)
    if told["shows_latency"]:
        told |= run_page.distribution(view, reading.curves_for(actor, digest))
    return render(request, "pages/run.html", told, status=status)


def _standing(request: HttpRequest, actor: Actor, digest: str, refused: str, problems: tuple[Problem, ...]) -> dict[str, object]:
    standing = standing_for(actor, digest)
    forms = act_forms.again(run_acts.forms(actor, digest, standing), request, refused, problems)
    judging = run_acts.judging_forms(standing)
    judging |= {one.name: one for one in act_forms.again(judging.values(), request, refused, problems)}
    shown = {one.name for one in forms} | judging.keys()
    return {
        "standing": standing, "forms": forms, "judging": judging, "names": names_for(actor),
        "stray_problems": () if refused in shown else problems,
    }  # fmt: skip
