"""The forms around people: each act that this reader may do now, proposals where a second person is needed."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse

from lynxweb.accounts.binding import reset_takes_two
from lynxweb.accounts.granting import roles_to_give
from lynxweb.accounts.questions import PersonCard
from lynxweb.accounts.roles import Role, may
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.pages.act_forms import ActForm, Input, select

PASSWORD, PROVIDER = "password", "provider"
_TWO = "This takes two people: what you propose, an administrator other than you carries out, word for word, within 14 days."


def people_forms(actor: Actor) -> tuple[ActForm, ...]:
    """What an administrator does with the list: make a person."""
    if not may(actor, Action.ACTOR_CREATE):
        return ()
    note = "They can do nothing until they have a role. Name and address are in no leaf of the log."
    inputs = (
        Input("name", "Name", hint="what they sign in with; nobody else of the site has it"),
        Input("email", "E-mail address", "email"),
        _sign_in(),
    )
    return (ActForm("create", reverse("people"), "Make a person", "Make the person", inputs, note),)


def rule_forms(actor: Actor, on: bool) -> tuple[ActForm, ...]:
    """The form that switches the two-person rule on, or proposes to switch it off; a proposal is carried out among the proposals."""
    if on and may(actor, Action.ACT_PROPOSE):
        return (ActForm("propose-off", reverse("rule-act", args=["propose-off"]), "Propose to switch it off", "Propose it", note=_TWO),)
    if not on and may(actor, Action.CHECKPOINT_NOTE):
        note = "From then on acts that touch evidence or give power take two people, on the whole site. One person alone cannot switch it off."
        return (ActForm("on", reverse("rule-act", args=["on"]), "Switch it on", "Switch the rule on", note=note),)
    return ()


def person_forms(actor: Actor, card: PersonCard) -> tuple[ActForm, ...]:
    """Every act on one person that this reader may do now."""
    return (*_roles(actor, card), *_signing_in(actor, card), *_erasing(actor, card))


def _roles(actor: Actor, card: PersonCard) -> Iterator[ActForm]:
    alone, together = roles_to_give(actor, card.actor_id)
    if alone and may(actor, Action.ROLE_GRANT):
        yield _form(card, "grant", "Give a role", "Give the role", select("role", "Role", _named(alone)))
    if together and may(actor, Action.ACT_PROPOSE):
        yield _form(card, "propose-role", "Propose a role", "Propose it", select("role", "Role", _named(together)), note=_TWO)
    held = [Role(role) for role in card.roles]
    if held and may(actor, Action.ROLE_REVOKE):
        yield _form(
            card, "revoke", "Take a role back", "Take it back", select("role", "Role", _named(held)), note="It ends at once; tokens keep less, too."
        )


def _signing_in(actor: Actor, card: PersonCard) -> Iterator[ActForm]:
    if may(actor, Action.ACTOR_BIND):
        if card.active:
            note = "They cannot sign in from now on; open sessions and tokens end. Their roles stay."
            yield _form(card, "deactivate", "Stop their sign-in", "Stop it", note=note)
        else:
            yield _form(card, "activate", "Let them sign in again", "Let them in")
    if reset_takes_two(actor, card.actor_id):
        if may(actor, Action.ACT_PROPOSE):
            yield _form(card, "propose-reset", "Propose to reset their sign-in", "Propose it", note=_TWO)
    elif may(actor, Action.ACTOR_BIND):
        note = "For somebody who lost password or authenticator app: both are forgotten, and their account at a provider, too."
        yield _form(card, "reset", "Reset their sign-in", "Reset it", _sign_in(), note=note)


def _erasing(actor: Actor, card: PersonCard) -> Iterator[ActForm]:
    note = f"Name, address, sign-ins and openings go for good; what was signed as {card.actor_id} stays and names nobody."
    if log_settings().two_person_rule:
        if may(actor, Action.ACT_PROPOSE):
            yield _form(card, "propose-erasure", "Propose to erase them", "Propose the erasure", note=f"{note} {_TWO}")
    elif may(actor, Action.ACTOR_ERASE):
        yield _form(card, "erase", "Erase them", "Erase them for good", note=note)


def _sign_in() -> Input:
    ways = [(PASSWORD, "a password, made now and shown once")]
    if settings.LYNXWEB_OIDC is not None:
        ways.append((PROVIDER, f"{settings.LYNXWEB_OIDC.name} alone, found by this address"))
    return select("sign_in", "They sign in with", ways)


def _named(roles: tuple[Role, ...] | list[Role]) -> list[tuple[str, str]]:
    return [(role.value, role.value) for role in roles]


def _form(card: PersonCard, act: str, title: str, button: str, *inputs: Input, note: str = "") -> ActForm:
    return ActForm(act, reverse("person-act", args=[card.actor_id, act]), title, button, inputs, note)
