"""The acts that the page of a run offers: their forms, and what each does with what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from django.http import QueryDict
from django.urls import reverse

from lynxweb.audit.actors import Actor
from lynxweb.audit.proposals import Proposal
from lynxweb.pages.act_forms import CODED, ActForm, Input, hidden, select
from lynxweb.pages.acting import Asked
from lynxweb.pages.posted import moment, optional, text, whole_number
from lynxweb.registry.models import VISIBILITIES
from lynxweb.review import disputes, notices, publishing, withdrawal
from lynxweb.review.models.notices import DISPUTE_OUTCOMES
from lynxweb.review.standing_questions import RunStanding
from lynxweb.words.governance_words import OUTCOMES
from lynxweb.words.governance_words import VISIBILITIES as SEEN_BY

SUCCESSOR: Final = Input("replacement", "Run that stands instead", hint="its digest, 64 digits; leave it empty where there is none", required=False)
Act = Callable[[Actor, str, Asked, QueryDict], object]


def _request_review(actor: Actor, digest: str, asked: Asked, _: QueryDict) -> object:
    return publishing.request_review(actor, digest, reason=asked.reason, request_id=asked.request_id)


def _disclose(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    return publishing.disclose(actor, digest, text(sent, "visibility"), reason=asked.reason, request_id=asked.request_id)


def _publish(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    return publishing.publish(actor, digest, visibility=text(sent, "visibility"), reason=asked.reason, request_id=asked.request_id)


def _withdraw(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    instead, proposal = optional(sent, "replacement"), optional(sent, "proposal")
    return withdrawal.withdraw(actor, digest, replacement=instead, proposal=proposal, reason=asked.reason, request_id=asked.request_id)


def _propose_withdrawal(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    instead = optional(sent, "replacement")
    return withdrawal.propose_withdrawal(actor, digest, replacement=instead, reason=asked.reason, request_id=asked.request_id)


def _supersede(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    proposal = optional(sent, "proposal")
    return withdrawal.supersede(actor, digest, text(sent, "successor"), proposal=proposal, reason=asked.reason, request_id=asked.request_id)


def _propose_supersession(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    return withdrawal.propose_supersession(actor, digest, text(sent, "successor"), reason=asked.reason, request_id=asked.request_id)


def _post_notice(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    return notices.post_notice(
        actor, digest, text=text(sent, "text"), effective=moment(sent, "effective"), expires=moment(sent, "expires"),
        reason=asked.reason, request_id=asked.request_id,
    )  # fmt: skip


def _open_dispute(actor: Actor, digest: str, asked: Asked, sent: QueryDict) -> object:
    return disputes.open_dispute(
        actor, digest, clause=text(sent, "clause"), effect_permille=whole_number(sent, "effect_permille"), text=text(sent, "text"),
        deadline=moment(sent, "deadline"), reason=asked.reason, request_id=asked.request_id,
    )  # fmt: skip


ACTS: Final[Mapping[str, Act]] = {
    "request-review": _request_review,
    "disclose": _disclose,
    "publish": _publish,
    "withdraw": _withdraw,
    "propose-withdrawal": _propose_withdrawal,
    "supersede": _supersede,
    "propose-supersession": _propose_supersession,
    "post-notice": _post_notice,
    "open-dispute": _open_dispute,
}


def forms(actor: Actor, digest: str, standing: RunStanding) -> tuple[ActForm, ...]:
    """A form for every act on the run that this actor may do now, in the order of a run's life."""
    made = [*_seen(digest, standing), *_taken_back(digest, standing), *_carried_out(actor, digest, standing)]
    if "post_notice" in standing.offered:
        made.append(_form(digest, "post-notice", "Post a notice", "Post it", *_NOTICE, note="Shown wherever the run is used, until it is lifted."))
    if "open_dispute" in standing.offered:
        made.append(_form(digest, "open-dispute", "Open a dispute", "Open the dispute", *_DISPUTE, note=_DISPUTE_NOTE))
    return tuple(made)


def judging_forms(standing: RunStanding) -> dict[str, ActForm]:
    """By the id of a notice or dispute, the form that lifts or decides it."""
    found = {}
    if standing.lifts:
        for one in standing.notices:
            if one.name.startswith("not_"):
                found[one.name] = ActForm(one.name, reverse("notice-lift", args=[one.name]), "Lift it", "Lift the notice")
    if standing.judges:
        for dispute in standing.open_disputes:
            outcomes = select("outcome", "Outcome", [(name, OUTCOMES[name].text) for name in DISPUTE_OUTCOMES])
            said = Input("text", "Decision", "textarea", hint="10 to 2,000 characters, public and permanent")
            action = reverse("dispute-close", args=[dispute.id])
            found[dispute.id] = ActForm(dispute.id, action, "Decide it", "Close the dispute", (outcomes, said), note=_JUDGE_NOTE)
    return found


