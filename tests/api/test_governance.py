"""A run's life over the API: asked for, reviewed, published, noticed, disputed, withdrawn; and what strangers get."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from lynxweb.accounts.models import Person
from lynxweb.audit.actors import SYSTEM
from lynxweb.audit.models import Event
from lynxweb.audit.opening import set_two_person_rule
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Run
from runner.contract.checklist import INTAKE
from tests.api.calling import post as post_as_node
from tests.pages.laboratories import Laboratories, laboratories
from tests.registry.world import BECAUSE, World

WHY = {"reason": "a test wants it so"}
WRONG = {"reason_code": "measurement_error", "reason": "the fan was blocked while it was measured"}
REPORT = {"conflicts": "none", "answers": [{"id": item.id, "answer": "yes"} for item in INTAKE.items], "outcome": "accepted",
          "summary": "read it all, looks right", **WHY}  # fmt: skip


@pytest.fixture
def labs(site: World) -> Laboratories:
    """Two laboratories."""
    return laboratories(site)


def client_of(person: Person) -> Client:
    found = Client(raise_request_exception=False)
    found.force_login(person, backend="lynxweb.accounts.passwords.EmailOrName")
    return found


def post(person: Person, path: str, body: Any, **headers: str) -> Any:
    return client_of(person).post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def get(person: Person, path: str) -> Any:
    return client_of(person).get(f"/api/v1/{path}")


def done(person: Person, path: str, body: Any, **headers: str) -> Any:
    answer = post(person, path, body, **headers)
    assert answer.status_code == 201, answer.content
    return answer.json()


def reviewed(labs: Laboratories, seed: int = 1) -> str:
    digest = labs.run(seed)
    done(labs.engineer, f"runs/{digest}/disclosures", {"visibility": "review", "request_review": True, **WHY})
    review = done(labs.reviewer, f"runs/{digest}/reviews", {"conflicts": "none", **WHY})["id"]
    done(labs.reviewer, f"reviews/{review}/reports", REPORT)
    done(labs.reviewer, f"reviews/{review}/closings", WHY)
    return digest


def published(labs: Laboratories, seed: int = 1) -> str:
    digest = reviewed(labs, seed)
    done(labs.publisher, f"runs/{digest}/publications", WHY)
    return digest


def test_a_run_is_reviewed_and_published(labs: Laboratories) -> None:
    digest = published(labs)
    told = get(labs.stranger, f"runs/{digest}").json()
    assert (told["state"], told["stage"], told["visibility"], told["grade"], told["tombstone"]) == (
        "standing",
        "published",
        "public",
        "validated",
        None,
    )


def test_the_queue_and_a_review_are_read(labs: Laboratories) -> None:
    digest = labs.run()
    done(labs.engineer, f"runs/{digest}/disclosures", {"visibility": "review", "request_review": True, **WHY})
    assert [one["run"] for one in get(labs.reviewer, "reviews").json()["awaiting"]] == [digest]
    review = done(labs.reviewer, f"runs/{digest}/reviews", {"conflicts": "none", **WHY})["id"]
    assert [one["id"] for one in get(labs.reviewer, "reviews").json()["mine"]] == [review]
    filed = done(labs.reviewer, f"reviews/{review}/reports", REPORT)
    done(labs.engineer, f"reviews/{review}/responses", {"text": "nothing is to be added", **WHY})
    told = get(labs.engineer, f"reviews/{review}").json()
    assert told["reports"][0]["position"] == filed["position"] and told["reports"][0]["report"]["outcome"] == "accepted"
    assert told["responses"][0]["text"] == "nothing is to be added" and told["state"] == "reported"


def test_an_act_names_the_event_that_it_left(labs: Laboratories) -> None:
    digest = labs.run()
    answer = done(labs.publisher, f"runs/{digest}/notices", {"text": "the meter was replaced", **WHY})
    event = Event.objects.get(seq=answer["position"])
    assert (event.action, event.object_id) == ("notice.post", digest) and answer["id"].startswith("not_") and not answer["proposed"]


def test_the_same_key_acts_once(labs: Laboratories) -> None:
    digest, body = labs.run(), {"text": "the meter was replaced", **WHY}
    first, second = (done(labs.publisher, f"runs/{digest}/notices", body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert first == second and Event.objects.filter(action="notice.post").count() == 1


def test_a_notice_travels_with_the_run_its_list_and_its_comparisons_until_it_is_lifted(labs: Laboratories) -> None:
    a, b = labs.run(1), labs.run(2)
    notice = done(labs.publisher, f"runs/{a}/notices", {"text": "the meter was replaced", **WHY})["id"]
    assert [one["text"] for one in get(labs.engineer, f"runs/{a}").json()["notices"]] == ["the meter was replaced"]
    listed = {one["digest"]: len(one["notices"]) for one in get(labs.engineer, "runs").json()["results"]}
    compared = post(labs.engineer, "comparisons", {"a": a, "b": b, "policy": "iso-precision"}).json()
    assert listed == {a: 1, b: 0} and [one["name"] for one in compared["notices"][a]] == [notice]
    done(labs.publisher, f"notices/{notice}/lifts", WHY)
    assert get(labs.engineer, f"runs/{a}").json()["notices"] == []


def test_a_withdrawn_run_answers_with_its_tombstone(labs: Laboratories) -> None:
    digest, instead = published(labs, 1), labs.run(2)
    done(labs.publisher, f"runs/{digest}/withdrawals", {"replacement": instead, **WRONG})
    told = get(labs.stranger, f"runs/{digest}").json()
    assert told["state"] == "withdrawn"
    stone = told["tombstone"]
    assert (stone["reason_code"], stone["role"], stone["successor"]) == ("measurement_error", "publisher", instead)


def test_a_routine_withdrawal_is_refused_with_its_code(labs: Laboratories) -> None:
    digest = labs.run()
    answer = post(labs.engineer, f"runs/{digest}/withdrawals", WHY)
    assert answer.status_code == 422 and answer.json()["code"] == "uncoded-reason" and Run.objects.get(digest=digest).state == "standing"


def test_two_persons_withdraw_a_published_run(labs: Laboratories) -> None:
    digest = published(labs)
    set_two_person_rule(SYSTEM, True, reason=BECAUSE, request_id="rule:on")
    assert post(labs.publisher, f"runs/{digest}/withdrawals", WRONG).json()["code"] == "two-persons"
    proposal = done(labs.engineer, f"runs/{digest}/withdrawals", {"propose": True, **WRONG})
    assert proposal["proposed"] and Run.objects.get(digest=digest).state == "standing"
    done(labs.publisher, f"runs/{digest}/withdrawals", {"proposal": proposal["id"], **WRONG})
    assert Run.objects.get(digest=digest).state == "withdrawn"


def test_a_run_is_superseded(labs: Laboratories) -> None:
    digest, newer = published(labs, 1), labs.run(2)
    done(labs.publisher, f"runs/{digest}/supersessions", {"successor": newer, **WHY})
    assert get(labs.stranger, f"runs/{digest}").json()["tombstone"]["successor"] == newer


def test_a_dispute_is_opened_and_not_decided_by_its_own_side(labs: Laboratories) -> None:
    digest = published(labs)
    body = {"clause": "methodology 4.2", "effect_permille": 80, "text": "the batch was larger than stated", **WHY}
    dispute = done(labs.reviewer, f"runs/{digest}/disputes", body)["id"]
    answer = post(labs.reviewer, f"disputes/{dispute}/closings", {"outcome": "rejected", "text": "it was as stated", **WHY})
    assert answer.status_code == 422 and answer.json()["code"] == "own-dispute"


def test_a_ruling_is_issued_and_listed(labs: Laboratories) -> None:
    digest = published(labs)
    body = {"kind": "runs", "rule": "rule 7", "outcome": "noted", "runs": [digest], "text": "their clocks were pinned", **WHY}
    assert post(labs.stranger, "rulings", body).status_code == 403
    answer = post(labs.site.person, "rulings", body)
    assert answer.status_code == 422 and answer.json()["code"] == "own-upload"
    assert get(labs.stranger, "rulings").json() == {"results": []}


def test_a_declaration_is_listed_by_state_and_given_up(labs: Laboratories) -> None:
    run = labs.run()
    methodology = Run.objects.get(digest=run).methodology_id
    nonce = declare(labs.site.node_actor, methodology, request_id="declare:1").nonce
    assert [one["nonce"] for one in get(labs.engineer, "declarations?state=open").json()["results"]] == [nonce]
    assert post(labs.stranger, f"declarations/{nonce}/abandonments", WHY).status_code == 404
    assert post_as_node(labs.site.token, f"declarations/{nonce}/abandonments", WHY).status_code == 201
    assert get(labs.engineer, "declarations?state=open").json()["results"] == []
    told = get(labs.engineer, "declarations?state=abandoned").json()["results"][0]
    assert (told["nonce"], told["state"], told["run"]) == (nonce, "abandoned", None) and told["abandoned_at"]
    assert get(labs.engineer, f"runs/{run}").json()["abandoned_declarations"] == 1
    assert get(labs.stranger, "declarations").json()["results"] == []


def test_a_reason_is_demanded(labs: Laboratories) -> None:
    digest = labs.run()
    for body in ({"text": "the meter was replaced"}, {"text": "the meter was replaced", "reason": "short"}):
        answer = post(labs.publisher, f"runs/{digest}/notices", body)
        assert answer.status_code == 400 and [one["path"] for one in answer.json()["errors"]] == ["reason"]


FOREIGN = (
    ("runs/{hidden}/reviews", {"conflicts": "none"}), ("runs/{hidden}/disclosures", {"visibility": "public"}), ("runs/{hidden}/publications", {}),
    ("runs/{hidden}/withdrawals", WRONG), ("runs/{hidden}/supersessions", {"successor": "0" * 64}),
    ("runs/{hidden}/notices", {"text": "ten letters"}),
    ("runs/{public}/withdrawals", WRONG), ("runs/{public}/notices", {"text": "ten letters"}), ("runs/{public}/publications", {}),
    ("runs/{public}/disclosures", {"visibility": "private"}), ("notices/{notice}/lifts", {}),
)  # fmt: skip


@pytest.mark.parametrize(("path", "body"), FOREIGN)
def test_a_stranger_with_the_role_acts_on_no_run_of_another_organisation(labs: Laboratories, path: str, body: dict[str, Any]) -> None:
    public, hidden = published(labs, 1), labs.run(2)
    notice = done(labs.publisher, f"runs/{public}/notices", {"text": "the meter was replaced", **WHY})["id"]
    before, events = (list(Run.objects.order_by("digest").values()), Event.objects.count())
    who = labs.reviewer if path.endswith("reviews") else labs.stranger
    answer = post(who, path.format(public=public, hidden=hidden, notice=notice), {**WHY, **body})
    assert answer.status_code == 404 and (list(Run.objects.order_by("digest").values()), Event.objects.count()) == (before, events)
