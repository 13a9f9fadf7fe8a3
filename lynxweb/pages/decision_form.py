"""The form of a decision: what the committee typed as a draft, from which the document is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.http import QueryDict

from lynxweb.review.deciding_cards import RequirementView
from lynxweb.review.decisions import WATCHED, Draft
from runner.contract.canonical import encode
from runner.contract.decision import Decision
from runner.contract.problems import Problem

OTHERS = 2  # lines for configurations that are not in the matrix
DISSENT = "dissent-"
MIDNIGHT = "T00:00:00.000000Z"
EDITED = ("csrfmiddlewaretoken", "edit")  # what a form adds by itself


@dataclass(frozen=True)
class Line:
    """A configuration that may be a candidate: its name as typed, whether it is one, and whether it may be chosen."""

    fingerprint: str
    label: str
    product: str
    answer: str
    name: str
    candidate: bool


@dataclass(frozen=True)
class Form:
    """Everything that stands in the form."""

    plain: Mapping[str, str]
    lines: tuple[Line, ...]
    others: tuple[tuple[str, str], ...]
    chosen: str
    members: tuple[tuple[str, bool, str], ...]
    triggers: frozenset[str]
    notes: Mapping[str, str] = field(default_factory=dict)


PLAIN = ("question", "rationale", "valid_until", "look_again", "look_again_note")


def shown(post: QueryDict, asked: RequirementView, members: tuple[str, ...]) -> Form:
    """The form as it was sent; before that every measured configuration is a candidate, every member signs and every change is watched."""
    fresh = "rationale" not in post
    candidates, signing = set(post.getlist("candidate")), set(post.getlist("member"))
    labels = Counter(one.label for one in asked.matrix)  # two configurations may be called alike, two candidates may not
    names = {one.fingerprint: one.label if labels[one.label] == 1 else f"{one.label} ({one.fingerprint[:8]})" for one in asked.matrix}
    lines = (
        Line(one.fingerprint, one.label, one.product, one.answer.answer, post.get(f"name-{one.fingerprint}", names[one.fingerprint])[:300],
             fresh or one.fingerprint in candidates)
        for one in asked.matrix
    )  # fmt: skip
    plain = {name: post.get(name, "") for name in PLAIN}
    return Form(
        plain=plain | ({"question": asked.requirement.question} if fresh else {}),
        lines=tuple(lines),
        others=tuple(_others(post)),
        chosen=post.get("chosen", ""),
        members=tuple((one, fresh or one in signing, post.get(f"{DISSENT}{one}", "")) for one in members),
        triggers=frozenset(WATCHED if fresh else post.getlist("trigger")) | Decision.ALWAYS,
        notes={kind: post.get(f"note-{kind}", "") for kind in WATCHED},
    )


def draft(post: QueryDict) -> Draft:
    """What was typed, as the act wants it; the contract says what is wrong with it."""
    named = {one: _text(post, f"name-{one}") for one in post.getlist("candidate")}
    named |= {fingerprint: name for fingerprint, name in _others(post) if fingerprint or name}
    kinds = [kind for kind in WATCHED if kind in post.getlist("trigger") or kind in Decision.ALWAYS]
    triggers: list[tuple[str, str | None, str]] = [(kind, None, _text(post, f"note-{kind}")) for kind in kinds]
    if day := post.get("look_again", ""):
        triggers.append(("date", _day(day), _text(post, "look_again_note")))
    return Draft(
        question=_text(post, "question"),
        candidates=named,
        chosen=post.get("chosen") or None,
        rationale=_text(post, "rationale"),
        valid_until=_day(post.get("valid_until", "")),
        members=tuple(post.getlist("member")),
        dissent=tuple((name.removeprefix(DISSENT), text) for name in post if name.startswith(DISSENT) and (text := _text(post, name))),
        triggers=tuple(triggers),
    )


def in_days(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems of a draft as the form speaks: it has days where the document has instants."""
    return tuple(
        replace(one, found=one.found.removesuffix(f"{MIDNIGHT}'").strip("'") or "nothing", expected="a day such as 2030-12-31", remedy="choose a day")
        if one.code == "invalid-document" and one.path.rpartition(".")[2] in ("valid_until", "at")
        else one
        for one in problems
    )


def again(post: QueryDict) -> tuple[tuple[str, str], ...]:
    """Every field that was typed, for a form that goes back to it."""
    return tuple((name, one) for name in post if name not in EDITED for one in post.getlist(name))


def canonical_text(decision: Decision) -> str:
    """The bytes that are signed, as the text that a hidden field carries."""
    return encode(decision.model_dump(mode="json")).decode()


def _others(post: QueryDict) -> list[tuple[str, str]]:
    """(fingerprint, name) of the lines for configurations that are not in the matrix."""
    pairs = zip(post.getlist("other_fingerprint"), post.getlist("other_name"), strict=False)
    typed = [(fingerprint.strip(), name.strip()) for fingerprint, name in pairs][:50]
    return typed or [("", "")] * OTHERS


def _text(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace("\r\n", "\n").strip()


def _day(text: str) -> str:
    """Midnight UTC of a typed day; the contract refuses what is none."""
    return f"{text.strip()[:40]}{MIDNIGHT}"
