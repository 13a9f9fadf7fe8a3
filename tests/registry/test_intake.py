"""An accepted bundle becomes one run with its files, rows and one event; the same bundle again gets the same receipt."""

from __future__ import annotations

from pathlib import Path

import pytest

from lynxweb.audit.full_audit import full_audit
from lynxweb.audit.models import Event
from lynxweb.audit.opening import log_settings
from lynxweb.registry import filing, intake, storage
from lynxweb.registry.models import Artifact, FindingRow, MetricRow, Run
from lynxweb.registry.reading import bundle_for, run_for, samples_for
from runner.contract.canonical import sha256
from runner.contract.receipts import verify
from tests.registry.world import World, bundle_of, upload

real_files_of = filing.files_of


def test_an_accepted_bundle_is_one_run_and_one_event(site: World) -> None:
    accepted = upload(site, bundle_of(site))
    run = Run.objects.get()
    submitted = Event.objects.on("run", accepted.run_digest)
    assert accepted.created and run.digest == accepted.run_digest
    assert [event.action for event in submitted] == ["run.submit"] and submitted[0].seq == run.position
    assert full_audit().clean


def test_the_receipt_is_signed_by_the_key_that_the_log_names(site: World) -> None:
    accepted = upload(site, bundle_of(site))
    receipt = verify(accepted.receipt, bytes.fromhex(log_settings().receipt_key))
    assert receipt.seq == Run.objects.get().position


def test_the_same_bundle_again_gives_the_same_receipt_and_no_second_event(site: World) -> None:
    first = upload(site, bundle_of(site))
    events = Event.objects.count()
    again = upload(site, bundle_of(site))
    assert (again.run_digest, again.receipt, again.created) == (first.run_digest, first.receipt, False)
    assert Event.objects.count() == events and Run.objects.count() == 1


def test_the_stored_run_gives_back_the_exact_bytes_that_were_uploaded(site: World) -> None:
    content = bundle_of(site)
    accepted = upload(site, content)
    assert bundle_for(site.actor, accepted.run_digest) == content


def test_nothing_waits_in_the_incoming_folder_afterwards(site: World, own_folders: Path) -> None:
    upload(site, bundle_of(site))
    assert list((own_folders / "incoming").iterdir()) == []


def test_files_are_named_by_their_digest(site: World) -> None:
    upload(site, bundle_of(site))
    for artifact in Artifact.objects.all():
        assert sha256(storage.fetch(artifact.sha256)) == artifact.sha256


def test_a_file_behind_two_runs_is_stored_once(site: World) -> None:
    upload(site, bundle_of(site))
    upload(site, bundle_of(site, notes="another run of the same samples"))
    assert Run.objects.count() == 2
    assert Artifact.objects.get(sha256=Run.objects.all()[0].samples_sha256).uses.count() == 2


def test_what_was_not_measured_has_no_row(site: World) -> None:
    accepted = upload(site, bundle_of(site))
    stated = {value.definition for point in run_for(site.actor, accepted.run_digest).run.operating_points for value in point.metrics}
    assert {row.definition for row in MetricRow.objects.all()} == stated


def test_findings_are_rows_with_their_checker(site: World) -> None:
    upload(site, bundle_of(site))
    assert [(row.code, row.checker) for row in FindingRow.objects.all()] == [("undeclared", "gates@2")]


def test_the_samples_can_be_read_back(site: World) -> None:
    accepted = upload(site, bundle_of(site))
    assert len(samples_for(site.actor, accepted.run_digest)) == 4500


def test_of_two_uploads_that_meet_the_second_takes_back_what_only_it_had_placed(
    site: World, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bundle_of(site)
    answers = iter([False])  # the second upload looks before the first has committed
    known = intake._known
    upload(site, content)
    stored = {path.name for path in (own_folders / "storage").rglob("*") if path.is_file()}
    monkeypatch.setattr(intake, "_known", lambda actor, digest: next(answers, None) is None and known(actor, digest))
    extra = {"doctor.json": b"{}"}
    monkeypatch.setattr(filing, "files_of", lambda bundle: {**real_files_of(bundle), **extra})
    assert upload(site, content).created is False
    assert {path.name for path in (own_folders / "storage").rglob("*") if path.is_file()} == stored
