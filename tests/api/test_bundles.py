"""Uploading a bundle: accepted with a receipt, repeated with the same one, refused with the place and without a trace but one event."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lynxweb.accounts.key_changes import revoke_key
from lynxweb.accounts.roles import Scope
from lynxweb.accounts.tokens import issue_token
from lynxweb.audit.actions import Action
from lynxweb.audit.actors import SYSTEM
from lynxweb.audit.models import Event
from lynxweb.audit.record import utc_now
from lynxweb.registry.declaration import declare
from lynxweb.registry.models import Artifact, Declaration, Document, FindingRow, MetricRow, Run
from lynxweb.registry.publication import publish_methodology
from runner.contract import container
from runner.contract.canonical import encode, sha256
from runner.contract.keys import SigningKey
from tests import builders
from tests.api.calling import bearer, client, get, post_bundle, run_of
from tests.registry.world import BECAUSE, World, bundle_of

UNTOUCHED = (Run, Artifact, FindingRow, MetricRow)


def test_an_upload_answers_201_with_a_receipt(site: World) -> None:
    response = post_bundle(site.token, bundle_of(site))
    assert response.status_code == 201
    assert response.json()["receipt"]["payloadType"] == "application/vnd.lynxweb.receipt+json"
    assert response.json()["url"].endswith(f"/runs/{response.json()['run']}")


def test_a_repeated_upload_answers_200_with_the_same_receipt(site: World) -> None:
    first, again = (post_bundle(site.token, bundle_of(site)) for _ in range(2))
    assert again.status_code == 200
    assert again.json()["receipt"] == first.json()["receipt"]


def test_the_download_is_the_upload(site: World) -> None:
    content = bundle_of(site)
    response = get(site.token, f"runs/{run_of(site, content)}/bundle", Accept="application/octet-stream")
    assert response.content == content
    assert response["Content-Digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"
    assert response["Content-Disposition"].startswith("attachment")


def truncated(site: World) -> bytes:
    return bundle_of(site)[:-40]


def re_zipped(site: World) -> bytes:
    parts = container.read(io.BytesIO(bundle_of(site)))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def path_traversing(site: World) -> bytes:
    return container.write({"../../etc/passwd": b"root"} | container.read(io.BytesIO(bundle_of(site))))


def member_altered(site: World) -> bytes:
    parts = container.read(io.BytesIO(bundle_of(site)))
    return container.write(parts | {"samples.parquet": parts["samples.parquet"][:-1] + b"x"})


def wrong_signature(site: World) -> bytes:
    parts = container.read(io.BytesIO(bundle_of(site)))
    envelope = json.loads(parts["envelope.json"])
    signature = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
    signature[0] ^= 1
    envelope["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    return container.write(parts | {"envelope.json": encode(envelope)})


def unknown_key(site: World) -> bytes:
    return builders.sealed(builders.members(), key=SigningKey(b"k" * 32))


def unknown_nonce(site: World) -> bytes:
    return bundle_of(site, nonce="f" * 64)


def numbers_altered(site: World) -> bytes:
    return _edited("run.json", lambda run: run["operating_points"][0]["metrics"][0].update(value="1"), site)


def unpublished_methodology(site: World) -> bytes:
    return bundle_of(site, how=builders.methodology(name="never-published"))


def with_a_float(site: World) -> bytes:
    return _raw("run.json", b'"clock_cost_ns":50', b'"clock_cost_ns":50.5', site)


def with_nan(site: World) -> bytes:
    return _raw("run.json", b'"clock_cost_ns":50', b'"clock_cost_ns":NaN', site)


def with_a_duplicate_key(site: World) -> bytes:
    return _raw("run.json", b'"clock_cost_ns":50', b'"clock_cost_ns":50,"clock_cost_ns":50', site)


def with_2_to_the_53(site: World) -> bytes:
    return _raw("run.json", b'"clock_cost_ns":50', b'"clock_cost_ns":9007199254740992', site)


def utilisation_as_primary(site: World) -> bytes:
    parts = builders.members()
    tree = json.loads(parts["methodology.json"])
    tree["primary_metric"] = "gpu_util@1"
    tree["metrics"]["definitions"].append("gpu_util@1")
    return builders.sealed(parts | {"methodology.json": encode(tree)}, key=site.key)


def a_secret_in_a_note(site: World) -> bytes:
    return bundle_of(site, notes="lynxweb_0123456789abcdef." + "a" * 64)


def a_day_that_does_not_exist(site: World) -> bytes:
    return _raw("run.json", b'"started_at":"2026-01-05', b'"started_at":"2026-02-31', site)


def an_expired_nonce(site: World) -> bytes:
    nonce = declare(site.node_actor, builders.methodology().sha256, request_id="declare:x").nonce
    return bundle_of(site, nonce=nonce, started_at="2199-01-01T00:00:00.000000Z", ended_at="2199-01-01T00:01:00.000000Z")


def measured_before_declared(site: World) -> bytes:
    nonce = declare(site.node_actor, builders.methodology().sha256, request_id="declare:x").nonce
    return bundle_of(site, nonce=nonce, started_at="2001-01-01T00:00:00.000000Z", ended_at="2001-01-01T00:01:00.000000Z")


def not_parquet(site: World) -> bytes:
    return builders.sealed(builders.members() | {"samples.parquet": b"PAR1" * 10}, key=site.key)


def a_single_byte(site: World) -> bytes:
    return b"P"


def _edited(name: str, change: Callable[[dict[str, Any]], None], site: World) -> bytes:
    parts = builders.members()
    tree = json.loads(parts[name])
    change(tree)
    return builders.sealed(parts | {name: encode(tree)}, key=site.key)


def _raw(name: str, old: bytes, new: bytes, site: World) -> bytes:
    parts = builders.members()
    assert parts[name].count(old) == 1
    return builders.sealed(parts | {name: parts[name].replace(old, new)}, key=site.key)


BAD: tuple[tuple[Callable[[World], bytes], int, str], ...] = (
    (truncated, 422, "bundle."),
    (re_zipped, 422, "bundle."),
    (path_traversing, 422, "bundle.name"),
    (member_altered, 422, "bundle.samples.parquet"),
    (wrong_signature, 403, "signatures[0].sig"),
    (unknown_key, 403, "signatures[0].keyid"),
    (unknown_nonce, 403, "predicate.nonce"),
    (an_expired_nonce, 403, "run.json:started_at"),
    (measured_before_declared, 403, "run.json:started_at"),
    (a_day_that_does_not_exist, 422, "run.json:"),
    (numbers_altered, 422, "run.operating_points"),
    (unpublished_methodology, 422, "methodology_sha256"),
    (with_a_float, 422, "run.json"),
    (with_nan, 422, "run.json"),
    (with_a_duplicate_key, 422, "run.json"),
    (with_2_to_the_53, 422, "run.json"),
    (utilisation_as_primary, 422, "methodology"),
    (a_secret_in_a_note, 422, "run.json.notes"),
    (not_parquet, 422, "samples.parquet"),
    (a_single_byte, 422, "bundle."),
)


@pytest.mark.parametrize(("make", "status", "place"), BAD, ids=[case[0].__name__ for case in BAD])
def test_a_bad_bundle_is_refused_at_its_place_and_leaves_one_coded_event(
    site: World, own_folders: Path, make: Callable[[World], bytes], status: int, place: str
) -> None:
    content = make(site)
    documents = Document.objects.count()
    response = post_bundle(site.token, content)
    told = response.json()
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), told
    assert any(place in error["path"] for error in told["errors"]), told["errors"]
    assert all(error["remedy"] and error["expected"] for error in told["errors"])
    assert_nothing_but_one_event(own_folders, content, documents)


def assert_nothing_but_one_event(folder: Path, content: bytes, documents: int) -> None:
    assert [model.objects.count() for model in UNTOUCHED] == [0, 0, 0, 0] and Document.objects.count() == documents
    assert [path for path in folder.rglob("*") if path.is_file() and "keys" not in path.parts] == []
    event = Event.objects.filter(action=Action.BUNDLE_REJECT).get()
    leaf = json.loads(bytes(event.leaf))
    assert leaf["object"]["id"] == sha256(content) and leaf["basis"]["codes"]


def test_a_bad_bundle_sent_again_leaves_no_second_event(site: World) -> None:
    for _ in range(3):
        assert post_bundle(site.token, numbers_altered(site)).status_code == 422
    assert Event.objects.filter(action=Action.BUNDLE_REJECT).count() == 1


def test_the_wrong_digest_of_the_whole_is_refused_before_anything_is_parsed(site: World, own_folders: Path) -> None:
    response = post_bundle(site.token, bundle_of(site), digest=bytes(32))
    assert response.status_code == 422 and response.json()["errors"][0]["path"] == "Content-Digest"
    assert not any(path.is_file() for path in own_folders.rglob("*"))


def test_an_oversized_bundle_is_refused_by_its_stated_length(site: World, own_folders: Path) -> None:
    response = post_bundle(site.token, b"x", **{"Content-Length": str(container.LARGEST_BUNDLE_BYTES + 1)})
    assert response.status_code == 413
    assert Event.objects.filter(action=Action.BUNDLE_REJECT).count() == 1
    assert not any(path.is_file() for path in own_folders.rglob("*"))


def test_an_upload_without_its_digest_is_malformed(site: World) -> None:
    response = client.generic("POST", "/api/v1/bundles", b"x", content_type="application/vnd.lynxweb.bundle", headers=bearer(site.token))
    assert response.status_code == 400 and response.json()["code"] == "content-digest"


def test_another_media_type_is_415(site: World) -> None:
    assert post_bundle(site.token, b"x", media_type="application/zip").status_code == 415


def test_nobody_uploads_without_a_token_and_no_event_is_left(site: World) -> None:
    events = Event.objects.count()
    response = post_bundle("nonsense", bundle_of(site))
    assert response.status_code == 401 and response.json()["code"] == "not-authenticated"
    assert Event.objects.count() == events


def test_a_replayed_nonce_is_a_conflict(site: World) -> None:
    nonce = declare(site.node_actor, builders.methodology().sha256, request_id="declare:1").nonce
    started, ended = (moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in (utc_now(), utc_now() + timedelta(minutes=1)))
    times = {"started_at": started, "ended_at": ended}
    assert post_bundle(site.token, bundle_of(site, nonce=nonce, **times)).status_code == 201
    response = post_bundle(site.token, bundle_of(site, nonce=nonce, notes="the better of two", **times))
    assert response.status_code == 409 and response.json()["code"] == "replayed-nonce"
    assert Run.objects.count() == 1 and Declaration.objects.get().state == "used"


def test_a_nonce_of_another_methodology_is_refused(site: World) -> None:
    other = builders.methodology(name="another")
    publish_methodology(SYSTEM, other.canonical(), reason=BECAUSE)
    nonce = declare(site.node_actor, other.sha256, request_id="declare:1").nonce
    response = post_bundle(site.token, bundle_of(site, nonce=nonce))
    assert response.status_code == 403 and response.json()["code"] == "wrong-nonce"


def test_a_revoked_key_signs_nothing_any_more(site: World) -> None:
    revoke_key(site.actor, site.key.key_id, reason=BECAUSE, request_id="revoke:1")
    response = post_bundle(site.token, bundle_of(site))
    assert response.status_code == 403 and response.json()["code"] == "revoked-key"


def test_a_token_that_only_reads_may_not_upload(site: World) -> None:
    token = issue_token(site.actor, scope=Scope.READ, owner=site.person, reason=BECAUSE, request_id="token:1").text
    response = post_bundle(token, bundle_of(site))
    assert response.status_code == 403 and response.json()["code"] == "permission-denied"


def test_a_node_that_fills_the_log_with_rejections_is_told_to_wait(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lynxweb.registry.refusing.MOST_REJECTIONS", 3)
    for number in range(3):
        assert post_bundle(site.token, b"x" * (number + 1)).status_code == 422
    response = post_bundle(site.token, bundle_of(site))
    assert response.status_code == 429 and response["Retry-After"] == "3600"
    assert Event.objects.filter(action=Action.BUNDLE_REJECT).count() == 3
