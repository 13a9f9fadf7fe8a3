"""A run's standing changes in one place: one step of its revision, one grade that follows, snapshots before and after."""

from __future__ import annotations

import json

import pytest

from lynxweb.accounts.actors import actor_of
from lynxweb.audit.actions import Action
from lynxweb.audit.leaf import leaf_fields
from lynxweb.audit.models import Event, LogDocument
from lynxweb.registry import gathering, standing
from lynxweb.registry.models import Run
from tests.registry.world import World, bundle_of, changed, upload


@pytest.fixture
def run(site: World) -> str:
    """The digest of an accepted run."""
    return upload(site, bundle_of(site)).run_digest


def _document(digest: str) -> dict[str, object]:
    found = json.loads(bytes(LogDocument.objects.get(digest=digest).content))
    assert isinstance(found, dict)
    return found


def test_a_submission_keeps_the_run_and_every_row_beside_it(run: str) -> None:
    kept = _document(leaf_fields(Event.objects.on("run", run).get().leaf)["after"])
    one = Run.objects.get(digest=run)
    assert kept["run"]["digest"] == run and kept["run"]["rev"] == one.rev == 1
    counts = {name: len(rows) for name, rows in kept.items() if name != "run"}
    assert counts["metrics"] == one.metrics.count() and counts["keys"] == one.keys.count() and counts["artifacts"] == one.artifacts.count()
    assert counts["findings"] == one.findings.count() and counts["executors"] == 1 and counts["documents"] == 5


def test_a_change_steps_the_revision_and_follows_the_snapshot_before(run: str) -> None:
    submitted = leaf_fields(Event.objects.on("run", run).get().leaf)["after"]
    made = changed(run, Action.RUN_WITHDRAW, state="withdrawn")
    assert (made.before, made.rev) == (submitted, 2) == (submitted, Run.objects.get(digest=run).rev)
    assert _document(made.after)["run"]["state"] == "withdrawn"
    assert changed(run, Action.RUN_DISCLOSE, visibility="private").before == made.after


@pytest.mark.parametrize(("columns", "grade"), [({"reviewed": True}, "validated"), ({"validity": "invalid"}, "claimed"), ({}, "measured")])
def test_the_grade_follows_by_itself(run: str, columns: dict[str, object], grade: str) -> None:
    changed(run, Action.RUN_CHECK, **columns)
    assert Run.objects.get(digest=run).grade == grade


@pytest.mark.parametrize("column", ["grade", "rev", "digest", "label", "nonsense"])
def test_nothing_but_a_standing_can_be_changed(run: str, column: str) -> None:
    with pytest.raises(TypeError, match=column):
        standing.change(Run.objects.get(digest=run), **{column: "x"})


def test_whoever_enrolled_a_node_counts_as_uploader_of_what_it_sent(site: World, run: str) -> None:
    assert standing.uploaders(Run.objects.get(digest=run)) == {site.node.id, site.actor.id}


def test_who_uploads_by_hand_is_the_uploader(site: World) -> None:
    person = actor_of(site.person)
    digest = upload(site, bundle_of(site, 4), actor=person).run_digest
    assert standing.uploaders(Run.objects.get(digest=digest)) == {person.id}


def test_a_run_that_outsiders_may_see_names_its_node_by_pseudonym(site: World) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    assert gathering.card(Run.objects.get(digest=digest)).node_name == site.node.name
    changed(digest, Action.RUN_DISCLOSE, visibility="public")
    assert gathering.card(Run.objects.get(digest=digest)).node_name == site.node.id[:17]
