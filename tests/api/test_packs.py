"""Packs over the API: taken once, read and downloaded by their own organisation alone."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from lynxweb.audit import signing
from lynxweb.audit.models import Event
from lynxweb.review.models.packs import Pack
from lynxweb.review.readers_pages import trust_policy
from runner import verify
from tests.api.calling import run_of
from tests.audit.conftest import signer
from tests.registry.world import World, bundle_of, world

__all__ = ["signer"]


@pytest.fixture
def site(signer: Path) -> World:
    return world()


@pytest.fixture
def run(site: World) -> str:
    return run_of(site, bundle_of(site))


def signed_in(site: World) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(site.person, backend="lynxweb.accounts.passwords.EmailOrName")
    return browser


def taken(site: World, *runs: str, key: str = "one", **more: Any) -> Any:
    body = {"runs": list(runs), "reason": "the committee meets on Friday", **more}
    return signed_in(site).post("/api/v1/packs", body, content_type="application/json", headers={"Idempotency-Key": key})


def test_a_pack_is_taken_waits_for_its_checkpoint_and_then_passes_the_verifier(site: World, run: str) -> None:
    made = taken(site, run)
    assert made.status_code == 201, made.content
    pack, browser = made.json(), signed_in(site)
    waiting = browser.get(f"/api/v1/packs/{pack['id']}/file")
    assert (pack["state"], waiting.status_code, waiting.json()["code"], waiting["Retry-After"]) == ("waiting", 503, "not-sealed", "2")
    size = signing.sign().size
    sealed = browser.get(f"/api/v1/packs/{pack['id']}").json()
    assert (sealed["state"], sealed["checkpoint_size"], [one["digest"] for one in sealed["runs"]]) == ("sealed", size, [run])
    answer = browser.get(f"/api/v1/packs/{pack['id']}/file")
    assert answer["Content-Type"] == "application/zip" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="{pack["id"]}.zip"'
    assert verify.verify(answer.content, trust_policy())["accepted"] is True


def test_the_files_that_are_told_are_those_in_the_pack(site: World, run: str) -> None:
    pack = taken(site, run).json()
    signing.sign()
    content = signed_in(site).get(f"/api/v1/packs/{pack['id']}/file").content
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        sizes = {entry.filename: entry.file_size for entry in container.infolist()}
    assert {one["name"]: one["size"] for one in pack["files"]}.items() <= sizes.items()


def test_the_same_request_again_takes_no_second_pack(site: World, run: str) -> None:
    first, again, other = taken(site, run), taken(site, run), taken(site, run, key="two")
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert Pack.objects.count() == Event.objects.filter(action="pack.export").count() == 2


def test_a_pack_without_samples_says_what_it_leaves_out(site: World, run: str) -> None:
    pack = taken(site, run, with_samples=False).json()
    assert pack["with_samples"] is False and "samples.parquet" in {one["what"] for one in pack["omitted"]}


def test_a_kept_size_is_one_from_which_the_pack_proves_growth(site: World, run: str) -> None:
    assert taken(site, run, held=[3]).json()["earlier"] == [3]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"runs": []}, 422),
        ({"runs": ["0" * 64]}, 404),
        ({"runs": ["x"]}, 400),
        ({"decision": "0" * 64}, 404),
        ({"held": [0]}, 400),
        ({"run": "x"}, 400),
    ],
)
def test_a_pack_of_nothing_or_of_what_one_does_not_see_is_refused(site: World, run: str, body: dict[str, Any], status: int) -> None:
    assert taken(site, key="bad", **{"runs": [run], **body} if "held" in body else body).status_code == status
    assert Pack.objects.count() == 0


def test_a_pack_of_others_is_not_found(site: World, run: str) -> None:
    pack, stranger = taken(site, run).json(), world("b")
    signing.sign()
    browser = signed_in(stranger)
    for path in (f"packs/{pack['id']}", f"packs/{pack['id']}/file", "packs/pack_00000000000000000000"):
        assert browser.get(f"/api/v1/{path}").status_code == 404
    assert browser.get("/api/v1/packs").json() == {"results": []}
    assert taken(stranger, run).status_code == 404


def test_the_list_holds_what_the_organisation_took(site: World, run: str) -> None:
    pack = taken(site, run).json()
    listed = signed_in(site).get("/api/v1/packs").json()["results"]
    assert [(one["id"], one["reason"], one["exported_by"]) for one in listed] == [(pack["id"], "the committee meets on Friday", site.actor.id)]


def test_a_token_takes_no_pack_because_its_scope_does_not_reach(site: World, run: str) -> None:
    answer = Client().post("/api/v1/packs", json.dumps({"runs": [run]}), "application/json", headers={"Authorization": f"Bearer {site.token}"})
    assert answer.status_code == 403
