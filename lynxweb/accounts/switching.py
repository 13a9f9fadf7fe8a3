"""The two-person rule of the whole log, switched by an administrator: off by two people, on where there is a second one to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from lynxweb.accounts.models import Membership
from lynxweb.accounts.roles import PERMITTED, require
from lynxweb.audit import proposals
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor, Reason, Subject
from lynxweb.audit.opening import LogSettings, log_settings, set_two_person_rule
from lynxweb.audit.record import Recorded, utc_now
from runner.contract.problems import Problem, Problems

PROPOSING = frozenset(role.value for role, acts in PERMITTED.items() if Action.ACT_PROPOSE in acts)


def propose_switching_off(actor: Actor, *, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now) -> proposals.Proposal:
    """Propose that an administrator switch the two-person rule off; raises `Problems` where it is off."""
    acting = require(actor, Action.ACT_PROPOSE)
    wanted = _changed(False)
    subject = Subject("log", wanted.origin)
    return proposals.propose(acting, Action.CHECKPOINT_NOTE, subject, wanted.document(), reason=reason, request_id=request_id, clock=clock)


def switch_two_person_rule(
    actor: Actor, on: bool, *, proposal: str | None = None, reason: Reason, request_id: str, clock: Callable[[], datetime] = utc_now
) -> Recorded:
    """Switch the rule for every organisation of the site. Off takes another person's proposal; on takes another person who could propose.

    Raises `Problems`: `no-change`, `two-persons`, or `second-person-missing` where nobody else of the organisation may propose.
    """
    acting = require(actor, Action.CHECKPOINT_NOTE)
    with transaction.atomic():
        wanted = _changed(on)
        if on:
            _need_a_second_person(acting)
        subject, terms = Subject("log", wanted.origin), wanted.document()
        position = proposals.second(acting, Action.CHECKPOINT_NOTE, subject, terms, proposal, request_id=request_id, clock=clock)
        return set_two_person_rule(acting, on, reason=reason, request_id=request_id, proposal=position, clock=clock)


def _changed(on: bool) -> LogSettings:
    now = log_settings()
    if now.two_person_rule == on:
        raise Problems([Problem("two_person_rule", "on" if on else "off", "a change", "reload the page: it is so already", "no-change")])
    return replace(now, two_person_rule=on)


def _need_a_second_person(acting: Actor) -> None:
    if not Membership.objects.held().of_others(acting).filter(role__in=PROPOSING).exists():
        expected = f"another active person with one of the roles {', '.join(sorted(PROPOSING))}"
        remedy = "give somebody else a role that may propose: the rule would stop this organisation otherwise"
        raise Problems([Problem("people", "nobody else who may propose", expected, remedy, "second-person-missing")])
