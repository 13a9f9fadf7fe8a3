"""The committee's door for machines: asking, drafting, signing and adding, and that a foreign requirement or decision does not exist."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from lynxweb.accounts.people import create_organisation
from lynxweb.accounts.roles import Role
from lynxweb.audit.models import Event
from lynxweb.review.models.decisions import Decision as DecisionRow
from lynxweb.review.models.decisions import RequirementVersion
from lynxweb.review.publishing import disclose
from runner.contract.canonical import encode, sha256
from runner.contract.decision import Decision
from tests.api.calling import get as get_with_token
from tests.contract import asked as documents
from tests.contract.asked import offered
from tests.review.committee import FINGERPRINT, UNTIL, Committee, by, decided, measured, required
from tests.review.people import asked

__all__ = ("by", "decided")
REASON = {"reason": "The committee met and agreed."}


class Caller:
    """A member signed in with the browser, calling the API."""

    def __init__(self, person: Any) -> None:
        self.client = Client(raise_request_exception=False)
        self.client.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """POST JSON."""
        return self.client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    def get(self, path: str) -> Any:
        """GET."""
        return self.client.get(f"/api/v1/{path}")


def first(by: Committee) -> Caller:
    """The member who drafts."""
    return Caller(by.site.person)


def second(by: Committee) -> Caller:
    """The other member."""
    return Caller(type(by.site.person).objects.get(actor_id=by.second.id))


def asking(by: Committee, **changes: Any) -> dict[str, Any]:
    """A request that publishes a requirement."""
    return {"requirement": documents.requirement(organisation=by.organisation, **changes).model_dump(mode="json"), **REASON}


def drafting(by: Committee, requirement: str, **changes: Any) -> dict[str, Any]:
    """A request that drafts a decision on the one candidate."""
    return {
        "requirement": requirement, "question": "Which machine do we buy?", "candidates": [{"fingerprint": FINGERPRINT, "name": "Machine A"}],
        "chosen": FINGERPRINT, "rationale": "No other one was measured.", "valid_until": UNTIL, "members": [by.first.id, by.second.id], **changes,
    }  # fmt: skip


def test_a_committee_asks_measures_drafts_signs_and_adds(by: Committee) -> None:
    one, two = first(by), second(by)
    published = one.post("requirements", asking(by))
    assert published.status_code == 201 and published.json()["created"]
    requirement = published.json()["digest"]
    run = measured(by)
    (row,) = one.get(f"requirements/{requirement}").json()["matrix"]
    assert (row["answer"]["answer"], row["answer"]["runs"], row["unseen"], row["grades"]) == ("meets", [run], 0, {run: "measured"})
    draft = one.post("decisions/drafts", drafting(by, requirement, dissent=[{"actor": by.second.id, "text": "I would have waited."}]))
    assert draft.status_code == 200 and not DecisionRow.objects.exists()
    signed = one.post("decisions", {"decision": draft.json()["decision"], **REASON})
    assert signed.status_code == 201 and signed.json()["decision"] == draft.json()["digest"]
    digest = signed.json()["decision"]
    assert two.post(f"decisions/{digest}/signatures", REASON).status_code == 201
    assert two.post(f"decisions/{digest}/addenda", {"text": "Delivery was confirmed by the vendor.", **REASON}).status_code == 201
    read = two.get(f"decisions/{digest}").json()
    assert (read["badge"], read["signed"], read["chosen"], read["pre_registered"]["answer"]) == ("valid", 2, "Machine A", True)
    positions = list(Event.objects.on("decision", digest).values_list("seq", flat=True))
    assert [*(line["position"] for line in read["signatures"]), read["addenda"][0]["position"]] == positions
    assert [card["digest"] for card in two.get("decisions").json()["results"]] == [digest]
    assert sha256(encode(read["decision"])) == digest


def test_publishing_again_and_the_same_key_act_once(by: Committee) -> None:
    one = first(by)
    assert [one.post("requirements", asking(by)).status_code for _ in range(2)] == [201, 200]
    requirement = RequirementVersion.objects.get().digest
    measured(by)
    document = one.post("decisions/drafts", drafting(by, requirement)).json()["decision"]
    answers = [one.post("decisions", {"decision": document, **REASON}, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201] and answers[0].json() == answers[1].json()


def test_a_requirement_is_superseded_under_its_own_address(by: Committee) -> None:
    one, earlier = first(by), required(by)
    later = one.post(f"requirements/{earlier}/supersessions", asking(by, supersedes=earlier, title="Second"))
    assert later.status_code == 201 and one.get(f"requirements/{earlier}").json()["superseded_by"] == later.json()["digest"]
    refused = one.post(f"requirements/{earlier}/supersessions", asking(by, supersedes=earlier, title="Third"))
    assert refused.status_code == 422 and refused.json()["code"] == "superseded-already"


def test_everything_that_is_wrong_is_answered_with_its_place(by: Committee) -> None:
    one, requirement = first(by), required(by)
    measured(by)
    refused = one.post("decisions/drafts", drafting(by, requirement, members=["act_nobody"], valid_until="2020-01-01T00:00:00.000000Z"))
    assert refused.status_code == 422 and {error["code"] for error in refused.json()["errors"]} == {"not-a-member", "expired"}
    assert one.post("decisions/drafts", drafting(by, requirement, surprise=1)).status_code == 400
    assert one.post("requirements", {"requirement": {"schema_id": "requirement/v1"}, **REASON}).status_code == 422


def test_answers_that_were_typed_in_are_refused(by: Committee) -> None:
    one, requirement = first(by), required(by)
    measured(by, offered(service_ns=24_000_000))
    document = one.post("decisions/drafts", drafting(by, requirement, chosen=None)).json()["decision"]
    document["candidates"][0]["answer"], document["chosen"] = "meets", FINGERPRINT
    refused = one.post("decisions", {"decision": document, **REASON})
    assert refused.status_code == 422 and refused.json()["code"] == "answers-differ" and not DecisionRow.objects.exists()


def test_the_count_of_private_runs_is_answered_and_nothing_else_of_them(by: Committee) -> None:
    requirement, _, secret = required(by), measured(by), measured(by, offered(service_ns=24_000_000))
    disclose(by.first, secret, "private", **asked())
    answer = first(by).get(f"requirements/{requirement}")
    assert answer.json()["matrix"][0]["unseen"] == 1 and secret not in answer.content.decode()


def test_a_token_reads_and_signs_nothing(decided: tuple[Committee, Decision]) -> None:
    by, decision = decided
    token = by.site.token
    assert get_with_token(token, f"decisions/{decision.sha256}").status_code == 200
    answer = Client(raise_request_exception=False).post(
        f"/api/v1/decisions/{decision.sha256}/addenda", {"text": "A token speaks.", **REASON}, content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.status_code == 403


@pytest.mark.parametrize("role", [Role.COMMITTEE, Role.AUDITOR, Role.ADMINISTRATOR])
def test_what_belongs_to_another_committee_does_not_exist(decided: tuple[Committee, Decision], role: Role) -> None:
    by, decision = decided
    stranger = Caller(
        create_organisation(
            name="Elsewhere", person="stranger", email="s@example.org", password="correct horse battery staple", roles=(role,), request_id="elsewhere"
        ).person
    )
    requirement, digest = decision.requirement_sha256, decision.sha256
    assert {stranger.get(path).status_code for path in (f"requirements/{requirement}", f"decisions/{digest}")} == {404}
    assert stranger.get("requirements").json() == stranger.get("decisions").json() == {"results": []}
    acts = [
        stranger.post(f"requirements/{requirement}/supersessions", asking(by, supersedes=requirement)),
        stranger.post("decisions/drafts", drafting(by, requirement)),
        stranger.post("decisions", {"decision": decision.model_dump(mode="json"), **REASON}),
        stranger.post(f"decisions/{digest}/signatures", REASON),
        stranger.post(f"decisions/{digest}/addenda", {"text": "A word from elsewhere.", **REASON}),
    ]
    assert {act.status_code for act in acts} == ({404} if role is Role.COMMITTEE else {403})
