"""The committed OpenAPI description is the one that the code gives, and its page works under the content policy."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.calling import get, run_of
from tests.registry.world import World, bundle_of

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
REMEDY = "run manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"


def test_the_committed_description_is_current() -> None:
    found = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=found)
    assert found.getvalue().strip() == COMMITTED.read_text("utf-8").strip(), REMEDY


def test_every_endpoint_has_a_summary_and_documents_its_problems() -> None:
    import yaml

    described: dict[str, Any] = yaml.safe_load(COMMITTED.read_text("utf-8"))
    operations = [one for path, methods in described["paths"].items() if path != "/api/v1/schema" for one in methods.values()]
    assert len(operations) >= 14
    for operation in operations:
        assert operation["summary"] and {"400", "401", "403"} <= operation["responses"].keys(), operation["operationId"]


def operations() -> list[dict[str, Any]]:
    """Every operation of the committed description."""
    import yaml

    described: dict[str, Any] = yaml.safe_load(COMMITTED.read_text("utf-8"))
    return [one for methods in described["paths"].values() for one in methods.values()]


def test_whatever_reads_a_body_says_that_it_may_be_too_large_or_of_another_type() -> None:
    reading = [one for one in operations() if "requestBody" in one]
    assert len(reading) >= 35 and [one["operationId"] for one in reading if not {"413", "415"} <= one["responses"].keys()] == []


def test_every_act_says_that_it_may_be_a_repetition_break_a_rule_or_meet_a_log_that_takes_no_events() -> None:
    acts = [one for one in operations() if any(given["name"] == "Idempotency-Key" for given in one.get("parameters", ()))]
    assert len(acts) >= 30 and [one["operationId"] for one in acts if not {"409", "422", "503"} <= one["responses"].keys()] == []


def test_a_body_whose_unknown_fields_are_errors_is_described_as_closed() -> None:
    import yaml

    described: dict[str, Any] = yaml.safe_load(COMMITTED.read_text("utf-8"))
    assert described["components"]["schemas"]["Compare"]["additionalProperties"] is False


@pytest.mark.parametrize("path", ["nodes", "tokens"])
def test_an_end_without_a_reason_is_answered_as_described(site: World, client: Client, path: str) -> None:
    client.force_login(site.person)
    name = {"nodes": f"nodes/{site.node.id}/retirements", "tokens": f"tokens/{site.token.partition('_')[2].partition('.')[0]}/revocations"}[path]
    answer = client.post(f"/api/v1/{name}", {}, content_type="application/json")
    described = [one["responses"] for one in operations() if one["operationId"] == f"{path}_{name.rpartition('/')[2]}_create"]
    assert answer.status_code == 422 and "422" in described[0]


def test_a_bundle_is_sent_under_the_media_type_that_is_described(site: World) -> None:
    answer = get(site.token, f"runs/{run_of(site, bundle_of(site))}/bundle")
    described = next(one["responses"]["200"]["content"] for one in operations() if one["operationId"] == "runs_bundle_retrieve")
    assert [answer["Content-Type"]] == list(described)


@pytest.mark.parametrize("address", ["/api/v1/nothing", "/api/v1/runs/abc", "/api/v1/log/events/-1/leaf", "/api/v1/", "/api/v1/runs/"])
def test_an_address_that_the_api_does_not_have_is_answered_with_a_problem(site: World, client: Client, address: str) -> None:
    assert client.get(address).status_code == 401
    client.force_login(site.person)
    for answer in (client.get(address), client.post(address, {}, content_type="application/json")):
        assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (404, "application/problem+json", "not-found")


def test_the_page_has_no_inline_script_and_the_strict_policy(site: World, client: Client) -> None:
    client.force_login(site.person)
    page = client.get("/api/v1/docs")
    assert page.status_code == 200 and b"swagger-ui" in page.content
    assert b"<script>" not in page.content.replace(b"\n", b"") and "unsafe-inline" not in page["Content-Security-Policy"]
    assert client.get("/api/v1/docs?script=").status_code == 200
    assert client.get("/api/v1/schema").status_code == 200
