"""Requirements and decisions: what a committee asks, what the evidence answers, what it signs, and what it adds later."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.api import deciding_answers as answers
from lynxweb.api.asking import checked, reason_of, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.deciding_requests import AppendAddendum, DraftDecision, PublishRequirement, SignDecision, SignStored
from lynxweb.api.description import describes, describes_act
from lynxweb.audit.record import Recorded
from lynxweb.review import decisions, requirements
from lynxweb.review.deciding_questions import decision_for, decisions_for, requirement_for, requirements_for
from lynxweb.review.decisions import Draft
from lynxweb.review.requirements import PublishedRequirement
from runner.contract.canonical import encode


class Requirements(APIView):
    """The requirements of the organisation."""

    @describes("List requirements", {200: answers.RequirementListAnswer}, operation_id="requirements_list")
    def get(self, request: Request) -> Response:
        """The newest 100 requirements, superseded ones included."""
        return Response({"results": [answers.requirement_card(card) for card in requirements_for(actor_from(request))]})

    @describes_act(
        "Publish a requirement", {200: answers.PublishedRequirementAnswer, 201: answers.PublishedRequirementAnswer}, 404,
        request=PublishRequirement,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Publish a requirement under the digest of its canonical form; needs the role committee. Publishing it again changes nothing."""
        values, actor = checked(PublishRequirement, request.data), actor_from(request)
        reason = reason_of(values, "published over the API")
        made = requirements.publish_requirement(
            actor, encode(values["requirement"]), reason=reason, request_id=request_id(request, actor)
        )  # fmt: skip
        return _published(made)


class OneRequirement(APIView):
    """One requirement."""

    @describes("Read a requirement", {200: answers.RequirementAnswer}, 404)
    def get(self, request: Request, digest: str) -> Response:
        """A requirement with the answer of every configuration that was measured on its workload, as things stand now."""
        return Response(answers.requirement(requirement_for(actor_from(request), digest)))


class Supersessions(APIView):
    """The version that takes a requirement's place."""

    @describes_act(
        "Supersede a requirement", {200: answers.PublishedRequirementAnswer, 201: answers.PublishedRequirementAnswer}, 404,
        request=PublishRequirement,
    )  # fmt: skip
    def post(self, request: Request, digest: str) -> Response:
        """Publish a version in the place of this one, which it names as `supersedes`; decisions on this one ask for a new look."""
        values, actor = checked(PublishRequirement, request.data), actor_from(request)
        reason = reason_of(values, "superseded over the API")
        made = requirements.supersede_requirement(
            actor, digest, encode(values["requirement"]), reason=reason, request_id=request_id(request, actor)
        )  # fmt: skip
        return _published(made)


class Drafts(APIView):
    """What would be signed."""

    @describes("Draft a decision", {200: answers.DraftAnswer}, 404, 422, request=DraftDecision)
    def post(self, request: Request) -> Response:
        """Compute the decision document as it would be signed now, answers from the evidence included; nothing is stored."""
        values = checked(DraftDecision, request.data)
        return Response(answers.draft(decisions.draft_decision(actor_from(request), values["requirement"], _draft(values))))


class Decisions(APIView):
    """The decisions of the organisation."""

    @describes("List decisions", {200: answers.DecisionListAnswer}, operation_id="decisions_list")
    def get(self, request: Request) -> Response:
        """The newest 100 decisions, each with its badge as of now."""
        return Response({"results": [answers.decision_card(card) for card in decisions_for(actor_from(request))]})

    @describes_act("Sign a decision first", {201: answers.SignedAnswer}, 404, request=SignDecision)
    def post(self, request: Request) -> Response:
        """Sign a drafted document; the first signature stores it, and every answer must be the one that the evidence gives now."""
        values, actor = checked(SignDecision, request.data), actor_from(request)
        signed = decisions.sign_decision(
            actor, encode(values["decision"]), reason=reason_of(values, "signed over the API"), request_id=request_id(request, actor)
        )  # fmt: skip
        return _recorded(signed.digest, signed.recorded)


class OneDecision(APIView):
    """One decision."""

    @describes("Read a decision", {200: answers.DecisionAnswer}, 404)
    def get(self, request: Request, digest: str) -> Response:
        """A decision with its document, badge, signatures and later words."""
        return Response(answers.decision(decision_for(actor_from(request), digest)))


class Signatures(APIView):
    """The signatures under one decision."""

    @describes_act("Sign a decision", {201: answers.SignedAnswer}, 404, request=SignStored)
    def post(self, request: Request, digest: str) -> Response:
        """Sign a decision that another member signed first; no answer may have turned since."""
        values, actor = checked(SignStored, request.data), actor_from(request)
        reason = reason_of(values, "signed over the API")
        signed = decisions.sign_stored_decision(actor, digest, reason=reason, request_id=request_id(request, actor))
        return _recorded(signed.digest, signed.recorded)


class Addenda(APIView):
    """The later words on one decision."""

    @describes_act("Add a word to a decision", {201: answers.SignedAnswer}, 404, request=AppendAddendum)
    def post(self, request: Request, digest: str) -> Response:
        """Add 10 to 20,000 characters; the decision itself stays as it was signed."""
        values, actor = checked(AppendAddendum, request.data), actor_from(request)
        reason = reason_of(values, "added over the API")
        return _recorded(digest, decisions.append_addendum(actor, digest, values["text"], reason=reason, request_id=request_id(request, actor)))


def _draft(values: dict[str, Any]) -> Draft:
    """What was sent, as the act wants it."""
    named = ("question", "chosen", "rationale", "valid_until", "pack_sha256")
    told: dict[str, Any] = {name: values[name] for name in named}
    if values.get("triggers"):
        told["triggers"] = tuple((one["kind"], one["at"], one["note"]) for one in values["triggers"])
    return Draft(
        candidates={one["fingerprint"]: one["name"] for one in values["candidates"]},
        members=tuple(values["members"]),
        dissent=tuple((one["actor"], one["text"]) for one in values.get("dissent", ())),
        **told,
    )


def _published(made: PublishedRequirement) -> Response:
    return Response(vars(made), status=201 if made.created else 200)


def _recorded(digest: str, recorded: Recorded) -> Response:
    return Response({"decision": digest, "position": recorded.seq, "leaf_digest": recorded.leaf_digest}, status=201)
