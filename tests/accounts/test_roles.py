"""One table says who may do what, and a token never does more than its scope."""

from __future__ import annotations

import re

import pytest

from lynxweb.accounts.roles import NODE_ROLES, OF_THE_NODE_ITSELF, PERMITTED, READ, SCOPES, Forbidden, Role, Scope, may, require
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM, Actor
from tests.conftest import ROOT


def _actor(*roles: Role, scope: Scope | None = None) -> Actor:
    return Actor("user", "act_1", "login", frozenset(role.value for role in roles), "org_1", scope and scope.value)


MAY_NOT = [
    (Role.MANAGER, Action.RUN_SUBMIT),
    (Role.MANAGER, Action.TOKEN_ISSUE),
    (Role.ENGINEER, Action.REVIEW_OPEN),
    (Role.ENGINEER, Action.RUN_PUBLISH),
    (Role.ENGINEER, Action.NODE_ENROL),
    (Role.AUTHOR, Action.REVIEW_REPORT),
    (Role.REVIEWER, Action.RUN_PUBLISH),
    (Role.REVIEWER, Action.RUN_SUBMIT),
    (Role.PUBLISHER, Action.REVIEW_CLOSE),
    (Role.AUDITOR, Action.RUN_WITHDRAW),
    (Role.COMMITTEE, Action.RUN_WITHDRAW),
    (Role.COMMITTEE, Action.RUN_PUBLISH),
    (Role.ADMINISTRATOR, Action.REVIEW_REPORT),
    (Role.ADMINISTRATOR, Action.RUN_PUBLISH),
    (Role.ADMINISTRATOR, Action.RUN_SUBMIT),
    (Role.ADMINISTRATOR, Action.PAYLOAD_REDACT),
    (Role.ADMINISTRATOR, Action.RULING_ISSUE),
    (Role.PUBLISHER, Action.RULING_ISSUE),
    (Role.PUBLISHER, Action.ACTOR_ERASE),
    (Role.AUDITOR, Action.RUN_PUBLISH),
    (Role.AUDITOR, Action.ROLE_GRANT),
    (Role.ENGINEER, Action.KEY_REVOKE),
    (Role.ENGINEER, Action.NOTICE_POST),
    (Role.COMMITTEE, Action.NOTICE_POST),
    (Role.MANAGER, Action.ACT_PROPOSE),
    *((role, act) for role in Role for act in (Action.LOG_OPEN, Action.LOG_CLOSE)),
    *((role, Action.CHECKPOINT_NOTE) for role in Role if role is not Role.ADMINISTRATOR),
]
EVIDENCE = (
    *("run", "bundle", "review", "notice", "ruling", "payload", "pack", "requirement", "decision"),
    *("executor", "methodology", "document", "reference", "log"),
)


@pytest.mark.parametrize(("role", "act"), MAY_NOT)
def test_a_role_may_not_do_what_its_column_forbids(role: Role, act: Action) -> None:
    assert not may(_actor(role), act)
    with pytest.raises(Forbidden, match=act.value):
        require(_actor(role), act)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_and_acts_under_its_own_name(role: Role) -> None:
    assert may(_actor(role), READ)
    assert all(require(_actor(role), act).role == role.value for act in PERMITTED[role])


@pytest.mark.parametrize("act", [act for act in Action if act.value.partition(".")[0] in EVIDENCE])
def test_an_administrator_and_nothing_else_touches_no_evidence(act: Action) -> None:
    with pytest.raises(Forbidden):
        require(_actor(Role.ADMINISTRATOR), act)


def test_every_action_is_evidence_or_about_who_may_act() -> None:
    others = {act.value.partition(".")[0] for act in Action} - set(EVIDENCE)
    assert others == {"actor", "role", "token", "node", "key", "act", "checkpoint"}


def test_the_documented_table_is_the_one_in_code() -> None:
    text = (ROOT / "docs" / "audit.md").read_text("utf-8")
    rows = {role: set(re.findall(r"`([a-z.]+)`", acts)) for role, acts in re.findall(r"^\| (\w+) \| ((?:`[a-z.]+` ?)+)\|", text, re.MULTILINE)}
    assert {role.value: {str(act) for act in acts - {READ}} for role, acts in PERMITTED.items()} == rows


def test_a_node_changes_its_own_keys_and_a_person_with_its_scope_does_not() -> None:
    node = Actor("node", "node_1", "token:1", NODE_ROLES, "org_1", "upload")
    assert {act for act in Action if may(node, act)} == (SCOPES[Scope.UPLOAD] | OF_THE_NODE_ITSELF) - {READ}
    assert not may(Actor("node", "node_1", "token:1", NODE_ROLES, "org_1", "read"), Action.KEY_REVOKE)


def test_nobody_without_a_role_may_do_anything() -> None:
    assert not any(may(_actor(), act) for act in [READ, *Action])


def test_the_table_names_known_acts_only() -> None:
    known = {READ, *(action.value for action in Action)}
    assert all(acts <= known for acts in [*PERMITTED.values(), *SCOPES.values()])


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_of_somebody_with_every_role_does_what_its_scope_says_and_no_more(scope: Scope) -> None:
    bearer = _actor(*Role, scope=scope)
    assert {act for act in [READ, *(action.value for action in Action)] if may(bearer, act)} == set(SCOPES[scope])


def test_a_scope_gives_nothing_that_the_roles_do_not() -> None:
    assert not may(_actor(Role.MANAGER, scope=Scope.UPLOAD), Action.RUN_SUBMIT)


def test_an_unknown_scope_gives_nothing() -> None:
    assert not may(Actor("user", "act_1", "token:1", frozenset({"manager"}), "org_1", "everything"), READ)


def test_the_site_itself_may_do_everything() -> None:
    assert require(SYSTEM, Action.METHODOLOGY_PUBLISH) == SYSTEM
