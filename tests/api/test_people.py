"""People, keys, tokens and proposals through the API: what a page can do a script can do, under the same rules."""

from __future__ import annotations

from typing import Any

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.accounts.key_changes import REGISTRATION, revocation_message, rotation_message
from lynxweb.accounts.models import NodeKey, Person
from lynxweb.accounts.nodes import challenge_for
from lynxweb.accounts.roles import Role
from lynxweb.accounts.switching import switch_two_person_rule
from lynxweb.accounts.tokens import actor_for
from lynxweb.audit.models import Event
from lynxweb.audit.models_proposals import Proposed
from lynxweb.audit.opening import log_settings
from lynxweb.audit.replay import replay_audit
from lynxweb.review.publishing import disclose
from runner.contract.keys import SigningKey, prove_possession
from tests.accounts.conftest import hire
from tests.api.calling import bearer, run_of
from tests.api.calling import get as as_node
from tests.api.calling import post as node_posts
from tests.pages.test_people import browser
from tests.registry.world import BECAUSE, World, bundle_of, world

WHY = {"reason": "a test wants it so"}
NEW = SigningKey(bytes(range(7, 39)))


class Caller:
    """A person who signed in, calling the API as their browser does."""

    def __init__(self, person: Person) -> None:
        self.client = browser(person)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}")

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        return self.client.post(f"/api/v1/{path}", {**WHY, **body}, content_type="application/json", headers=headers)


@pytest.fixture
def ada(site: World) -> Caller:
    """The person with every role."""
    return Caller(site.person)


def test_people_are_listed_and_made(site: World, ada: Caller) -> None:
    answer = ada.post("people", {"name": "eve", "email": "eve@example.org", "password": "correct horse battery staple"})
    assert answer.status_code == 201 and answer.json()["position"] == Event.objects.newest()[0].seq
    listed = {one["name"]: one for one in ada.get("people").json()["results"]}
    known = {"email": "eve@example.org", "second_factor": False, "provider": False}
    assert listed["eve"] == {"actor": answer.json()["actor"], "name": "eve", "active": True, "roles": [], **known}


@pytest.mark.parametrize("body", [{"name": "eve"}, {"name": "eve", "email": "no"}, {"name": "e\0", "email": "e@example.org"}, {"strange": 1}])
def test_a_malformed_request_names_its_places(ada: Caller, body: dict[str, Any]) -> None:
    answer = ada.post("people", body)
    assert answer.status_code == 400 and answer.json()["errors"]


def test_an_act_without_a_reason_is_refused(ada: Caller) -> None:
    answer = ada.client.post("/api/v1/people", {"name": "eve", "email": "e@example.org"}, content_type="application/json")
    assert answer.status_code == 422 and answer.json()["errors"][0]["path"] == "reason"


def test_roles_are_given_and_taken_back(site: World, ada: Caller) -> None:
    eve = hire(site.actor, "eve")
    assert ada.post(f"people/{eve.actor_id}/roles", {"role": "engineer"}).status_code == 201 and actor_of(eve).roles == {"engineer"}
    assert ada.post(f"people/{eve.actor_id}/roles/engineer/revocations", {}).status_code == 201 and actor_of(eve).roles == frozenset()
    assert ada.post(f"people/{eve.actor_id}/roles/engineer/revocations", {}).status_code == 404
    assert ada.post(f"people/{eve.actor_id}/roles/king/revocations", {}).status_code == 404


def test_a_powerful_role_takes_a_proposal_and_the_api_carries_it(site: World, ada: Caller) -> None:
    eve = hire(site.actor, "eve", Role.ENGINEER)
    switch_two_person_rule(site.actor, True, reason=BECAUSE, request_id="on")
    refused = ada.post(f"people/{eve.actor_id}/roles", {"role": "auditor"})
    assert refused.status_code == 422 and refused.json()["code"] == "two-persons"
    terms = {"v": 1, "actor": eve.actor_id, "organisation": site.actor.organisation, "role": "auditor"}
    subject = {"type": "role", "id": f"{site.actor.organisation}:{eve.actor_id}:auditor"}
    made = Caller(eve).post("proposals", {"action": "role.grant", "object": subject, "terms": terms})
    assert made.status_code == 201 and [one["id"] for one in ada.get("proposals").json()["results"]] == [made.json()["id"]]
    granted = ada.post(f"people/{eve.actor_id}/roles", {"role": "auditor", "proposal": made.json()["id"]})
    assert granted.status_code == 201 and "auditor" in actor_of(eve).roles and ada.get("proposals").json()["results"] == []


