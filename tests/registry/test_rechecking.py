"""A stored run can be checked again from its stored bytes; damage is told, a changed judgement becomes rows and an event."""

from __future__ import annotations

from pathlib import Path

import pytest

from lynxweb.audit.models import Event
from lynxweb.registry import rechecking, storage
from lynxweb.registry.models import FindingRow, Run
from lynxweb.registry.reading import run_for
from lynxweb.registry.tasks import recheck
from runner.contract.findings import Finding
from runner.contract.problems import Problems
from tests.registry.world import World, bundle_of, upload


def test_an_unchanged_run_leaves_no_row_and_no_event(site: World) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    events = Event.objects.count()
    assert recheck(digest) is False
    assert Event.objects.count() == events and FindingRow.objects.count() == 1


def test_a_stricter_checker_adds_rows_an_event_and_a_standing(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    stricter = Finding("run-unfinished", "run.exit_reason", "failed")
    before = rechecking.check
    monkeypatch.setattr(rechecking, "check", lambda bundle: type(before(bundle))(bundle, before(bundle).evidence, (stricter,)))
    monkeypatch.setattr(rechecking, "CHECKER", "gates@3")
    assert recheck(digest) is True
    view = run_for(site.actor, digest)
    assert [finding.code for finding in view.findings] == ["run-unfinished"] and view.card.validity == "invalid" and view.card.grade == "claimed"
    assert [event.action for event in Event.objects.on("run", digest)] == ["run.submit", "run.check"]
    assert [(row.checker, row.checking) for row in FindingRow.objects.order_by("id")] == [("gates@2", 0), ("gates@3", 1)]


def test_checking_twice_with_the_stricter_checker_changes_nothing_more(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    before = rechecking.check
    monkeypatch.setattr(rechecking, "check", lambda bundle: type(before(bundle))(bundle, before(bundle).evidence, ()))
    assert [recheck(digest), recheck(digest)] == [True, False]
    assert rechecking.findings_of(Run.objects.get()) == ()


@pytest.mark.parametrize("damage", (b"", b"PAR1 something else"))
def test_a_damaged_file_is_found(site: World, own_folders: Path, damage: bytes) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    (own_folders / "storage" / storage.name_of(Run.objects.get().samples_sha256)).write_bytes(damage)
    with pytest.raises(Problems):
        recheck(digest)
