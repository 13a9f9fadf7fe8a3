"""A validated run is shown as reproduced as long as an independent, published run repeats it, and no longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lynxweb.audit.actions import Action
from lynxweb.registry.models import Run
from lynxweb.registry.reading import run_for, runs_for
from lynxweb.registry.reproducing import reproductions_of
from tests import builders
from tests.registry.world import World, bundle_of, changed, upload, world

PUBLISHED = {"stage": "published", "visibility": "public"}


@dataclass(frozen=True)
class Pair:
    """A validated run of one organisation, and a run of another that could repeat it."""

    site: World
    run: str
    other: str

    @property
    def shown(self) -> str:
        """The grade under which the run's own organisation sees it."""
        grade = run_for(self.site.actor, self.run).card.grade
        assert grade == next(card.grade for card in runs_for(self.site.actor).runs if card.digest == self.run)
        return grade


def _other(site: World, **changes: Any) -> str:
    return upload(site, bundle_of(site, 2, instance="9" * 64, **changes)).run_digest


@pytest.fixture
def pair(site: World) -> Pair:
    """Both reviewed and published."""
    run, other = upload(site, bundle_of(site, 1)).run_digest, _other(world("b"))
    for one in (run, other):
        changed(one, Action.RUN_PUBLISH, reviewed=True, **PUBLISHED)
    return Pair(site, run, other)


def test_an_independent_published_run_lifts_the_shown_grade_and_not_the_stored_one(pair: Pair) -> None:
    assert pair.shown == "reproduced" and Run.objects.get(digest=pair.run).grade == "validated"
    assert run_for(pair.site.actor, pair.run).why_not_higher == ""


@pytest.mark.parametrize(
    "columns",
    [{"state": "withdrawn"}, {"state": "superseded"}, {"validity": "invalid"}, {"stage": "reviewed"}, {"visibility": "organisation"}],
    ids=lambda columns: next(iter(columns.values())),
)
def test_a_repetition_that_no_longer_stands_counts_no_longer(pair: Pair, columns: dict[str, str]) -> None:
    changed(pair.other, Action.RUN_CHECK, **columns)
    assert pair.shown == "validated"


def test_an_unreviewed_run_is_not_reproduced(pair: Pair) -> None:
    changed(pair.run, Action.REVIEW_CLOSE, reviewed=False)
    assert pair.shown == "measured" and reproductions_of(Run.objects.filter(digest=pair.run)) == {pair.run}


def test_a_withdrawn_run_is_not_reproduced(pair: Pair) -> None:
    changed(pair.run, Action.RUN_WITHDRAW, state="withdrawn")
    assert pair.shown == "validated"


def test_another_run_of_the_same_organisation_or_far_from_the_number_repeats_nothing(site: World) -> None:
    run, own = upload(site, bundle_of(site, 1)).run_digest, _other(site)
    far = _other(world("b"), table=builders.samples(seed=3, scale_ppm=1_200_000))
    for one in (run, own, far):
        changed(one, Action.RUN_PUBLISH, reviewed=True, **PUBLISHED)
    assert Pair(site, run, far).shown == "validated"
