"""The log over the API: checkpoints to keep, events for whoever may see them, proofs for everybody who may read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lynxweb.audit import signing
from lynxweb.audit.models import Event
from lynxweb.review.log_proofs import verifier_key
from runner.contract import checkpoints, merkle, tlog_proof
from runner.contract.proofs import verify_consistency, verify_inclusion
from tests.api.calling import client, get, post_bundle, run_of
from tests.audit.conftest import signer
from tests.registry.world import World, bundle_of, world

__all__ = ["signer"]


@pytest.fixture
def site(signer: Path) -> World:
    return world()


@pytest.fixture
def run(site: World) -> str:
    """A run, and a checkpoint that covers it."""
    digest = run_of(site, bundle_of(site))
    signing.sign()
    return digest


def told(site: World, path: str) -> Any:
    answer = get(site.token, path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_newest_checkpoint_is_told_with_its_note_and_its_key(site: World, run: str) -> None:
    found = told(site, "log/checkpoints/newest")
    opened = checkpoints.open(found["note"].encode(), [verifier_key()])
    assert (opened.size, opened.root.hex(), opened.text_digest) == (found["size"], found["root"], found["text_sha256"])
    assert (found["log_size"], found["witness_level"], found["verifier_key"]) == (Event.objects.count(), "W0", str(verifier_key()))


def test_the_note_alone_is_text_that_can_be_kept_as_it_is(site: World, run: str) -> None:
    answer = get(site.token, "log/checkpoints/newest?format=note")
    assert answer["Content-Type"] == "text/plain; charset=utf-8" and answer["X-Content-Type-Options"] == "nosniff"
    assert checkpoints.open(answer.content, [verifier_key()]).size == Event.objects.count()


def test_before_the_first_checkpoint_there_is_none(site: World) -> None:
    assert get(site.token, "log/checkpoints/newest").status_code == 404
    assert get(site.token, "log/events/0/proof").status_code == 404


def test_events_are_listed_newest_first_by_cursor(site: World, run: str) -> None:
    first = told(site, "log/events?limit=2")
    rest = told(site, f"log/events?limit=200&after={first['next']}")
    positions = [one["position"] for one in [*first["results"], *rest["results"]]]
    assert positions == list(range(Event.objects.count()))[::-1] and rest["next"] is None


def test_a_foreign_event_has_a_position_and_a_leaf_digest_and_nothing_else(site: World, run: str) -> None:
    stranger = world("b")
    seq = Event.objects.get(action="run.submit").seq
    row = next(one for one in told(stranger, "log/events?limit=200")["results"] if one["position"] == seq)
    assert {name for name, value in row.items() if value is not None} == {"position", "leaf_digest", "visible"} and row["visible"] is False
    assert run not in get(stranger.token, "log/events?limit=200").content.decode()
    assert told(stranger, f"log/events?object_id={run}")["results"] == []
    for path in (f"log/events/{seq}", f"log/events/{seq}/leaf"):
        assert get(stranger.token, path).status_code == 404


def test_an_event_comes_with_leaf_proof_and_the_sites_own_check(site: World, run: str) -> None:
    seq = Event.objects.get(action="run.submit").seq
    found, leaf = told(site, f"log/events/{seq}"), get(site.token, f"log/events/{seq}/leaf").content
    assert found["leaf"].encode() == leaf == bytes(Event.objects.get(seq=seq).leaf)
    assert found["holds"] is True and len(found["checked"]) == 4
    proof = found["proof"]
    verify_inclusion(merkle.leaf_hash(leaf), seq, proof["size"], [bytes.fromhex(one) for one in proof["hashes"]], bytes.fromhex(proof["root"]))


def test_leaf_and_proof_can_be_checked_without_the_site(site: World, run: str) -> None:
    leaf, proof = (get(site.token, f"log/events/2/{part}").content for part in ("leaf", "proof"))
    assert tlog_proof.verify(proof, merkle.leaf_hash(leaf), [verifier_key()])[0] == 2


def test_anybody_who_reads_gets_proofs_of_any_position_because_they_hold_no_content(site: World, run: str) -> None:
    stranger = world("b")
    seq = Event.objects.get(action="run.submit").seq
    found = told(stranger, f"log/proofs/inclusion?seq={seq}&size={seq + 1}")
    assert set(found) == {"position", "size", "leaf_digest", "root", "hashes"} and (found["position"], found["size"]) == (seq, seq + 1)
    assert get(stranger.token, f"log/events/{seq}/proof").status_code == 200


def test_a_kept_size_is_shown_to_be_the_beginning_of_the_log(site: World, run: str) -> None:
    found = told(site, f"log/proofs/consistency?from=3&to={Event.objects.count()}")
    hashes = [bytes.fromhex(one) for one in found["hashes"]]
    verify_consistency(3, found["size"], hashes, bytes.fromhex(found["earlier_root"]), bytes.fromhex(found["root"]))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("log/proofs/consistency?from=3&to=99999", 422), ("log/proofs/consistency?from=5&to=3", 422), ("log/proofs/consistency?from=0&to=3", 400),
        ("log/proofs/consistency", 400), ("log/proofs/inclusion?seq=1&size=99999", 422), ("log/proofs/inclusion?seq=5&size=3", 422),
        ("log/proofs/inclusion?seq=x", 400), ("log/events?after=7", 422), ("log/events/99999", 404), ("log/events/99999/proof", 404),
        ("log/proofs/inclusion?seq=9007199254740992", 400), ("log/events/99999999999999999999", 404), ("receipts/nobody", 404),
        ("log/checkpoints/newest?format=xml", 400),
    ],
)  # fmt: skip
def test_what_the_log_never_had_is_told_with_its_status(site: World, run: str, path: str, status: int) -> None:
    answer = get(site.token, path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_a_receipt_can_be_had_again_by_its_request(site: World) -> None:
    first = post_bundle(site.token, bundle_of(site)).json()["receipt"]
    request_id = Event.objects.get(action="run.submit").request_id
    assert told(site, f"receipts/{request_id}") == first
    assert get(world("b").token, f"receipts/{request_id}").status_code == 404


@pytest.mark.parametrize("path", ["log/checkpoints/newest", "log/events/999", "log/events/0/proof", "packs", "receipts/x"])
def test_what_is_not_public_needs_a_login(db: None, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 401
