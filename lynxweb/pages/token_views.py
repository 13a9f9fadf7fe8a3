"""Service tokens: those that one may see, the form that issues one, and its text, which the answer to that form alone shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts import tokens
from lynxweb.accounts.questions import TokenCard, nodes_for, tokens_for
from lynxweb.accounts.roles import Scope, may
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.pages import act_forms
from lynxweb.pages.act_forms import ActForm, Input, select
from lynxweb.pages.acting import Asked
from lynxweb.pages.asking import actor_of_request
from lynxweb.pages.once import Secret, acted_first, acted_once, or_missing, typed
from lynxweb.pages.posted import whole_number
from runner.contract.problems import Problem, Problems

MYSELF = "myself"
DAYS = range(1, 366)
SCOPES = {Scope.READ: "read what its owner may see", Scope.UPLOAD: "declare and upload runs", Scope.ENROL: "enrol one machine after another"}
_ONCE = "Copy it now. The site keeps a keyed hash, so it is shown this once; whoever has it acts for its owner until it ends."


@dataclass(frozen=True)
class TokenRow:
    """A token with the form that ends it, where the reader may."""

    card: TokenCard
    forms: tuple[ActForm, ...]


@or_missing
def every_token(request: HttpRequest) -> HttpResponse:
    """The tokens of the reader or of the organisation, and the form that issues one."""
    if request.method != "POST":
        return _tokens(request)

    def do(actor: Actor, asked: Asked) -> Secret:
        owner, scope, days = typed(request.POST, "owner"), _scope(typed(request.POST, "scope")), _days(request)
        node = None if owner == MYSELF else owner
        issued = tokens.issue_token_for(actor, node, scope=scope, lifetime=timedelta(days=days), reason=asked.reason, request_id=asked.request_id)
        note = f"It ends on {issued.expires:%Y-%m-%d}. {_ONCE}"
        return Secret(f"A token of scope {scope.value}", "Token", issued.text, note, reverse("tokens"), "To the tokens")

    return acted_once(request, reverse("tokens"), do, lambda problems, status: _tokens(request, "issue", problems, status))


@require_POST
@or_missing
def revoke(request: HttpRequest, token: str) -> HttpResponse:
    """End a token at once."""
    return acted_first(
        request,
        reverse("tokens"),
        lambda actor, asked: tokens.revoke_token(actor, token, reason=asked.reason, request_id=asked.request_id),
        lambda problems, status: _tokens(request, f"revoke-{token}", problems, status),
    )


def _tokens(request: HttpRequest, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    rows = tuple(TokenRow(card, act_forms.again(_ending(actor, card), request, refused, found)) for card in tokens_for(actor))
    forms = act_forms.again(_issuing(actor), request, refused, found)
    shown = {form.name for form in (*forms, *(form for row in rows for form in row.forms))}
    told = {"rows": rows, "forms": forms, "stray_problems": () if refused in shown else found}
    return render(request, "people/tokens.html", told, status=status)


def _issuing(actor: Actor) -> Iterator[ActForm]:
    if not may(actor, Action.TOKEN_ISSUE):
        return
    owners = [(MYSELF, "me"), *((node.id, f"node {node.name}") for node in nodes_for(actor) if not node.retired)]
    scopes = [
        (scope.value, f"{scope.value}: {words}") for scope, words in SCOPES.items() if scope is not Scope.ENROL or may(actor, Action.NODE_ENROL)
    ]
    inputs = (
        select("owner", "It acts for", owners),
        select("scope", "It may", scopes, hint="a scope only takes away: its owner's roles stay the limit"),
        Input("days", "Days until it ends", "number", "90", hint=f"{DAYS[0]} to {DAYS[-1]}"),
    )
    note = "For machines and scripts. Its text is shown once, in the answer to this form."
    yield ActForm("issue", reverse("tokens"), "Issue a token", "Issue the token", inputs, note)


def _ending(actor: Actor, card: TokenCard) -> Iterator[ActForm]:
    if not card.revoked and not card.expired and may(actor, Action.TOKEN_REVOKE):
        yield ActForm(f"revoke-{card.id}", reverse("token-revoke", args=[card.id]), "Revoke it", "Revoke the token", note="It ends at once.")


def _scope(name: str) -> Scope:
    try:
        return Scope(name)
    except ValueError as error:
        raise Problems([Problem("scope", name[:40] or "nothing", f"one of {', '.join(Scope)}", "choose a scope", "unknown-scope")]) from error


def _days(request: HttpRequest) -> int:
    days = whole_number(request.POST, "days")
    if days not in DAYS:
        raise Problems([Problem("days", str(days), f"{DAYS[0]} to {DAYS[-1]}", "choose how long the token lives", "out-of-range")])
    return days
