"""The one permission table: which role may do which act, and what a token's scope leaves of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import PermissionDenied

from lynxweb.audit.actions import Action
from lynxweb.audit.actors import Actor


class Role(StrEnum):
    """What somebody is in an organisation."""

    MANAGER = "manager"
    ENGINEER = "engineer"
    AUTHOR = "author"
    REVIEWER = "reviewer"
    PUBLISHER = "publisher"
    AUDITOR = "auditor"
    COMMITTEE = "committee"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """What a token is for."""

    READ = "read"
    UPLOAD = "upload"
    ENROL = "enrol"


READ = "read"  # not recorded, so not an Action: every role may look at what its organisation may see

_DECLARED = frozenset({Action.RUN_DECLARE, Action.RUN_ABANDON, Action.RUN_SUBMIT})
_DOCUMENTS = frozenset(action for action in Action if action.value.partition(".")[0] in ("executor", "methodology", "document", "reference"))
_PROPOSES = frozenset({READ, Action.ACT_PROPOSE})

PERMITTED: Mapping[Role, frozenset[str]] = {
    Role.MANAGER: frozenset({READ, Action.PACK_EXPORT}),
    Role.ENGINEER: _DECLARED
    | _PROPOSES
    | {Action.RUN_WITHDRAW, Action.RUN_DISCLOSE, Action.REVIEW_RESPOND, Action.PACK_EXPORT, Action.TOKEN_ISSUE, Action.TOKEN_REVOKE},
    Role.AUTHOR: _DOCUMENTS | _PROPOSES,
    Role.REVIEWER: _PROPOSES | {Action.REVIEW_OPEN, Action.REVIEW_REPORT, Action.REVIEW_CLOSE, Action.RUN_CHECK, Action.PACK_EXPORT},
    Role.PUBLISHER: _PROPOSES
    | {Action.RUN_PUBLISH, Action.RUN_SUPERSEDE, Action.RUN_WITHDRAW, Action.RUN_DISCLOSE}
    | {Action.NOTICE_POST, Action.NOTICE_LIFT, Action.PAYLOAD_REDACT},
    Role.AUDITOR: _PROPOSES | {Action.RUN_CHECK, Action.REVIEW_DRAW, Action.RULING_ISSUE, Action.PACK_EXPORT},
    Role.COMMITTEE: frozenset(
        {READ, Action.REQUIREMENT_PUBLISH, Action.REQUIREMENT_SUPERSEDE, Action.PACK_EXPORT, Action.DECISION_SIGN, Action.DECISION_APPEND}
    ),
    Role.ADMINISTRATOR: _PROPOSES
    | {Action.ACTOR_CREATE, Action.ACTOR_BIND, Action.ACTOR_ERASE, Action.ROLE_GRANT, Action.ROLE_REVOKE}
    | {Action.TOKEN_ISSUE, Action.TOKEN_REVOKE, Action.NODE_ENROL, Action.NODE_RETIRE}
    | {Action.KEY_REGISTER, Action.KEY_ROTATE, Action.KEY_REVOKE, Action.CHECKPOINT_NOTE},
}
SCOPES: Mapping[Scope, frozenset[str]] = {
    Scope.READ: frozenset({READ}),
    Scope.UPLOAD: _DECLARED | {READ},
    Scope.ENROL: frozenset({Action.NODE_ENROL, Action.KEY_REGISTER}),
}
NODE_ROLES = frozenset({str(Role.ENGINEER)})
OF_THE_NODE_ITSELF = frozenset({Action.KEY_ROTATE, Action.KEY_REVOKE})  # on its own keys, each time signed by the key in question

TWO_PERSON_ROLES = frozenset({Role.REVIEWER, Role.PUBLISHER, Role.AUDITOR, Role.ADMINISTRATOR})
STRONG_SIGN_IN_ROLES = TWO_PERSON_ROLES | {Role.COMMITTEE}
STRONG_SIGN_INS = frozenset({"login+totp", "oidc"})


class Forbidden(PermissionDenied):
    """The actor is known and may not do this."""


def roles_for(actor: Actor, act: str) -> tuple[Role, ...]:
    """The roles, in the order of the table, under which `actor` may do `act`."""
    if actor.kind == "node" and act in OF_THE_NODE_ITSELF and actor.scope in (None, Scope.UPLOAD):
        return (Role.ENGINEER,)
    if actor.scope is not None and (actor.scope not in SCOPES or act not in SCOPES[Scope(actor.scope)]):
        return ()
    return tuple(role for role, acts in PERMITTED.items() if role.value in actor.roles and act in acts)


def may(actor: Actor, act: str) -> bool:
    """Whether `actor` may do `act` (an Action, or READ) inside its own organisation; the site itself may do everything."""
    return _needs_no_role(actor, act) or any(signed_in_for(actor, act, role) for role in roles_for(actor, act))


def signed_in_for(actor: Actor, act: str, role: Role) -> bool:
    """Whether the sign-in is strong enough for `act` under `role`: a second factor where LYNXWEB_REQUIRE_MFA asks for one.

    Reading needs none; a token was issued by somebody who had it.
    """
    if act == READ or role not in STRONG_SIGN_IN_ROLES or not settings.LYNXWEB_REQUIRE_MFA:
        return True
    return actor.kind != "user" or actor.auth in STRONG_SIGN_INS or actor.auth.startswith("token:")


def require(actor: Actor, act: str) -> Actor:
    """The actor acting under the first role that permits `act`; raises `Forbidden` where none does, with the remedy."""
    if _needs_no_role(actor, act):
        return actor
    roles = roles_for(actor, act)
    if not roles:
        held = ", ".join(sorted(actor.roles)) or "no role"
        scope = "" if actor.scope is None else f" under a token of scope {actor.scope}"
        raise Forbidden(f"{act} is not permitted to {held}{scope}; ask an administrator for a role that may")
    role = next((role for role in roles if signed_in_for(actor, act, role)), None)
    if role is None:
        raise Forbidden(f"{act} under the role {roles[0]} needs a second factor; set up an authenticator under /account, then sign in again")
    return actor.under(role.value)


def require_as(actor: Actor, act: str, role: Role) -> Actor:
    """The actor acting under exactly this role, whatever other role would permit the act too; raises `Forbidden` for anybody else."""
    if actor.kind == "system":
        return actor
    return actor.under(str(require(replace(actor, roles=actor.roles & {role.value}), act).role))


def _needs_no_role(actor: Actor, act: str) -> bool:
    """The site itself does everything; whoever has not signed in reads, and what there is to read is for each question to say."""
    return actor.kind == "system" or (actor.kind == "visitor" and act == READ)
