"""Packs: what one export binds can be built again byte for byte, and a stranger's verifier passes it, and refuses every altered copy."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lynxweb.audit import signing
from lynxweb.audit.actors import Reason
from lynxweb.audit.models import Event
from lynxweb.registry.declaration import declare
from lynxweb.registry.missing import NotFound
from lynxweb.registry.models import Run
from lynxweb.review import sealing
from lynxweb.review.exporting import LARGEST_FILES_BYTES, MOST_HELD, Wanted, bytes_of_files, export_pack, room_problems
from lynxweb.review.models.packs import Pack
from runner.contract.problems import Problems
from tests.audit.conftest import signer
from tests.registry.world import BECAUSE, World, bundle_of, upload, world

__all__ = ["signer"]


@pytest.fixture
def site(signer: Path) -> World:
    """A site whose signer has a folder of this test's own."""
    return world()


@pytest.fixture
def run(site: World) -> str:
    return upload(site, bundle_of(site)).run_digest


def exported(site: World, *runs: str, **changes: Any) -> Pack:
    return export_pack(site.actor, Wanted(runs=runs, **changes), reason=BECAUSE, request_id=f"pack:{Event.objects.count()}")


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        return {name: container.read(name) for name in container.namelist()}


def test_a_pack_waits_for_a_checkpoint_and_passes_its_own_verifier(site: World, run: str) -> None:
    pack = exported(site, run)
    with pytest.raises(sealing.NotYetSealed):
        sealing.sealed(site.actor, pack.id)
    signing.sign()
    report = sealing.verified(site.actor, pack.id)
    assert [(check["number"], check["said"]) for check in report["checks"] if check["outcome"] == "FAIL"] == []
    assert report["accepted"] is True


def test_the_same_export_gives_the_same_bytes_whatever_happens_later(site: World, run: str) -> None:
    pack = exported(site, run)
    signing.sign()
    first = sealing.sealed(site.actor, pack.id).content
    upload(site, bundle_of(site, seed=2))
    signing.sign()
    assert sealing.sealed(site.actor, pack.id).content == first


def test_a_later_pack_proves_that_it_grew_from_the_earlier_ones_checkpoint(site: World, run: str) -> None:
    exported(site, run)
    size = signing.sign().size
    later = exported(site, run)
    signing.sign()
    assert any(name.startswith(f"consistency/{size}-") for name in members(sealing.sealed(site.actor, later.id).content))


def test_a_pack_holds_the_bundle_its_samples_and_the_whole_history_of_the_run(site: World, run: str) -> None:
    pack = exported(site, run)
    signing.sign()
    files = members(sealing.sealed(site.actor, pack.id).content)
    heads = {(head["type"], head["id"]): head for head in json.loads(files["heads.json"])["heads"]}
    assert heads["run", run]["rev"] == Event.objects.on("run", run).count()
    assert {f"events/{event.seq:012d}.json" for event in Event.objects.on("run", run)} <= files.keys()
    assert any(name.startswith("bundles/") for name in files) and any(name.startswith("payload/") for name in files)


def test_samples_that_are_left_out_are_listed_with_the_reason(site: World, run: str) -> None:
    pack = exported(site, run, with_samples=False)
    signing.sign()
    files = members(sealing.sealed(site.actor, pack.id).content)
    left_out = json.loads(files["omitted.json"])["omitted"]
    assert any(entry["what"] == "samples.parquet" and "keep it small" in entry["reason"] for entry in left_out)
    assert not any(name.startswith("payload/") for name in files)
    assert sealing.verified(site.actor, pack.id)["accepted"] is True


def test_declarations_that_no_run_answered_come_along_and_the_verifier_takes_them(site: World, run: str) -> None:
    methodology = Run.objects.get(digest=run).methodology_id
    left = [declare(site.node_actor, methodology, request_id=f"declare:{number}").nonce for number in range(3)]
    pack = exported(site, run)
    signing.sign()
    heads = json.loads(members(sealing.sealed(site.actor, pack.id).content)["heads.json"])["heads"]
    assert set(left) <= {head["id"] for head in heads if head["type"] == "declaration"}
    assert sealing.verified(site.actor, pack.id)["accepted"] is True


def test_an_export_is_one_event_that_binds_the_contents(site: World, run: str) -> None:
    before = Event.objects.count()
    pack = exported(site, run)
    event = Event.objects.get(seq=pack.position)
    assert Event.objects.count() == before + 1
    assert (event.action, event.object_type, event.object_id) == ("pack.export", "pack", pack.id)


def test_a_run_of_others_cannot_be_exported_and_a_pack_of_others_cannot_be_seen(site: World, run: str) -> None:
    other = world("b")
    with pytest.raises(NotFound):
        exported(other, run)
    with pytest.raises(NotFound):
        sealing.sealed(other.actor, exported(site, run).id)


def test_a_pack_of_nothing_is_refused(site: World) -> None:
    with pytest.raises(Problems):
        exported(site)


def test_a_pack_needs_a_reason(site: World, run: str) -> None:
    with pytest.raises(Problems):
        export_pack(site.actor, Wanted(runs=(run,)), reason=Reason(), request_id="pack:none")


def test_a_pack_that_nobody_could_carry_is_refused_before_anything_is_read(site: World, run: str) -> None:
    assert not list(room_problems(LARGEST_FILES_BYTES))
    assert [problem.code for problem in room_problems(LARGEST_FILES_BYTES + 1)] == ["pack-size"]
    assert 0 < bytes_of_files([Run.objects.get(digest=run)]) < LARGEST_FILES_BYTES


def test_a_reader_holds_no_more_checkpoints_than_a_pack_can_prove(site: World, run: str) -> None:
    with pytest.raises(Problems) as refused:
        exported(site, run, held=tuple(range(1, MOST_HELD + 2)))
    assert refused.value.codes == ("pack-size",) and not Pack.objects.exists()
