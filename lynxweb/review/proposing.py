"""The open proposals on one object that an actor gets to know: who else may carry them out, and whether this actor may."""

from __future__ import annotations

from collections.abc import Iterable

from lynxweb.accounts.questions import proposals_for
from lynxweb.accounts.roles import may
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor
from lynxweb.audit.proposals import Proposal
from lynxweb.registry.missing import NotFound


def proposals_on(actor: Actor, object_type: str, object_id: str) -> tuple[Proposal, ...]:
    """The open proposals on one object that the actor may know of, the one that expires first at the top."""
    return proposals_among(actor, object_type, (object_id,))


def proposals_among(actor: Actor, object_type: str, object_ids: Iterable[str]) -> tuple[Proposal, ...]:
    """The open proposals on any of these objects that the actor may know of."""
    wanted = set(object_ids)
    return tuple(one for one in proposals_for(actor) if one.object_type == object_type and one.object_id in wanted)


def proposal_named(actor: Actor, proposal_id: str) -> Proposal:
    """One open proposal that the actor may know of; `NotFound` for any other."""
    found = next((one for one in proposals_for(actor) if one.id == proposal_id), None)
    if found is None:
        raise NotFound("proposal", proposal_id)
    return found


def may_carry_out(actor: Actor, proposal: Proposal) -> bool:
    """Whether the actor may do what somebody else proposed."""
    return proposal.proposer != actor.id and may(actor, Action(proposal.action))
