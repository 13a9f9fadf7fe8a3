"""Why an upload is not accepted, and the one coded event that a refusal leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction
from pydantic import ValidationError

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.leaf import instant, leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.record import AlreadyRecorded, hold, record
from runner.contract.canonical import digest
from runner.contract.findings import CHECKER
from runner.contract.problems import Problem

Kind = Literal["malformed", "too_large", "forbidden", "conflict", "rule", "quota"]
MOST_REJECTIONS = 100
REJECTION_WINDOW = timedelta(hours=1)
LOOK_BACK = 1_000
REASON = Reason(text="refused by intake")
# Codes of what broke on the way and says nothing about the sender's bundles.
UNCOUNTED = frozenset({"truncated"})
MOST_CODES = 20


class Refused(Exception):
    """An upload that is not accepted: what kind of no it is, and every problem with its place and remedy."""

    def __init__(self, kind: Kind, problems: Iterable[Problem]) -> None:
        self.kind = kind
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @property
    def codes(self) -> tuple[str, ...]:
        """The distinct codes, in order of first appearance."""
        return tuple(dict.fromkeys(problem.code for problem in self.problems))


def refused(kind: Kind, path: str, found: str, expected: str, remedy: str, code: str) -> Refused:
    """A refusal with one problem."""
    return Refused(kind, [Problem(path, found, expected, remedy, code)])


def unreadable(error: ValidationError) -> tuple[Problem, ...]:
    """A model's refusal as problems: the place and the rule, without the value."""
    lines = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_CODES]
    return tuple(Problem(".".join(map(str, line["loc"])) or "$", "not usable", line["msg"], "send the document that the contract describes",
                         "invalid-document") for line in lines)  # fmt: skip


def check_quota(actor: Actor, now: datetime) -> None:
    """Refuse a node that filled the log with rejections: at most 100 within an hour, counted over the newest thousand events.

    Uploads that broke off on the way are not counted.
    """
    refusals = _recent(actor, now)
    rejections = _counted(refusals) if len(refusals) >= MOST_REJECTIONS else 0
    if rejections >= MOST_REJECTIONS:
        raise refused("quota", "node", f"{rejections} rejected bundles within an hour", f"fewer than {MOST_REJECTIONS}",
                      "mend the runner, check bundles with `lynxweb check`, and try again in an hour", "quota")  # fmt: skip


def _recent(actor: Actor, now: datetime) -> list[int]:
    """Positions of the rejections that this actor left within the window."""
    since = instant(now - REJECTION_WINDOW)
    recent = Event.objects.newest().values_list("seq", "actor", "action", "time")[:LOOK_BACK]
    return [seq for seq, who, action, time in recent if who == actor.id and action == Action.BUNDLE_REJECT and time >= since]


def _counted(positions: list[int]) -> int:
    leaves = Event.objects.filter(seq__in=positions).values_list("leaf", flat=True)
    return sum(1 for leaf in leaves if not set(leaf_fields(leaf)["basis"]["codes"]) <= UNCOUNTED)


def record_rejection(actor: Actor, declared_sha256: str, refusal: Refused, *, clock: Callable[[], datetime]) -> None:
    """Leave one `bundle.reject` event per node and digest, with the codes and nothing of the bundle.

    The quota is counted again where nobody else can write, so that parallel uploads do not pass it: raises `Refused` past it. An upload that
    broke off leaves no event then and no new refusal: it shuts nobody out, and must not fill the log either.
    """
    codes = sorted(refusal.codes)[:MOST_CODES]
    try:
        with transaction.atomic():
            hold(transaction.get_connection())
            if set(codes) <= UNCOUNTED and len(_recent(actor, clock())) >= MOST_REJECTIONS:
                return
            check_quota(actor, clock())
            record(
                Action.BUNDLE_REJECT,
                Subject("bundle", declared_sha256),
                actor=actor,
                reason=REASON,
                request_id=f"reject:{digest([actor.id, declared_sha256])}",
                basis={"codes": codes, "checker": CHECKER},
                clock=clock,
            )
    except AlreadyRecorded:
        return
