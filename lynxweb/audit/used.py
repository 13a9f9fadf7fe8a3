"""Proposals against the acts that carried them out: each is used up once, by the act that names it, and by nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event
from lynxweb.audit.models_proposals import ProposalUse
from lynxweb.audit.proposals import OBJECT_TYPE, TWO_PERSON_ACTIONS
from lynxweb.audit.stored import ReplayFault
from runner.contract.problems import Problems

TABLE = ProposalUse._meta.db_table


def use_faults(using: str) -> Iterator[ReplayFault]:
    """Uses that no act made, uses that are gone, and proposals that two acts carried out."""
    acts = _acts_by_proposal(using)
    stored = dict(ProposalUse.objects.using(using).values_list("proposal", "request_id"))
    for proposal in sorted(acts.keys() | stored.keys()):
        made = acts.get(proposal, [])
        if len(made) > 1:
            yield ReplayFault(TABLE, proposal, "proposal", f"the acts {', '.join(made)[:200]} carried it out, and one may")
        elif not made:
            yield ReplayFault(TABLE, proposal, "proposal", "no event made this row")
        elif stored.get(proposal) != made[0]:
            yield ReplayFault(TABLE, proposal, "request_id", f"the act {made[0]} used this proposal up")


def _acts_by_proposal(using: str) -> dict[str, list[str]]:
    """The request ids of the acts that name each proposal, by its id."""
    events = Event.objects.using(using)
    proposals = dict(events.filter(object_type=OBJECT_TYPE).values_list("seq", "object_id"))
    found: dict[str, list[str]] = defaultdict(list)
    for request_id, leaf in events.filter(action__in=TWO_PERSON_ACTIONS).order_by("seq").values_list("request_id", "leaf").iterator():
        try:
            position = leaf_fields(leaf)["proposal"]
        except Problems:  # a leaf that is none is the full audit's to report
            continue
        if position in proposals:
            found[proposals[position]].append(request_id)
    return found
