"""The committed OpenAPI description is the one that the code gives, and its page works under the content policy."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.test import Client

from tests.registry.world import World

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


def test_the_page_has_no_inline_script_and_the_strict_policy(site: World, client: Client) -> None:
    client.force_login(site.person)
    page = client.get("/api/v1/docs")
    assert page.status_code == 200 and b"swagger-ui" in page.content
    assert b"<script>" not in page.content.replace(b"\n", b"") and "unsafe-inline" not in page["Content-Security-Policy"]
    assert client.get("/api/v1/docs?script=").status_code == 200
    assert client.get("/api/v1/schema").status_code == 200