def _seen(digest: str, standing: RunStanding) -> Iterator[ActForm]:
    now = standing.acts.visibility
    if "request_review" in standing.offered:
        note = "Reviewers of other organisations see the run from now on, and it waits in their queue."
        yield _form(digest, "request-review", "Ask for a review", "Ask for a review", note=note)
    if "publish" in standing.offered:
        choice = select("visibility", "Published to", [(name, SEEN_BY[name].text) for name in publishing.PUBLISHED_AS])
        yield _form(
            digest, "publish", "Publish", "Publish", choice, note="A published run is never hidden again: it can be withdrawn, and its page says why."
        )
    if "disclose" in standing.offered:
        choice = select("visibility", "Who sees it", [(name, SEEN_BY[name].text) for name in VISIBILITIES if name != now])
        yield _form(digest, "disclose", "Change who sees it", "Change it", choice, note=f"Now seen by: {SEEN_BY[now].text}.")


def _taken_back(digest: str, standing: RunStanding) -> Iterator[ActForm]:
    two = standing.acts.second_person
    if "withdraw" in standing.offered and not two:
        yield _form(digest, "withdraw", "Withdraw", "Withdraw the run", SUCCESSOR, note=_WITHDRAW_NOTE, coded=True)
    if "propose_withdrawal" in standing.offered:
        yield _form(digest, "propose-withdrawal", "Propose a withdrawal", "Propose it", SUCCESSOR, note=_SECOND_NOTE, coded=True)
    successor = Input("successor", "Newer run", hint="its digest, 64 digits; a standing run of the same organisation")
    if "supersede" in standing.offered and not two:
        yield _form(digest, "supersede", "Supersede", "Put the newer run in its place", successor)
    if "propose_supersession" in standing.offered:
        yield _form(digest, "propose-supersession", "Propose a successor", "Propose it", successor, note=_SECOND_NOTE)


def _carried_out(actor: Actor, digest: str, standing: RunStanding) -> Iterator[ActForm]:
    """The open proposals of others that this actor may carry out, word for word."""
    for one in standing.proposals:
        verb = one.action.partition(".")[2]
        if one.proposer == actor.id or verb not in standing.offered:
            continue
        yield _withdrawal_as_proposed(digest, one) if verb == "withdraw" else _supersession_as_proposed(digest, one)


def _withdrawal_as_proposed(digest: str, one: Proposal) -> ActForm:
    held = [
        hidden(name, str(one.terms[key] or ""))
        for name, key in (("reason_code", "reason_code"), ("reason", "reason"), ("replacement", "replacement"))
    ]
    note = f"Proposed by {one.proposer} for exactly this reason: {one.terms['reason']}"
    return ActForm(
        one.id, reverse("run-act", args=[digest, "withdraw"]), "Withdraw as proposed", "Withdraw the run", (*held, hidden("proposal", one.id)),
        note=note, asks_reason=False,
    )  # fmt: skip


def _supersession_as_proposed(digest: str, one: Proposal) -> ActForm:
    successor = str(one.terms["successor"])
    note = f"Proposed by {one.proposer}: run {successor} stands in its place. {one.reason or ''}"
    inputs = (hidden("successor", successor), hidden("proposal", one.id))
    return ActForm(
        one.id, reverse("run-act", args=[digest, "supersede"]), "Supersede as proposed", "Put the newer run in its place", inputs, note=note
    )


def _form(digest: str, name: str, title: str, button: str, *inputs: Input, note: str = "", coded: bool = False) -> ActForm:
    action = reverse("run-act", args=[digest, name])
    return ActForm(name, action, title, button, inputs, note, codes=CODED) if coded else ActForm(name, action, title, button, inputs, note)


_WITHDRAW_NOTE = "The page stays under its address: the number struck through, with this reason, the date and your role. Nothing is deleted."
_SECOND_NOTE = "A published run takes two people: a publisher other than you carries this out, word for word, within 14 days."
_DISPUTE_NOTE = "Open disputes stand on the run’s page for everybody. About a published run within 60 days, and for more than 50 permille."
_JUDGE_NOTE = "Decided by a reviewer of neither side."
_NOTICE = (
    Input("text", "Notice", "textarea", hint="10 to 2,000 characters, public and permanent"),
    Input("effective", "In force from", "datetime", hint="UTC; empty: from now on", required=False),
    Input("expires", "Until", "datetime", hint="UTC; empty: until it is lifted", required=False),
)
_DISPUTE = (
    Input("clause", "Clause that it breaks", hint="of the rules or of the methodology, with its version"),
    Input("effect_permille", "Effect on the headline metric, permille", "number"),
    Input("text", "Why", "textarea", hint="10 to 2,000 characters, public and permanent"),
    Input("deadline", "To be decided by", "datetime", hint="UTC; empty: within 60 days", required=False),
)
