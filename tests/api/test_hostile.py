"""What a hostile client tries at the API, and the answer that it gets."""

from __future__ import annotations

import errno
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from lynxweb.accounts.roles import Scope
from lynxweb.accounts.tokens import issue_token
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now
from lynxweb.registry import intake
from lynxweb.registry.comparing import comparison_for
from lynxweb.registry.declaration import declare
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import FindingRow, Run
from lynxweb.registry.reading import run_for
from lynxweb.registry.receiving import out_of_room
from lynxweb.registry.rechecking import check_again
from lynxweb.registry.refusing import Refused
from runner.contract import container
from runner.contract.canonical import decode, encode
from runner.contract.methodology import Methodology
from tests import builders
from tests.api.calling import post, post_bundle
from tests.registry.world import BECAUSE, World, bundle_of, upload, world

NO_NAMES = ("\x00", "x", "A" * 64, "a" * 64 + "\n", "a" * 63 + "\x00", "")


def people_token(site: World) -> str:
    return issue_token(site.actor, scope=Scope.UPLOAD, owner=site.person, reason=BECAUSE, request_id="token:person").text


def reason_of(action: str) -> str:
    leaf = decode(bytes(Event.objects.filter(action=action).get().leaf))
    assert isinstance(leaf, dict)
    return str(leaf["reason"])


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_digest_names_nothing(site: World, text: str) -> None:
    for ask in (run_for, comparison_for):
        with pytest.raises(NotFound):
            ask(site.actor, text)
    with pytest.raises(NotFound):
        declare(site.node_actor, text, request_id="declare:1")


def test_a_nul_in_the_address_of_a_comparison_is_no_failure(site: World, client: Client) -> None:
    client.force_login(site.person)
    assert client.get("/compare?a=%00&b=x").status_code == 404


def test_a_person_uploads_and_the_event_says_how(site: World) -> None:
    assert post_bundle(people_token(site), bundle_of(site)).status_code == 201
    assert reason_of("run.submit") == "uploaded with a signed bundle"


def test_a_refused_person_is_told_the_true_reason_and_leaves_a_coded_event(site: World) -> None:
    response = post_bundle(people_token(site), b"P")
    assert response.status_code == 422 and "reason" not in {error["path"] for error in response.json()["errors"]}
    assert reason_of("bundle.reject") == "refused by intake"


def test_a_person_declares_for_a_node(site: World) -> None:
    body = {"methodology": builders.methodology().sha256, "node": site.node.id}
    assert post(people_token(site), "declarations", body).status_code == 201
    assert reason_of("run.declare") == "declared over the API"


def test_an_upload_that_the_disk_has_no_room_for_is_503_before_it_is_read(site: World, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lynxweb.registry.receiving.FREE_FLOOR_BYTES", 1 << 60)
    events = Event.objects.count()
    response = post_bundle(site.token, bundle_of(site))
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "storage-full", "3600")
    assert Event.objects.count() == events and not any((own_folders / "incoming").iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_disk_that_fills_while_an_upload_arrives_is_503(site: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w+b", buffering=0) as full:
        monkeypatch.setattr("lynxweb.registry.storage.new_upload", lambda: (tmp_path / "x.part", full))
        response = post_bundle(site.token, bundle_of(site))
    assert (response.status_code, response.json()["code"]) == (503, "storage-full")
    assert Run.objects.count() == 0


def test_a_full_quota_and_a_full_database_are_told_from_other_failures() -> None:
    assert out_of_room(OSError(errno.EDQUOT, "quota")) and out_of_room(OperationalError("database or disk is full"))
    assert not out_of_room(OSError(errno.EIO, "io")) and not out_of_room(OperationalError("database is locked"))


@pytest.mark.parametrize("ahead", ("started_at", "ended_at"))
def test_a_time_to_come_is_refused_without_a_declaration_too(site: World, ahead: str) -> None:
    now = utc_now()
    begin = now + timedelta(minutes=3) if ahead == "started_at" else now - timedelta(minutes=5)
    times = {"started_at": begin, "ended_at": now + timedelta(minutes=4)}
    stated: dict[str, Any] = {name: f"{time:%Y-%m-%dT%H:%M:%S.%fZ}" for name, time in times.items()}
    response = post_bundle(site.token, bundle_of(site, **stated))
    told = [(error["path"], error["code"]) for error in response.json()["errors"]]
    assert (response.status_code, told) == (403, [(f"run.json:{ahead}", "time-to-come")])
    assert Run.objects.count() == 0


def test_samples_of_another_run_make_a_run_invalid_even_across_organisations_and_recheckings(site: World) -> None:
    first, other = upload(site, bundle_of(site)), world("b")
    again = upload(other, bundle_of(other))
    assert not FindingRow.objects.filter(run_id=first.run_digest, code="samples-reused").exists()
    check_again(again.run_digest)
    run = Run.objects.get(digest=again.run_digest)
    found = FindingRow.objects.get(run=run, code="samples-reused", checking=run.checking)
    assert run.validity == "invalid" and first.run_digest[:12] not in found.seen


def test_a_known_payload_in_a_broken_envelope_gets_no_receipt(site: World) -> None:
    content = bundle_of(site)
    upload(site, content)
    parts = container.read(io.BytesIO(content))
    envelope = decode(parts["envelope.json"])
    assert isinstance(envelope, dict)
    signature = envelope["signatures"][0]
    signature["sig"] = ("B" if signature["sig"][0] == "A" else "A") + signature["sig"][1:]
    response = post_bundle(site.token, container.write(parts | {"envelope.json": encode(envelope)}))
    assert response.status_code == 403 and response.json()["code"] == "wrong-signature"


def test_uploads_that_break_off_fill_neither_the_quota_nor_the_log(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lynxweb.registry.refusing.MOST_REJECTIONS", 3)
    for number in range(6):
        with pytest.raises(Refused, match="bytes arrived"):
            upload(site, b"x" * (number + 1), declared_length=100)
    assert Event.objects.filter(action="bundle.reject").count() == 3
    assert post_bundle(site.token, bundle_of(site)).status_code == 201


@pytest.mark.parametrize("page", ("schema", "docs"))
def test_the_description_is_for_those_who_may_come_in(site: World, client: Client, page: str) -> None:
    assert client.get(f"/api/v1/{page}").status_code in (401, 403)


def test_whatever_a_model_refuses_is_a_coded_refusal(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "check", lambda bundle: Methodology.model_validate({}))
    response = post_bundle(site.token, bundle_of(site))
    assert response.status_code == 422 and {error["code"] for error in response.json()["errors"]} == {"invalid-document"}
    assert Event.objects.filter(action="bundle.reject").count() == 1
