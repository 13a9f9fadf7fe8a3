"""The one permission table: which role may do which act, and what a token's scope leaves of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

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

PERMITTED: Mapping[Role, frozenset[str]] = {
    Role.MANAGER: frozenset({READ, Action.PACK_EXPORT}),
    Role.ENGINEER: _DECLARED | {READ, Action.RUN_WITHDRAW, Action.REVIEW_RESPOND, Action.TOKEN_ISSUE, Action.TOKEN_REVOKE, Action.ACT_PROPOSE},
    Role.AUTHOR: _DOCUMENTS | {READ, Action.ACT_PROPOSE},
    Role.REVIEWER: frozenset({READ, Action.REVIEW_OPEN, Action.REVIEW_REPORT, Action.REVIEW_CLOSE, Action.RUN_CHECK, Action.ACT_PROPOSE}),
    Role.PUBLISHER: frozenset(
        {
            READ,
            Action.RUN_PUBLISH,
            Action.RUN_SUPERSEDE,
            Action.RUN_WITHDRAW,
            Action.RUN_DISCLOSE,
            Action.NOTICE_POST,
            Action.NOTICE_LIFT,
            Action.ACT_PROPOSE,
        }
    ),
    Role.AUDITOR: frozenset({READ, Action.RUN_CHECK, Action.PACK_EXPORT, Action.ACT_PROPOSE}),
    Role.COMMITTEE: frozenset(
        {READ, Action.REQUIREMENT_PUBLISH, Action.REQUIREMENT_SUPERSEDE, Action.PACK_EXPORT, Action.DECISION_SIGN, Action.DECISION_APPEND}
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            READ,
            Action.ACTOR_CREATE,
            Action.ACTOR_BIND,
            Action.ROLE_GRANT,
            Action.ROLE_REVOKE,
            Action.TOKEN_ISSUE,
            Action.TOKEN_REVOKE,
            Action.NODE_ENROL,
            Action.NODE_RETIRE,
            Action.KEY_REGISTER,
            Action.KEY_ROTATE,
            Action.KEY_REVOKE,
            Action.ACT_PROPOSE,
        }
    ),
}
SCOPES: Mapping[Scope, frozenset[str]] = {
    Scope.READ: frozenset({READ}),
    Scope.UPLOAD: _DECLARED | {READ},
    Scope.ENROL: frozenset({Action.NODE_ENROL, Action.KEY_REGISTER}),
}
NODE_ROLES = frozenset({str(Role.ENGINEER)})


class Forbidden(PermissionDenied):
    """The actor is known and may not do this."""


def role_for(actor: Actor, act: str) -> Role | None:
    """The first role, in the order of the table, under which `actor` may do `act`; None where there is none."""
    if actor.scope is not None and (actor.scope not in SCOPES or act not in SCOPES[Scope(actor.scope)]):
        return None
    return next((role for role, acts in PERMITTED.items() if role.value in actor.roles and act in acts), None)


def may(actor: Actor, act: str) -> bool:
    """Whether `actor` may do `act` (an Action, or READ) inside its own organisation; the site itself may do everything."""
    return actor.kind == "system" or role_for(actor, act) is not None


def require(actor: Actor, act: str) -> Actor:
    """The actor acting under the role that permits `act`; raises `Forbidden` where none does."""
    if actor.kind == "system":
        return actor
    role = role_for(actor, act)
    if role is None:
        held = ", ".join(sorted(actor.roles)) or "no role"
        scope = "" if actor.scope is None else f" under a token of scope {actor.scope}"
        raise Forbidden(f"{act} is not permitted to {held}{scope}; ask an administrator for a role that may")
    return actor.under(role.value)
