"""Taking bytes out that must not be kept: one person proposes it, a publisher carries it out."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from lynxweb.accounts.roles import may
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.audit.proposals import Proposal
from lynxweb.pages import act_forms
from lynxweb.pages.act_forms import ActForm, hidden, select
from lynxweb.pages.acting import Asked, acted_at
from lynxweb.pages.asking import actor_of_request, or_404
from lynxweb.pages.posted import text
from lynxweb.registry import reading
from lynxweb.registry.cards import RunView
from lynxweb.review.proposing import may_carry_out, proposals_among
from lynxweb.review.redaction import OBJECT_TYPE, propose_redaction, redact_payload
from lynxweb.review.standing_questions import standing_for
from runner.contract.problems import Problem

NOTE = "The bytes go for good. Their digest, every proof and every number stay, and pages and packs say which event took them out and why."


@or_404
def redact(request: HttpRequest, digest: str) -> HttpResponse:
    """The files and documents of one run, with the form that takes one of them out or proposes it."""
    if request.method != "POST":
        return _shown(request, digest)

    def do(actor: Actor, asked: Asked) -> None:
        standing_for(actor, digest)
        payload, named = text(request.POST, "payload"), request.POST.get("proposal") or None
        if named is None and log_settings().two_person_rule:
            propose_redaction(actor, payload, reason=asked.reason, request_id=asked.request_id)
        else:
            redact_payload(actor, payload, proposal=named, reason=asked.reason, request_id=asked.request_id)

    return acted_at(request, request.path, do, lambda problems, status: _shown(request, digest, problems, status))


def _shown(request: HttpRequest, digest: str, problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    view, standing = reading.run_for(actor, digest), standing_for(actor, digest)
    made = _forms(actor, view, digest) if "redact" in standing.offered else ()
    name = request.POST.get("proposal") or "redact"
    forms = act_forms.again(made, request, name, found)
    gone = [line for line in standing.notices if line.source == "redaction"]
    stray = () if name in {one.name for one in forms} else found
    return render(request, "pages/redact.html", {"view": view, "gone": gone, "forms": forms, "stray_problems": stray}, status=status)


def _forms(actor: Actor, view: RunView, digest: str) -> tuple[ActForm, ...]:
    action, names = reverse("redact", args=[digest]), {line.sha256: line.name for line in view.artifacts}
    proposals = proposals_among(actor, OBJECT_TYPE, names)
    made = [_as_proposed(action, names[one.object_id], one) for one in proposals if may_carry_out(actor, one)]
    two = log_settings().two_person_rule
    if may(actor, Action.ACT_PROPOSE if two else Action.PAYLOAD_REDACT):
        choice = select("payload", "Bytes", [(line.sha256, f"{line.name} ({line.sha256[:12]})") for line in view.artifacts])
        title, button = ("Propose to take bytes out", "Propose it") if two else ("Take bytes out", "Take them out for good")
        made.append(ActForm("redact", action, title, button, (choice,), NOTE))
    return tuple(made)


def _as_proposed(action: str, name: str, one: Proposal) -> ActForm:
    """The form that carries out what somebody else proposed, word for word."""
    held = {"reason_code": one.terms["reason_code"], "reason": one.terms["reason"], "payload": one.object_id, "proposal": one.id}
    inputs, note = tuple(hidden(*pair) for pair in held.items()), f"Proposed by {one.proposer}: {one.terms['reason']}"
    return ActForm(one.id, action, f"Take out {name} as proposed", "Take it out", inputs, note, asks_reason=False)
