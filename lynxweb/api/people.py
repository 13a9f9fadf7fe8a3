"""People and their roles, keys of nodes, tokens, and proposals for a second person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lynxweb.accounts import granting, key_changes, nodes, people, questions, tokens
from lynxweb.accounts.models import Membership, Node, NodeKey, Person, ServiceToken
from lynxweb.accounts.roles import Role, Scope
from lynxweb.api import people_answers as answers
from lynxweb.api.asking import checked, request_id
from lynxweb.api.authentication import actor_from
from lynxweb.api.description import describes, describes_act
from lynxweb.api.people_requests import AddKey, Coded, Ending, GrantRole, IssueToken, MakePerson, ProposeAct, RevokeKey, RotateKey
from lynxweb.audit.actions import ReasonCode
from lynxweb.audit.actors import Actor, Reason
from lynxweb.review.key_notices import revoke_key_and_notify
from lynxweb.review.second_persons import propose_act

MISSING = (Person.DoesNotExist, Membership.DoesNotExist, Node.DoesNotExist, NodeKey.DoesNotExist, ServiceToken.DoesNotExist)
NO_STORE = {"Cache-Control": "no-store"}
DAYS = 90


class Asked:
    """A checked request for an act: who asks, what, why, and under which id."""

    def __init__(self, request: Request, form: type[Coded]) -> None:
        self.actor: Actor = actor_from(request)
        self.values: dict[str, Any] = checked(form, request.data)
        text, code = self.values.get("reason"), self.values.get("reason_code", ReasonCode.ROUTINE)
        self.because: dict[str, Any] = {"reason": Reason(ReasonCode(code), text), "request_id": request_id(request, self.actor)}


class Own(APIView):
    """Views on what is the organisation's own: unknown and foreign are 404 alike."""

    def handle_exception(self, exc: Exception) -> Response:
        """The answer to an exception."""
        return super().handle_exception(Http404() if isinstance(exc, MISSING) else exc)


class People(Own):
    """The people of the organisation."""

    @describes("List people", {200: answers.PersonListAnswer}, operation_id="people_list")
    def get(self, request: Request) -> Response:
        """People with the roles held now; addresses and how they sign in are for administrators."""
        return Response({"results": [answers.person(card) for card in questions.people_for(actor_from(request))]})

    @describes_act("Make a person", {201: answers.MadePersonAnswer}, request=MakePerson)
    def post(self, request: Request) -> Response:
        """Make a person without any role; needs the role administrator."""
        asked = Asked(request, MakePerson)
        given: dict[str, Any] = {name: asked.values.get(name) for name in ("name", "email", "password")}
        made = people.create_person(asked.actor, **given, **asked.because)
        return Response({"actor": made.person.actor_id, **answers.act(made.recorded)}, status=201)


class Roles(Own):
    """The roles of one person."""

    @describes_act("Give a role", {201: answers.RecordedAnswer}, 404, request=GrantRole)
    def post(self, request: Request, person: str) -> Response:
        """Give a person a role; reviewer, publisher, auditor and administrator take another person's proposal where the two-person rule is on."""
        asked = Asked(request, GrantRole)
        role, proposal = Role(asked.values["role"]), asked.values.get("proposal")
        return Response(answers.act(granting.grant_role(asked.actor, person, role, proposal=proposal, **asked.because)), status=201)


class RoleRevocations(Own):
    """The end of one role of one person."""

    @describes_act("Take a role back", {201: answers.RecordedAnswer}, 404, request=Ending)
    def post(self, request: Request, person: str, role: str) -> Response:
        """Take a role back from a person; an organisation keeps one administrator who can sign in."""
        if role not in set(Role):
            raise Http404(role)
        asked = Asked(request, Ending)
        return Response(answers.act(granting.revoke_role(asked.actor, person, Role(role), **asked.because)), status=201)


class NodeKeys(Own):
    """The keys of one node."""

    @describes_act("Register a further key", {201: answers.RegisteredKeyAnswer}, 404, request=AddKey)
    def post(self, request: Request, node: str) -> Response:
        """Register a further key of a node with the proof that its owner holds it, for instance after the first was lost."""
        asked = Asked(request, AddKey)
        given: dict[str, Any] = {name: bytes.fromhex(asked.values[name]) for name in ("public_key", "proof")}
        return Response(_registered(key_changes.register_key(asked.actor, node, **given, **asked.because)), status=201)