def test_nodes_are_listed_with_their_keys(site: World) -> None:
    (line,) = as_node(site.token, "nodes").json()["results"]
    assert (line["id"], line["retired"], [key["key_id"] for key in line["keys"]]) == (site.node.id, False, [site.key.key_id])


def test_a_further_key_is_registered_with_its_proof(site: World, ada: Caller) -> None:
    proof = prove_possession(NEW, purpose=REGISTRATION, challenge=challenge_for(site.actor), subject=site.node.id)
    answer = ada.post(f"nodes/{site.node.id}/keys", {"public_key": NEW.public.hex(), "proof": proof.hex()})
    assert answer.json() == {"key_id": NEW.key_id, "node": site.node.id, "position": Event.objects.newest()[0].seq}
    assert ada.post(f"nodes/{site.node.id}/keys", {"public_key": NEW.public.hex(), "proof": proof.hex()}).json()["code"] == "key-known"


def rotation(site: World) -> dict[str, str]:
    message = rotation_message(site.key.key_id, site.node.id, NEW.public)
    return {"public_key": NEW.public.hex(), "proof": NEW.sign(message).hex(), "approval": site.key.sign(message).hex()}


def test_a_node_rotates_its_key_once_however_often_it_asks(site: World) -> None:
    first, second = (node_posts(site.token, f"keys/{site.key.key_id}/rotations", rotation(site)) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    assert NodeKey.objects.count() == 2 and replay_audit() == ()


def test_a_rotation_that_the_old_key_did_not_sign_is_refused(site: World) -> None:
    answer = node_posts(site.token, f"keys/{site.key.key_id}/rotations", rotation(site) | {"approval": "0" * 128})
    assert answer.status_code == 422 and answer.json()["code"] == "bad-proof" and NodeKey.objects.count() == 1


def test_nobody_elses_rotation_is_answered(site: World) -> None:
    node_posts(site.token, f"keys/{site.key.key_id}/rotations", rotation(site))
    assert node_posts(world("b").token, f"keys/{site.key.key_id}/rotations", rotation(site)).status_code == 404


def test_a_node_revokes_its_key_with_its_own_signature(site: World) -> None:
    path, proof = f"keys/{site.key.key_id}/revocations", site.key.sign(revocation_message(site.key.key_id, site.node.id, site.key.public)).hex()
    assert node_posts(site.token, path, {}).json()["code"] == "bad-proof"
    once = {"Idempotency-Key": "revoke-1"}
    first, second = (node_posts(site.token, path, {"proof": proof}, **once) for _ in range(2))
    assert first.status_code == 201 and first.json() == second.json() and NodeKey.objects.get().revoked_from == first.json()["position"]


def test_reaching_back_names_the_notices(site: World, ada: Caller) -> None:
    good = Event.objects.newest()[0].seq
    run_of(site, bundle_of(site))
    answer = ada.post(f"keys/{site.key.key_id}/revocations", {"last_good_seq": good, "reason_code": "key_compromise"})
    assert answer.status_code == 201 and len(answer.json()["notices"]) == 1


def test_a_node_is_retired_and_its_token_ends(site: World, ada: Caller) -> None:
    assert ada.post(f"nodes/{site.node.id}/retirements", {}).status_code == 201
    assert as_node(site.token, "nodes").status_code == 401


def test_a_token_is_issued_once_listed_without_its_text_and_ended(site: World, ada: Caller) -> None:
    answer = ada.post("tokens", {"scope": "read", "days": 3}, **{"Idempotency-Key": "mine"})
    text, named = answer.json()["token"], answer.json()["id"]
    assert answer.status_code == 201 and answer["Cache-Control"] == "no-store" and actor_for(text) is not None
    assert ada.post("tokens", {"scope": "read", "days": 3}, **{"Idempotency-Key": "mine"}).status_code == 409
    assert text.partition(".")[2] not in ada.get("tokens").content.decode() and named in ada.get("tokens").content.decode()
    assert ada.post(f"tokens/{named}/revocations", {}).status_code == 201 and actor_for(text) is None


def test_a_token_for_somebody_elses_node_is_not_found(site: World, ada: Caller) -> None:
    assert ada.post("tokens", {"scope": "upload", "node": world("b").node.id}).status_code == 404


def test_a_token_of_scope_read_does_no_act(site: World, ada: Caller) -> None:
    token = ada.post("tokens", {"scope": "read"}).json()["token"]
    answers = [node_posts(token, "tokens", {"scope": "read", **WHY}), node_posts(token, f"nodes/{site.node.id}/retirements", WHY)]
    assert {answer.status_code for answer in answers} == {403} and as_node(token, "people").status_code == 200


# -- Proposing any two-person act ----------------------------------------------------------------------------------------------------------


def test_a_withdrawal_is_proposed_word_for_word(site: World, ada: Caller) -> None:
    run = run_of(site, bundle_of(site))
    terms = {"v": 1, "run": run, "reason_code": "measurement_error", "reason": "the clock of the machine was wrong", "replacement": None}
    answer = ada.post("proposals", {"action": "run.withdraw", "object": {"type": "run", "id": run}, "terms": terms})
    assert answer.status_code == 201 and answer.json()["terms"] == terms and answer.json()["reason"] == terms["reason"]


@pytest.mark.parametrize(
    "changes",
    [
        {"terms": {}},
        {"terms": {"v": 2}},
        {"terms": {"reason": 5}},
        {"terms": {"replacement": "0" * 64}},
        {"terms": {"more": "than the act would write"}},
        {"terms": {"run": ["a list"]}},
        {"object": {"type": "run", "id": "0" * 64}},
        {"object": {"type": "payload", "id": None}},
        {"action": "run.publish"},
        {"action": "log.close"},
        {"action": "made.up"},
    ],
)
def test_anything_else_than_what_the_act_would_write_is_refused_and_proposes_nothing(site: World, ada: Caller, changes: dict[str, Any]) -> None:
    run = run_of(site, bundle_of(site))
    terms = {"v": 1, "run": run, "reason_code": "measurement_error", "reason": "the clock of the machine was wrong", "replacement": None}
    body: dict[str, Any] = {"action": "run.withdraw", "object": {"type": "run", "id": run}, "terms": terms} | changes
    if "terms" in changes:
        body["terms"] = terms | changes["terms"] if changes["terms"] else {}
    body["object"] = {"type": body["object"]["type"], "id": body["object"]["id"] or run}
    answer = ada.post("proposals", body)
    assert answer.status_code == 422, answer.content
    assert Proposed.objects.count() == 0


def test_a_proposal_about_something_foreign_is_not_found(site: World, ada: Caller) -> None:
    other = world("b")
    terms = {"v": 1, "actor": other.actor.id, "resets": ["password", "second_factor", "provider"]}
    answer = ada.post("proposals", {"action": "actor.bind", "object": {"type": "actor", "id": other.actor.id}, "terms": terms})
    assert answer.status_code == 404 and Proposed.objects.count() == 0


def test_the_switch_is_proposed_under_the_whole_settings_of_the_log(site: World, ada: Caller) -> None:
    hire(site.actor, "eve", Role.ENGINEER)
    switch_two_person_rule(site.actor, True, reason=BECAUSE, request_id="on")
    now = log_settings()
    terms, subject = now.document() | {"two_person_rule": "off"}, {"type": "log", "id": now.origin}
    assert ada.post("proposals", {"action": "checkpoint.note", "object": subject, "terms": now.document()}).status_code == 422
    assert Proposed.objects.count() == 0
    assert ada.post("proposals", {"action": "checkpoint.note", "object": subject, "terms": terms}).status_code == 201


# -- Visitors ------------------------------------------------------------------------------------------------------------------------------


def test_without_a_login_public_runs_are_read_with_their_evidence(site: World, ada: Caller) -> None:
    run, private = run_of(site, bundle_of(site, 1)), run_of(site, bundle_of(site, 2))
    disclose(site.actor, run, "public", reason=BECAUSE, request_id="public")
    nobody = browser(site.person)
    nobody.logout()
    assert [one["digest"] for one in nobody.get("/api/v1/runs").json()["results"]] == [run]
    assert {nobody.get(f"/api/v1/runs/{run}{more}").status_code for more in ("", "/bundle", "/files/samples.parquet")} == {200}
    for missing in (private, "0" * 64):
        answer = nobody.get(f"/api/v1/runs/{missing}")
        assert (answer.status_code, answer["WWW-Authenticate"], answer.json()["code"]) == (401, "Bearer", "not-authenticated")
    assert nobody.post("/api/v1/comparisons", {}, content_type="application/json").status_code == 401
    assert nobody.get("/api/v1/runs", headers=bearer("lynxweb_0.0")).status_code == 401
