"""What somebody proposed for another person to do, word for word; and the form that does exactly that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts.people import generated_password
from lynxweb.accounts.questions import closed_proposals_for, names_for, proposals_for
from lynxweb.accounts.roles import Role, may, roles_for
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import recorded_as, utc_now
from lynxweb.pages import act_forms
from lynxweb.pages.act_forms import ActForm, hidden
from lynxweb.pages.acting import Asked
from lynxweb.pages.asking import actor_of_request
from lynxweb.pages.once import Secret, acted_once, or_missing
from lynxweb.pages.people_views import new_password
from lynxweb.review.proposing import proposal_named
from lynxweb.review.second_persons import carry_out, holds_reason
from runner.contract.problems import Problem

WORDS: Mapping[str, str] = {
    Action.RUN_WITHDRAW: "Withdraw a run", Action.RUN_SUPERSEDE: "Put a newer run in the place of another", Action.RULING_ISSUE: "Issue a ruling",
    Action.PAYLOAD_REDACT: "Take out bytes for good", Action.ACTOR_BIND: "Reset how a person signs in", Action.ACTOR_ERASE: "Erase a person",
    Action.KEY_REVOKE: "Revoke a key back to a position", Action.ROLE_GRANT: "Give a role", Action.CHECKPOINT_NOTE: "Switch the two-person rule off",
    Action.LOG_CLOSE: "Close the log",
}  # fmt: skip


@dataclass(frozen=True)
class OpenProposal:
    """One proposal that an act may still use: its words, its terms by name, who proposed it, and the form or why there is none."""

    one: Proposal
    words: str
    proposer: str
    terms: tuple[tuple[str, str], ...]
    page: str
    forms: tuple[ActForm, ...]
    hindrance: str


@dataclass(frozen=True)
class ClosedProposal:
    """One proposal that no act can use any more; `position` is that of the act that used it, None where it expired."""

    one: Proposal
    words: str
    proposer: str
    position: int | None
    expired: datetime


def every_proposal(request: HttpRequest) -> HttpResponse:
    """Open proposals with the form that carries each out, then those used or expired."""
    return _proposals(request)


@require_POST
@or_missing
def carry(request: HttpRequest, proposal: str) -> HttpResponse:
    """Do what was proposed, and go to the page of what it was done to."""
    one = proposal_named(actor_of_request(request), proposal) if not _used(request) else None
    page = reverse("proposals") if one is None else page_of(one)

    def do(actor: Actor, asked: Asked) -> Secret | None:
        found = proposal_named(actor, proposal)
        password = generated_password() if found.action == Action.ACTOR_BIND else None
        carry_out(actor, found, reason=asked.reason, request_id=asked.request_id, password=password)
        return new_password(found.object_id, password)

    return acted_once(request, page, do, lambda problems, status: _proposals(request, proposal, problems, status))


def page_of(one: Proposal) -> str:
    """The page of the object that a proposal is about."""
    match one.object_type:
        case "run":
            return reverse("run", args=[one.object_id])
        case "actor" | "role":
            return reverse("person", args=[one.terms["actor"]])
        case "key":
            return reverse("nodes")
        case "ruling":
            return reverse("rulings")
        case "log":
            return reverse("people")
    return reverse("proposals")


def _used(request: HttpRequest) -> bool:
    """Whether this form was sent before: its proposal is used up then, and no longer open."""
    request_id = request.POST.get("request_id", "")
    return request_id.isprintable() and recorded_as(request_id) is not None


def _proposals(request: HttpRequest, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    names = names_for(actor)
    rows = [_open(actor, one, names, request, refused, found) for one in proposals_for(actor)]
    closed = [_closed(one, names) for one in closed_proposals_for(actor)]
    stray = () if any(form.name == refused for row in rows for form in row.forms) else found
    return render(request, "people/proposals.html", {"rows": rows, "closed": closed, "stray_problems": stray}, status=status)


def _open(actor: Actor, one: Proposal, names: Mapping[str, str], request: HttpRequest, refused: str, problems: tuple[Problem, ...]) -> OpenProposal:
    hindrance = "" if one.proposer != actor.id else "You proposed it, so another person carries it out."
    if not hindrance and not may(actor, Action(one.action)):
        hindrance = f"Carried out by: {', '.join(_who_may(one.action))}."
    forms = () if hindrance else act_forms.again(_forms(one), request, refused, problems)
    words = WORDS.get(one.action, one.action)
    return OpenProposal(one, words, names.get(one.proposer, ""), tuple(_terms(one.terms, names)), page_of(one), forms, hindrance)


def _forms(one: Proposal) -> Iterator[ActForm]:
    action, button = reverse("proposal-do", args=[one.id]), f"{WORDS.get(one.action, one.action)}, as proposed"
    if holds_reason(one.action):
        held = (hidden("reason_code", str(one.terms["reason_code"])), hidden("reason", str(one.terms["reason"])))
        yield ActForm(one.id, action, "Carry it out", button, held, "The reason is the one above, word for word.", asks_reason=False)
        return
    note = "A new password is made and shown once." if one.action == Action.ACTOR_BIND else ""
    yield ActForm(one.id, action, "Carry it out", button, note=note)


def _terms(terms: Mapping[str, object], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in terms.items():
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, f"{said} ({names[said]})" if said in names else said


def _who_may(action: str) -> tuple[str, ...]:
    everybody = [Actor("user", "act_1", "oidc", frozenset({role.value})) for role in Role]
    return tuple(role.value for role, one in zip(Role, everybody, strict=True) if roles_for(one, action))


def _closed(one: Proposal, names: Mapping[str, str]) -> ClosedProposal:
    made = None if one.used_by is None else recorded_as(one.used_by)
    return ClosedProposal(
        one, WORDS.get(one.action, one.action), names.get(one.proposer, ""), None if made is None else made.seq, min(one.expires, utc_now())
    )
