"""Forms of acts as values: what is asked, where it is sent, and after a refusal what was typed beside every problem."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.http import HttpRequest

from lynxweb.audit.actions import ReasonCode
from lynxweb.words.wording import REASONS
from runner.contract.problems import Problem

CODES = tuple((code, words) for code, words in REASONS.items())
CODED = tuple((code, words) for code, words in CODES if code != ReasonCode.ROUTINE.value)


@dataclass(frozen=True)
class Option:
    """One choice of a list."""

    name: str
    words: str
    chosen: bool = False


@dataclass(frozen=True)
class Input:
    """One thing that a form asks: `kind` is text, textarea, number, datetime, select, radio or hidden; `held` is what it holds at first."""

    name: str
    label: str = ""
    kind: str = "text"
    held: str = ""
    options: tuple[Option, ...] = ()
    hint: str = ""
    required: bool = True

    def holding(self, typed: str) -> Input:
        """The same input with what somebody typed or chose."""
        options = tuple(replace(one, chosen=one.name == typed) for one in self.options)
        return replace(self, held=typed, options=options)


@dataclass(frozen=True)
class ActForm:
    """One act that a page offers; `action` is where it is sent. A proposal is carried out with the reason it holds, so it asks for none."""

    name: str
    action: str
    title: str
    button: str
    inputs: tuple[Input, ...] = ()
    note: str = ""
    asks_reason: bool = True
    codes: tuple[tuple[str, str], ...] = CODES
    request_id: str = field(default_factory=lambda: f"page:{uuid.uuid4()}")
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it was sent and refused."""
        return bool(self.problems)


def select(name: str, label: str, options: Iterable[tuple[str, str]], chosen: str = "", hint: str = "") -> Input:
    """A list of choices, (name, words) each."""
    return Input(name, label, "select", chosen, tuple(Option(value, words, value == chosen) for value, words in options), hint)


def hidden(name: str, held: str) -> Input:
    """What a form sends without asking."""
    return Input(name, kind="hidden", held=held)


def again(forms: Iterable[ActForm], request: HttpRequest, name: str, problems: Iterable[Problem]) -> tuple[ActForm, ...]:
    """The forms, and where the one called `name` was refused, with what was typed in it, its request's id and every problem."""
    found = tuple(problems)
    return tuple(_refused(one, request, found) if found and one.name == name else one for one in forms)


def _refused(form: ActForm, request: HttpRequest, problems: tuple[Problem, ...]) -> ActForm:
    typed = request.POST.dict()
    inputs = tuple(one if one.kind == "hidden" else one.holding(typed.get(one.name, "")) for one in form.inputs)
    request_id = str(typed.get("request_id") or form.request_id)
    return replace(form, inputs=inputs, typed={name: str(text) for name, text in typed.items()}, request_id=request_id, problems=problems)
