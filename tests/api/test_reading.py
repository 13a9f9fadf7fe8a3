"""Runs, executors and methodologies over the API."""

from __future__ import annotations

import json

import pytest

from lynxweb.registry.models import Declaration, Run
from tests import builders
from tests.api.calling import client, get, post, run_of
from tests.registry.world import World, bundle_of


def test_the_list_is_walked_by_cursor_without_loss_or_repeat(site: World) -> None:
    expected = [run_of(site, bundle_of(site, seed)) for seed in range(1, 6)][::-1]
    found, after = [], ""
    while True:
        page = get(site.token, f"runs?limit=2{after}").json()
        found += [run["digest"] for run in page["results"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == expected


def test_a_made_up_cursor_is_refused_with_its_code(site: World) -> None:
    response = get(site.token, "runs?after=everything")
    assert response.status_code == 422 and response.json()["code"] == "bad-cursor"


def test_a_metric_never_travels_without_its_operating_point(site: World) -> None:
    run_of(site, bundle_of(site))
    listed = get(site.token, "runs").json()["results"][0]
    assert listed["primary"]["definition"] == "latency_p50@1" and listed["point"] == "closed loop, concurrency 1, batch 1"


def test_a_run_carries_its_findings_receipt_and_history(site: World) -> None:
    digest = run_of(site, bundle_of(site))
    told = get(site.token, f"runs/{digest}").json()
    assert [finding["code"] for finding in told["findings"]] == ["undeclared"] and told["undeclared"]
    assert [event["action"] for event in told["events"]] == ["run.submit"]
    assert told["receipt"]["seq"] == told["position"] == told["events"][0]["position"]
    assert told["grade"] == "measured" and told["why_not_higher"]


def test_every_member_of_the_bundle_is_listed_and_can_be_had(site: World) -> None:
    digest = run_of(site, bundle_of(site))
    listed = get(site.token, f"runs/{digest}").json()["artifacts"]
    assert {line["name"] for line in listed} == {*builders.members(), "envelope.json"}
    for line in listed:
        assert len(get(site.token, f"runs/{digest}/files/{line['name']}").content) == line["size_bytes"]
    assert get(site.token, f"runs/{digest}/files/secrets.txt").status_code == 404


def test_an_executor_answers_304_to_whoever_has_it(site: World) -> None:
    run_of(site, bundle_of(site))
    digest = Run.objects.get().executor_id
    response = get(site.token, f"executors/{digest}")
    assert response.json()["executor"]["sw"]["runtime"]["name"]["value"] == "onnxruntime"
    assert get(site.token, f"executors/{digest}", **{"If-None-Match": response["ETag"]}).status_code == 304


def test_an_author_publishes_a_methodology_under_its_canonical_digest(site: World) -> None:
    client.force_login(site.person)
    document = builders.methodology_tree(name="my-own", gates=json.loads(builders.methodology().canonical())["gates"])
    body = {"methodology": document, "reason": "we need one of our own"}
    response = client.post("/api/v1/methodologies", json.dumps(body), content_type="application/json")
    client.logout()
    digest = builders.methodology(name="my-own").sha256
    assert response.status_code == 201 and response.json()["digest"] == digest
    assert get(site.token, f"methodologies/{digest}").json()["methodology"]["name"] == "my-own"


@pytest.mark.parametrize(("old", "new"), [('"7"', "7.5"), ('"7"', "NaN"), ('"7"', "9007199254740992"), ('"name"', '"name": "twice", "name"')])
def test_a_document_outside_the_strict_profile_is_400(site: World, old: str, new: str) -> None:
    text = json.dumps({"methodology": builders.methodology_tree()}).replace(old, new, 1)
    response = client.post("/api/v1/methodologies", text, content_type="application/json", headers={"Authorization": f"Bearer {site.token}"})
    assert response.status_code == 400 and response.json()["errors"][0]["remedy"]


def test_a_methodology_with_utilisation_as_primary_metric_is_422_and_says_where(site: World) -> None:
    tree = builders.methodology_tree(primary_metric="gpu_util@1")
    client.force_login(site.person)
    response = client.post("/api/v1/methodologies", json.dumps({"methodology": tree}), content_type="application/json")
    client.logout()
    assert response.status_code == 422 and response.json()["code"] == "utilisation-as-primary"


def test_a_declaration_asked_for_again_under_one_key_is_the_same_one(site: World) -> None:
    body = {"methodology": builders.methodology().sha256}
    first, again = (post(site.token, "declarations", body, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert first.status_code == 201 and len(first.json()["nonce"]) == 64
    assert again.json() == first.json() and Declaration.objects.count() == 1


def test_a_run_under_an_unknown_methodology_cannot_be_declared(site: World) -> None:
    assert post(site.token, "declarations", {"methodology": "0" * 64}).status_code == 404
