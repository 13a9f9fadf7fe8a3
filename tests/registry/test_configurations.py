"""Runs on one configuration stand together, although the state in their executor documents gives each a document of its own."""

from __future__ import annotations

from lynxweb.registry.models import Document, Run
from lynxweb.registry.reading import executor_for, executors_for
from tests import builders
from tests.builders import seen
from tests.registry.world import World, bundle_of, upload, world


def measured(site: World, seed: int, steal_ppm: int, runtime: str = "onnxruntime") -> str:
    """The digest of the executor document of a run during which the hypervisor took this share of time."""
    what = builders.executor(sw__runtime__name=seen(runtime), env__cotenancy__cpu_steal_ppm=seen(steal_ppm))
    return Run.objects.get(digest=upload(site, bundle_of(site, seed, what=what)).run_digest).executor_id


def test_another_state_is_another_document_and_the_same_configuration(site: World) -> None:
    first, second = measured(site, 1, 0), measured(site, 2, 70)
    views = [executor_for(site.actor, digest) for digest in (first, second)]
    assert first != second and Document.objects.filter(sha256__in=[first, second]).count() == 2
    assert {view.fingerprint for view in views} == {views[0].fingerprint} and [view.versions for view in views] == [2, 2]
    assert [card.executor_digest for card in views[0].runs] == [card.executor_digest for card in views[1].runs] == [second, first]


def test_the_list_has_one_line_a_configuration_with_its_newest_document(site: World) -> None:
    measured(site, 1, 0), measured(site, 2, 70, "torch-eager")
    newest = [measured(site, 3, 90), measured(site, 4, 95, "torch-eager")][::-1]
    assert [line.digest for line in executors_for(site.actor)] == newest


def test_others_are_other_configurations(site: World) -> None:
    first, _, other = measured(site, 1, 0), measured(site, 2, 70), measured(site, 3, 80, "torch-eager")
    measured(site, 4, 85, "torch-eager")
    others = executor_for(site.actor, first).others
    assert [line.runtime for line in others] == ["torch-eager"] and others[0].digest != other


def test_a_newer_document_of_a_stranger_hides_nothing(site: World) -> None:
    mine, stranger = measured(site, 1, 0), world("b")
    theirs = measured(stranger, 2, 70)
    assert [line.digest for line in executors_for(site.actor)] == [mine]
    view = executor_for(site.actor, mine)
    assert view.versions == 1 and [card.executor_digest for card in view.runs] == [mine] and theirs != mine
