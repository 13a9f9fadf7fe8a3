"""Every two-person act by its name in the log: proposed word for word, and carried out exactly as somebody else proposed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from lynxweb.accounts.binding import propose_reset, reset_sign_in, reset_terms
from lynxweb.accounts.erasing import erase_actor, erasure_terms, propose_erasure
from lynxweb.accounts.granting import grant_role, propose_role
from lynxweb.accounts.key_changes import propose_revocation
from lynxweb.accounts.roles import Role
from lynxweb.accounts.switching import propose_switching_off, switch_two_person_rule
from lynxweb.audit.actions import Action, ReasonCode
from lynxweb.audit.actors import Actor, Reason
from lynxweb.audit.proposals import Proposal
from lynxweb.audit.record import utc_now
from lynxweb.review.key_notices import revoke_key_and_notify
from lynxweb.review.redaction import propose_redaction, redact_payload, redaction_terms
from lynxweb.review.rulings import issue_ruling, propose_ruling
from lynxweb.review.withdrawal import propose_supersession, propose_withdrawal, supersede, supersession_terms, withdraw, withdrawal_terms
from runner.contract import canonical
from runner.contract.problems import Problem, Problems

Terms = Mapping[str, Any]
More = dict[str, Any]  # reason, request_id and clock, as every act takes them


@dataclass(frozen=True)
class Way:
    """How one act is proposed and done; `holds_reason` says that its terms hold the reason word for word, so nobody gives another.

    `exact` are the terms that the act itself would write; where it is None the act's own proposal writes and compares them.
    """

    propose: Callable[[Actor, Terms, More], Proposal]
    do: Callable[[Actor, Proposal, More], object]
    exact: Callable[[Terms, Reason], Terms] | None = None
    holds_reason: bool = False


WAYS: Final[Mapping[Action, Way]] = {
    Action.RUN_WITHDRAW: Way(
        lambda actor, terms, more: propose_withdrawal(actor, terms["run"], replacement=terms["replacement"], **more),
        lambda actor, one, more: withdraw(actor, one.terms["run"], replacement=one.terms["replacement"], proposal=one.id, **more),
        lambda terms, reason: withdrawal_terms(terms["run"], reason, terms["replacement"]),
        holds_reason=True,
    ),
    Action.RUN_SUPERSEDE: Way(
        lambda actor, terms, more: propose_supersession(actor, terms["run"], terms["successor"], **more),
        lambda actor, one, more: supersede(actor, one.terms["run"], one.terms["successor"], proposal=one.id, **more),
        lambda terms, _reason: supersession_terms(terms["run"], terms["successor"]),
    ),
    Action.RULING_ISSUE: Way(
        lambda actor, terms, more: propose_ruling(actor, terms, **more),
        lambda actor, one, more: issue_ruling(actor, one.terms, proposal=one.id, **more),
    ),
    Action.PAYLOAD_REDACT: Way(
        lambda actor, terms, more: propose_redaction(actor, terms["payload"], **more),
        lambda actor, one, more: redact_payload(actor, one.terms["payload"], proposal=one.id, **more),
        lambda terms, reason: redaction_terms(terms["payload"], reason),
        holds_reason=True,
    ),
    Action.ACTOR_ERASE: Way(
        lambda actor, terms, more: propose_erasure(actor, terms["actor"], **more),
        lambda actor, one, more: erase_actor(actor, one.terms["actor"], proposal=one.id, **more),
        lambda terms, reason: erasure_terms(terms["actor"], reason),
        holds_reason=True,
    ),
    Action.ACTOR_BIND: Way(
        lambda actor, terms, more: propose_reset(actor, terms["actor"], **more),
        lambda actor, one, more: reset_sign_in(actor, one.terms["actor"], more.pop("password", None), proposal=one.id, **more),
        lambda terms, _reason: reset_terms(terms["actor"]),
    ),
    Action.KEY_REVOKE: Way(
        lambda actor, terms, more: propose_revocation(actor, terms["key"], terms["last_good_seq"], **more),
        lambda actor, one, more: revoke_key_and_notify(actor, one.terms["key"], one.terms["last_good_seq"], proposal=one.id, **more),
        lambda terms, _reason: {"v": 1, "key": terms["key"], "last_good_seq": terms["last_good_seq"]},
    ),
    Action.ROLE_GRANT: Way(
        lambda actor, terms, more: propose_role(actor, terms["actor"], Role(terms["role"]), **more),
        lambda actor, one, more: grant_role(actor, one.terms["actor"], Role(one.terms["role"]), proposal=one.id, **more),
        lambda terms, _reason: {"v": 1, "actor": terms["actor"], "organisation": terms["organisation"], "role": terms["role"]},
    ),
    Action.CHECKPOINT_NOTE: Way(
        lambda actor, _terms, more: propose_switching_off(actor, **more),
        lambda actor, one, more: switch_two_person_rule(actor, one.terms["two_person_rule"] == "on", proposal=one.id, **more),
    ),
}


def propose_act(
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    terms: Terms,
    *,
    reason: Reason,
    request_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> Proposal:
    """Propose any two-person act: `terms` is the whole document that the act will attach.

    Raises what the act's own proposal raises; `Problems` for an act that takes one person or has no way here, for terms that lack something,
    and for terms or an object other than those that the act would write (`two-persons`). Nothing is proposed then.
    """
    way = _way(action)
    try:
        meant = Reason(ReasonCode(terms["reason_code"]), terms["reason"]) if way.holds_reason else reason
        _refuse_other(terms, object_id, way, meant)
        with transaction.atomic():
            made = way.propose(actor, terms, {"reason": meant, "request_id": request_id, "clock": clock})
            if (made.object_type, made.object_id, made.terms_digest) != (object_type, object_id, canonical.digest(dict(terms))):
                expected = f"{made.object_type} {made.object_id} under exactly the terms that {action} would attach"
                raise Problems([_refused("object", f"{object_type} {object_id}"[:80], expected)])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Problems([_refused("terms", f"{type(error).__name__}: {error}"[:80], f"the document that {action} attaches")]) from error
    return made


def carry_out(
    actor: Actor, proposal: Proposal, *, reason: Reason, request_id: str, password: str | None = None, clock: Callable[[], datetime] = utc_now
) -> object:
    """Do what somebody else proposed, word for word; where the terms hold a reason, that is the reason. `password` is for a reset alone.

    Returns what the act returns and raises what it raises.
    """
    way, terms = _way(proposal.action), proposal.terms
    meant = Reason(ReasonCode(terms["reason_code"]), terms["reason"]) if way.holds_reason else reason
    more: More = {"reason": meant, "request_id": request_id, "clock": clock}
    return way.do(actor, proposal, more | ({"password": password} if proposal.action == Action.ACTOR_BIND else {}))


def holds_reason(action: str) -> bool:
    """Whether a proposal of this act holds the reason for it."""
    return action in WAYS and WAYS[Action(action)].holds_reason


def _way(action: str) -> Way:
    way = WAYS.get(Action(action)) if action in set(Action) else None
    if way is None:
        allowed = ", ".join(sorted(WAYS))
        raise Problems([Problem("action", action[:40], f"one of {allowed}", "do the act itself: it needs no second person", "no-proposal-needed")])
    return way


def _refuse_other(terms: Terms, object_id: str, way: Way, reason: Reason) -> None:
    if way.exact is None:
        return
    exact = way.exact(terms, reason)
    strange = sorted(name for name in exact.keys() | terms.keys() if exact.get(name) != terms.get(name))
    if strange:
        raise Problems([_refused(f"terms.{name}", repr(terms.get(name))[:80], f"{exact.get(name)!r}"[:200]) for name in strange])
    named = next((str(terms[name]) for name in ("run", "payload", "actor", "key") if name in terms), object_id)
    if "role" not in terms and named != object_id:
        raise Problems([_refused("object.id", object_id[:80], named)])


def _refused(path: str, found: str, expected: str) -> Problem:
    return Problem(path, found, expected, "propose exactly what is to be done", "two-persons")