class NodeRetirements(Own):
    """The end of one node."""

    @describes_act("Retire a node", {201: answers.RecordedAnswer}, 404, request=Ending)
    def post(self, request: Request, node: str) -> Response:
        """Retire a node for ever: its tokens end at once, what it signed stays valid."""
        asked = Asked(request, Ending)
        return Response(answers.act(nodes.retire_node(asked.actor, node, **asked.because)), status=201)


class KeyRotations(Own):
    """New keys in the place of one."""

    @describes_act("Rotate a key", {201: answers.RegisteredKeyAnswer}, 404, request=RotateKey)
    def post(self, request: Request, key: str) -> Response:
        """Register a new key that the old one vouches for; both count until the old one is revoked. The same rotation again has the same answer."""
        asked = Asked(request, RotateKey)
        given: dict[str, Any] = {name: bytes.fromhex(asked.values[name]) for name in ("public_key", "proof", "approval")}
        return Response(_registered(key_changes.rotate_key(asked.actor, key, **given, **asked.because)), status=201)


class KeyRevocations(Own):
    """The end of one key."""

    @describes_act("Revoke a key", {201: answers.RevokedKeyAnswer}, 404, request=RevokeKey)
    def post(self, request: Request, key: str) -> Response:
        """End a key from this event on; with `last_good_seq` after that position, which takes two people and puts a notice on the runs in between."""
        asked = Asked(request, RevokeKey)
        proof, last_good = asked.values.get("proof"), asked.values.get("last_good_seq")
        if last_good is None:
            signed = bytes.fromhex(proof) if proof else None
            revoked = key_changes.revoke_key(asked.actor, key, proof=signed, **asked.because)
            return Response({**answers.act(revoked), "notices": []}, status=201)
        reached = revoke_key_and_notify(asked.actor, key, last_good, proposal=asked.values.get("proposal"), **asked.because)
        return Response({**answers.act(reached.revoked), "notices": [posted.notice for posted in reached.notices]}, status=201)


class Tokens(Own):
    """Service tokens."""

    @describes("List tokens", {200: answers.TokenListAnswer}, operation_id="tokens_list")
    def get(self, request: Request) -> Response:
        """The tokens that you may see, without their secrets."""
        return Response({"results": [answers.token(card) for card in questions.tokens_for(actor_from(request))]})

    @describes_act("Issue a token", {201: answers.IssuedTokenAnswer}, 404, request=IssueToken)
    def post(self, request: Request) -> Response:
        """Issue a token for yourself or for a node; its text is in this answer and never again."""
        asked = Asked(request, IssueToken)
        lifetime, scope = timedelta(days=asked.values.get("days", DAYS)), Scope(asked.values["scope"])
        made = tokens.issue_token_for(asked.actor, asked.values.get("node"), scope=scope, lifetime=lifetime, **asked.because)
        return Response(answers.issued(made), status=201, headers=NO_STORE)


class TokenRevocations(Own):
    """The end of one token."""

    @describes_act("Revoke a token", {201: answers.RecordedAnswer}, 404, request=Ending)
    def post(self, request: Request, token: str) -> Response:
        """End a token at once."""
        asked = Asked(request, Ending)
        return Response(answers.act(tokens.revoke_token(asked.actor, token, **asked.because)), status=201)


class Proposals(Own):
    """Acts that wait for a second person."""

    @describes("List open proposals", {200: answers.ProposalListAnswer}, operation_id="proposals_list")
    def get(self, request: Request) -> Response:
        """The open proposals that you may know of, word for word."""
        return Response({"results": [answers.proposal(one) for one in questions.proposals_for(actor_from(request))]})

    @describes_act("Propose an act", {201: answers.ProposalAnswer}, 404, request=ProposeAct)
    def post(self, request: Request) -> Response:
        """Propose an act that takes two people, for another person to carry out within 14 days, word for word."""
        asked = Asked(request, ProposeAct)
        subject = asked.values["object"]
        made = propose_act(asked.actor, asked.values["action"], subject["type"], subject["id"], asked.values["terms"], **asked.because)
        return Response(answers.proposal(made), status=201)


def _registered(key: NodeKey) -> dict[str, object]:
    return {"key_id": key.key_id, "node": key.node_id, "position": key.registered_at}
