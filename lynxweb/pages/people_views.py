"""The people of one's organisation, one person with the acts on them, and the two-person rule of the site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from lynxweb.accounts import binding, erasing, granting, people, questions, switching
from lynxweb.accounts.people import generated_password
from lynxweb.accounts.roles import Role
from lynxweb.audit.actors import Actor
from lynxweb.audit.opening import log_settings
from lynxweb.pages import act_forms, people_forms
from lynxweb.pages.acting import Asked
from lynxweb.pages.asking import actor_of_request
from lynxweb.pages.once import Secret, acted_first, acted_once, or_missing, typed
from runner.contract.problems import Problem, Problems

_ONCE = "Hand it over on a way that nobody else reads. It is shown this once: the site keeps only a hash, and no page can show it again."


def everybody(request: HttpRequest) -> HttpResponse:
    """The people of the reader's organisation, and for an administrator the form that makes one."""
    if request.method != "POST":
        return _people(request)

    def do(actor: Actor, asked: Asked) -> Secret | None:
        password = _password(request.POST)
        name, email = typed(request.POST, "name"), typed(request.POST, "email")
        made = people.create_person(actor, name=name, email=email, password=password, reason=asked.reason, request_id=asked.request_id)
        page = reverse("person", args=[made.person.actor_id])
        note = f"The first password of {name}, who changes it after signing in. {_ONCE}"
        return Secret(f"{name} was made", "Password", password, note, page, f"Give {name} a role") if password else None

    return acted_once(request, reverse("people"), do, lambda problems, status: _people(request, "create", problems, status))


@or_missing
def person(request: HttpRequest, person: str) -> HttpResponse:
    """One person of the reader's organisation."""
    return _person(request, person)


@require_POST
@or_missing
def person_act(request: HttpRequest, person: str, act: str) -> HttpResponse:
    """Do one act on a person and come back to their page."""
    page, do = reverse("person", args=[person]), ACTS.get(act)
    questions.person_for(actor_of_request(request), person)

    def again(problems: tuple[Problem, ...], status: int) -> HttpResponse:
        return _person(request, person, act, problems, status)

    if act == "reset":
        return acted_once(request, page, lambda actor, asked: _reset(actor, person, asked, request.POST), again)
    if do is None:
        raise Http404(act)
    return acted_first(request, page, lambda actor, asked: do(actor, person, asked, request.POST), again)


@require_POST
def rule_act(request: HttpRequest, act: str) -> HttpResponse:
    """Switch the two-person rule on, or propose to switch it off."""
    if act not in ("on", "propose-off"):
        raise Http404(act)

    def do(actor: Actor, asked: Asked) -> object:
        if act == "on":
            return switching.switch_two_person_rule(actor, True, reason=asked.reason, request_id=asked.request_id)
        return switching.propose_switching_off(actor, reason=asked.reason, request_id=asked.request_id)

    page = reverse("people" if act == "on" else "proposals")
    return acted_first(request, page, do, lambda problems, status: _people(request, act, problems, status))


def _people(request: HttpRequest, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    rule = log_settings().two_person_rule
    forms = act_forms.again(people_forms.people_forms(actor), request, refused, found)
    rules = act_forms.again(people_forms.rule_forms(actor, rule), request, refused, found)
    stray = () if refused in {one.name for one in (*forms, *rules)} else found
    told = {"people": questions.people_for(actor), "forms": forms, "rule_forms": rules, "two_person_rule": rule, "stray_problems": stray}
    return render(request, "people/people.html", told | {"waiting": len(questions.proposals_for(actor))}, status=status)


def _person(request: HttpRequest, person: str, refused: str = "", problems: Iterable[Problem] = (), status: int = 200) -> HttpResponse:
    actor, found = actor_of_request(request), tuple(problems)
    card = questions.person_for(actor, person)
    forms = act_forms.again(people_forms.person_forms(actor, card), request, refused, found)
    about = [one for one in questions.proposals_for(actor) if one.terms.get("actor") == person]
    stray = () if refused in {one.name for one in forms} else found
    return render(request, "people/person.html", {"card": card, "forms": forms, "proposals": about, "stray_problems": stray}, status=status)


def _password(sent: QueryDict) -> str | None:
    """A new password, or None for somebody who signs in at the provider alone."""
    return None if sent.get("sign_in") == people_forms.PROVIDER else generated_password()


def _reset(actor: Actor, person: str, asked: Asked, sent: QueryDict) -> Secret | None:
    password = _password(sent)
    binding.reset_sign_in(actor, person, password, reason=asked.reason, request_id=asked.request_id)
    return new_password(person, password)


def new_password(person: str, password: str | None) -> Secret | None:
    """What is shown after a reset."""
    if password is None:
        return None
    page = reverse("person", args=[person])
    return Secret(
        "The sign-in was reset", "New password", password, f"Their authenticator app is forgotten, too. {_ONCE}", page, "Back to the person"
    )


def _role(sent: QueryDict) -> Role:
    try:
        return Role(sent.get("role", ""))
    except ValueError as error:
        raise Problems([Problem("role", "not a role", f"one of {', '.join(Role)}", "choose a role", "unknown-role")]) from error


Act = Callable[[Actor, str, Asked, QueryDict], object]
ACTS: Final[Mapping[str, Act]] = {
    "grant": lambda actor, who, asked, sent: granting.grant_role(actor, who, _role(sent), reason=asked.reason, request_id=asked.request_id),
    "propose-role": lambda actor, who, asked, sent: granting.propose_role(actor, who, _role(sent), reason=asked.reason, request_id=asked.request_id),
    "revoke": lambda actor, who, asked, sent: granting.revoke_role(actor, who, _role(sent), reason=asked.reason, request_id=asked.request_id),
    "activate": lambda actor, who, asked, _sent: people.set_active(actor, who, True, reason=asked.reason, request_id=asked.request_id),
    "deactivate": lambda actor, who, asked, _sent: people.set_active(actor, who, False, reason=asked.reason, request_id=asked.request_id),
    "propose-reset": lambda actor, who, asked, _sent: binding.propose_reset(actor, who, reason=asked.reason, request_id=asked.request_id),
    "erase": lambda actor, who, asked, _sent: erasing.erase_actor(actor, who, reason=asked.reason, request_id=asked.request_id),
    "propose-erasure": lambda actor, who, asked, _sent: erasing.propose_erasure(actor, who, reason=asked.reason, request_id=asked.request_id),
}
