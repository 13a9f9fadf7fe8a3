"""The forms of the ruling register: a ruling on runs or on a pair of methodology versions, proposed by one person and issued by another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from django.http import QueryDict
from django.urls import reverse

from lynxweb.accounts.roles import may
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.proposals import Proposal
from lynxweb.pages.act_forms import ActForm, Input, hidden, select
from lynxweb.pages.posted import listed, text
from lynxweb.review.rulings import methodologies_terms, runs_terms
from lynxweb.words.governance_words import OUTCOMES
from runner.contract.metrics import DEFINITIONS
from runner.contract.ruling import PairOutcome, RunsOutcome

TEXT: Final = Input("text", "Text of the ruling", "textarea", hint="10 to 4,000 characters, public and permanent")
RUNS: Final = (
    Input("rule", "Rule that is cited"),
    select("outcome", "Outcome", [(name, OUTCOMES[name].text) for name in get_args(RunsOutcome)]),
    Input("runs", "Runs", "textarea", hint="their digests, one a line"),
    TEXT,
)
PAIR: Final = (
    Input("a", "One methodology version", hint="its digest, 64 digits"),
    Input("b", "The other", hint="its digest, 64 digits"),
    select("metric", "Metric", [(name, name) for name in DEFINITIONS]),
    select("outcome", "Outcome", [(name, OUTCOMES[name].text) for name in get_args(PairOutcome)], "incompatible"),
    TEXT,
)


def forms(actor: Actor, proposals: tuple[Proposal, ...], two_persons: bool) -> tuple[ActForm, ...]:
    """What this actor may do in the register: carry out another's proposal, or propose (with one person: issue) a ruling."""
    made = [_as_proposed(one) for one in proposals if one.proposer != actor.id and may(actor, Action.RULING_ISSUE)]
    if may(actor, Action.ACT_PROPOSE if two_persons else Action.RULING_ISSUE):
        verb, button = ("Propose", "Propose it") if two_persons else ("Issue", "Issue it")
        action = reverse("ruling-propose" if two_persons else "rulings")
        made.append(ActForm("runs", action, f"{verb} a ruling on runs", button, (hidden("kind", "runs"), *RUNS)))
        made.append(ActForm("pair", action, f"{verb} a ruling on two methodology versions", button, (hidden("kind", "methodologies"), *PAIR)))
    return tuple(made)


def terms(sent: QueryDict) -> dict[str, Any]:
    """The terms of a ruling in a form."""
    if text(sent, "kind") == "methodologies":
        return methodologies_terms(
            a=text(sent, "a"), b=text(sent, "b"), metric=text(sent, "metric"), outcome=text(sent, "outcome"), text=text(sent, "text")
        )
    return runs_terms(rule=text(sent, "rule"), outcome=text(sent, "outcome"), runs=listed(sent, "runs"), text=text(sent, "text"))


def form_name(sent: QueryDict) -> str:
    """Which form was sent."""
    return str(sent.get("proposal") or ("pair" if text(sent, "kind") == "methodologies" else "runs"))


def _as_proposed(one: Proposal) -> ActForm:
    note = f"Proposed by {one.proposer}: {summary(one.terms)}"
    return ActForm(one.id, reverse("rulings"), f"Issue ruling {one.terms.get('number')} as proposed", "Issue it", (hidden("proposal", one.id),), note)


def summary(said: Mapping[str, Any]) -> str:
    """The terms of a ruling in a sentence."""
    outcome = OUTCOMES[said["outcome"]].text
    if said["kind"] == "runs":
        return f"{len(said['runs'])} run(s) {outcome} under {said['rule']}: {said['text']}"
    return f"{said['metric']} of {said['a'][:12]} and {said['b'][:12]} is {outcome}: {said['text']}"
