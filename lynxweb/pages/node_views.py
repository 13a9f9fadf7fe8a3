"""The nodes of one's organisation with their keys, and the acts that end one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts import key_changes, nodes
from lynxweb.accounts.questions import KeyCard, NodeCard, nodes_for
from lynxweb.accounts.roles import may
from lynxweb.audit.actions import Action, ReasonCode
from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.pages import act_forms
from lynxweb.pages.act_forms import ActForm, Input
from lynxweb.pages.acting import Asked
from lynxweb.pages.asking import actor_of_request
from lynxweb.pages.once import acted_first, or_missing
from lynxweb.pages.posted import whole_number
from lynxweb.review.key_notices import revoke_key_and_notify
from lynxweb.words.wording import REASONS
from runner.contract.problems import Problem

_KEY_CODES = (ReasonCode.KEY_LOST, ReasonCode.KEY_COMPROMISE, ReasonCode.ROUTINE, ReasonCode.OTHER)
_CODES = tuple((code.value, REASONS[code]) for code in _KEY_CODES)
_FROM_NOW = "What it signed so far stays valid; what arrives under it from now on is refused. A stolen key cannot wait, so one person does this."
_BACK = "Signatures after that position never counted: every run that it signed in between gets a notice. Nothing is deleted."


@dataclass(frozen=True)
class KeyRow:
    """A key with the acts on it."""

    card: KeyCard
    forms: tuple[ActForm, ...]


@dataclass(frozen=True)
class NodeRow:
    """A node with its keys and the acts on it."""

    card: NodeCard
    keys: tuple[KeyRow, ...]
    forms: tuple[ActForm, ...]


def every_node(request: HttpRequest) -> HttpResponse:
    """The nodes, their keys with positions, and how a machine enrols and rotates its key."""
    return _nodes(request)


@require_POST
@or_missing
def retire(request: HttpRequest, node: str) -> HttpResponse:
    """Retire a node for ever."""
    return acted_first(
        request,
        reverse("nodes"),
        lambda actor, asked: nodes.retire_node(actor, node, reason=asked.reason, request_id=asked.request_id),
        lambda problems, status: _nodes(request, f"retire-{node}", problems, status),
    )


@require_POST
@or_missing
def key_act(request: HttpRequest, key: str, act: str) -> HttpResponse:
    """Do one act on a key."""
    do = ACTS.get(act)
    if do is None:
        raise Http404(act)
    return acted_first(
        request,
        reverse("proposals" if act.startswith("propose") else "nodes"),
        lambda actor, asked: do(actor, key, asked, request.POST),
        lambda problems, status: _nodes(request, f"{act}-{key}", problems, status),
    )


def _nodes(request: HttpRequest, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    two = log_settings().two_person_rule

    def again(forms: Iterable[ActForm]) -> tuple[ActForm, ...]:
        return act_forms.again(forms, request, refused, found)

    rows = tuple(
        NodeRow(card, tuple(KeyRow(key, again(_key_forms(actor, key, two))) for key in card.keys), again(_node_forms(actor, card)))
        for card in nodes_for(actor)
    )
    shown = {form.name for row in rows for form in (*row.forms, *(form for key in row.keys for form in key.forms))}
    told = {"rows": rows, "stray_problems": () if refused in shown else found, "may_enrol": may(actor, Action.NODE_ENROL)}
    return render(request, "people/nodes.html", told, status=status)


def _node_forms(actor: Actor, card: NodeCard) -> Iterator[ActForm]:
    if not card.retired and may(actor, Action.NODE_RETIRE):
        note = "For ever: its tokens end at once, what it signed stays valid, its name stays taken."
        yield ActForm(f"retire-{card.id}", reverse("node-retire", args=[card.id]), "Retire this node", "Retire it", note=note)


def _key_forms(actor: Actor, key: KeyCard, two: bool) -> Iterator[ActForm]:
    if key.revoked_from is None and may(actor, Action.KEY_REVOKE):
        yield _form(key, "revoke", "Revoke from now on", "Revoke the key", note=_FROM_NOW)
    least, most = key.registered_at, "the newest position" if key.revoked_from is None else key.revoked_from - 2
    hint = f"the last position of the log at which the key was surely yours: {least} to {most}"
    back = Input("last_good_seq", "Last good position", "number", hint=hint)
    if not two and may(actor, Action.KEY_REVOKE):
        yield _form(key, "reach-back", "Revoke back to a position", "Revoke it back", back, note=_BACK)
    if two and may(actor, Action.ACT_PROPOSE):
        note = f"{_BACK} It takes two people: an administrator other than you carries it out, word for word, within 14 days."
        yield _form(key, "propose-reach-back", "Propose to revoke back to a position", "Propose it", back, note=note)


def _form(key: KeyCard, act: str, title: str, button: str, *inputs: Input, note: str) -> ActForm:
    return ActForm(f"{act}-{key.key_id}", reverse("key-act", args=[key.key_id, act]), title, button, inputs, note, codes=_CODES)


def _last_good(sent: QueryDict) -> int:
    return whole_number(sent, "last_good_seq")


Act = Callable[[Actor, str, Asked, QueryDict], object]
ACTS: Final[Mapping[str, Act]] = {
    "revoke": lambda actor, key, asked, _sent: key_changes.revoke_key(actor, key, reason=asked.reason, request_id=asked.request_id),
    "reach-back": lambda actor, key, asked, sent: revoke_key_and_notify(
        actor, key, _last_good(sent), reason=asked.reason, request_id=asked.request_id
    ),
    "propose-reach-back": lambda actor, key, asked, sent: key_changes.propose_revocation(
        actor, key, _last_good(sent), reason=asked.reason, request_id=asked.request_id
    ),
}
