"""The pages of evidence packs: which were taken, the form to take one, what one binds, and its bytes."""

from __future__ import annotations

import json
import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from lynxweb.audit.actors import Actor
from lynxweb.pages import acting
from lynxweb.pages.acting import Asked
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.registry.missing import NotFound
from lynxweb.review import deciding_questions, pack_reading, sealing
from lynxweb.review.exporting import Wanted, export_pack
from lynxweb.review.pack_cards import PackReport
from runner.contract.problems import Problem, Problems

_SIZE = re.compile(r"[1-9][0-9]{0,15}")


def packs(request: HttpRequest) -> HttpResponse:
    """The packs that the organisation took, newest first."""
    actor = actor_of_request(request)
    return render(request, "packs_pages/packs.html", {"packs": pack_reading.packs_for(actor), "may_export": pack_reading.may_export(actor)})


@or_404
def new_pack(request: HttpRequest) -> HttpResponse:
    """The form to take a pack of runs, or of a decision with all it cites; what is chosen arrives as `runs` and `decision`."""
    if request.method != "POST":
        return _form(request, (), 200)
    return acting.acted(request, lambda actor, asked: _export(request, actor, asked), lambda problems, status: _form(request, problems, status))


@or_404
def pack(request: HttpRequest, pack_id: str) -> HttpResponse:
    """What a pack binds, what it leaves out, and what it rests on; with `?verify=1` what its own verifier says."""
    actor = actor_of_request(request)
    view = pack_reading.pack_for(actor, pack_id)
    report, problems, gone = _report(actor, pack_id) if request.GET.get("verify") == "1" and view.checkpoint else (None, (), "")
    return render(request, "packs_pages/pack.html", {"view": view, "card": view.card, "report": report, "problems": problems, "gone": gone})


@or_404
def pack_file(request: HttpRequest, pack_id: str) -> HttpResponse:
    """The pack itself; 202 while it waits for its checkpoint, 410 once bytes that it showed were redacted."""
    try:
        made = sealing.sealed(actor_of_request(request), pack_id)
    except sealing.NotYetSealed:
        return render(request, "packs_pages/waiting.html", {"pack_id": pack_id}, status=202)
    except sealing.Gone as gone:
        return render(request, "packs_pages/gone.html", {"pack_id": pack_id, "gone": str(gone)}, status=410)
    headers = {"Content-Disposition": f'attachment; filename="{made.id}.zip"', "X-Content-Type-Options": "nosniff", "Cache-Control": "private"}
    return HttpResponse(made.content, content_type="application/zip", headers=headers)


def _report(actor: Actor, pack_id: str) -> tuple[PackReport | None, tuple[Problem, ...], str]:
    try:
        return pack_reading.report_for(actor, pack_id), (), ""
    except Problems as error:
        return None, tuple(error.problems), ""
    except sealing.Gone as gone:
        return None, (), str(gone)


def _form(request: HttpRequest, problems: tuple[Problem, ...], status: int) -> HttpResponse:
    actor, sent = actor_of_request(request), request.POST if request.method == "POST" else request.GET
    named, decision = _named(sent.getlist("runs")), sent.get("decision", "")
    told = acting.fields(request, problems) | {"runs": pack_reading.choosable(actor, named), "may_export": pack_reading.may_export(actor)}
    told |= {"decision": deciding_questions.decision_for(actor, decision) if decision else None}
    told |= {"with_samples": request.method != "POST" or "with_samples" in sent}
    return render(request, "packs_pages/new.html", told, status=status)


def _export(request: HttpRequest, actor: Actor, asked: Asked) -> str:
    sent = request.POST
    runs = _named([*sent.getlist("runs"), sent.get("more", "")])
    wanted = Wanted(tuple(runs), sent.get("decision") or None, "with_samples" in sent, _held(sent.get("held", "")))
    try:
        made = export_pack(actor, wanted, reason=asked.reason, request_id=asked.request_id)
    except NotFound as missing:
        raise Problems([Problem("runs", str(missing), "runs and decisions that you see", "copy the digest from its page", "not-found")]) from missing
    return reverse("pack", args=(made.id,))


def _named(texts: list[str]) -> list[str]:
    return [part for text in texts for part in re.split(r"[\s,]+", text) if part]


def _held(text: str) -> tuple[int, ...]:
    parts = _named([text])
    if wrong := [part for part in parts if not _SIZE.fullmatch(part)]:
        found = json.dumps(wrong[0][:40])
        raise Problems([Problem("held", found, "sizes of checkpoints, such as 340", "take the second line of the checkpoint that you keep", "held")])
    return tuple(int(part) for part in parts)
