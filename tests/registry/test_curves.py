"""Curves are exact where a number is stated, remembered once computed, and shown to nobody who may not see the run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lynxweb.registry import curves, storage
from lynxweb.registry.curves import MOST_POINTS, MOST_POINTS_OF_RUN, SHOWN_PERMILLES, curve_of
from lynxweb.registry.models import Run
from lynxweb.registry.reading import NotFound, curves_for, samples_for
from runner.contract.recompute import rows_of
from runner.contract.run import Run as RunDocument
from runner.contract.statistics import rank
from tests import builders
from tests.registry.world import World, bundle_of, upload, world


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """A process that has drawn nothing yet."""
    curves.curves_of.cache_clear()
    yield
    curves.curves_of.cache_clear()


def ordered(n: int, seed: int = 1) -> np.ndarray:
    """Sorted latencies around 6 ms."""
    return np.sort(np.random.default_rng(seed).integers(5_000_000, 7_000_000, n))


@pytest.mark.parametrize("n", [1, 700, 5_000, 400_000])
def test_a_curve_holds_the_ends_and_every_stated_percentile_exactly(n: int) -> None:
    every = ordered(n)
    for curve in (curve_of(every), curve_of(every).thinned(600), curve_of(every, 1_200).thinned(600)):
        at = dict(zip(curve.ranks.tolist(), curve.latencies_ns.tolist(), strict=True))
        for wanted in {1, n, *(rank(n, permille) for permille in SHOWN_PERMILLES)}:
            assert at[wanted] == every[wanted - 1]


def test_a_thinned_curve_keeps_its_bound_and_spreads_evenly() -> None:
    thin = curve_of(ordered(400_000)).thinned(600)
    assert len(thin.ranks) <= 600 and np.diff(thin.ranks).max() < 3 * 400_000 / 600


def test_every_point_is_an_order_statistic_of_the_samples(site: World) -> None:
    digest = upload(site, bundle_of(site, table=builders.samples(requests=4_000, scale_ppm=200_000))).run_digest
    samples, run = samples_for(site.actor, digest), RunDocument.model_validate_json(bytes(Run.objects.whole().get().document.content))
    drawn = curves_for(site.actor, digest)
    assert len(drawn) == len(run.trials)
    for trial, curve in zip(run.trials, drawn, strict=True):
        every = rows_of(samples, trial).latencies_ns
        assert curve.n == len(every) and (curve.latencies_ns == every[curve.ranks - 1]).all()


def test_a_run_is_remembered_within_a_bound(site: World) -> None:
    digest = upload(site, bundle_of(site, table=builders.samples(requests=4_000, scale_ppm=200_000))).run_digest
    drawn = curves_for(site.actor, digest)
    assert max(len(curve.ranks) for curve in drawn) <= MOST_POINTS
    assert sum(len(curve.ranks) for curve in drawn) <= MOST_POINTS_OF_RUN < 5 * 4_000
    assert curves.curves_of.cache_info().maxsize == curves.MOST_REMEMBERED


def test_samples_are_read_once(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    read: list[str] = []
    before = storage.fetch
    monkeypatch.setattr(storage, "fetch", lambda sha256: read.append(sha256) or before(sha256))
    assert curves_for(site.actor, digest) is curves_for(site.actor, digest)
    assert read == [Run.objects.get().samples_sha256]


def test_what_is_remembered_is_not_shown_to_a_stranger(site: World) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    curves_for(site.actor, digest)
    with pytest.raises(NotFound):
        curves_for(world("b").actor, digest)


def test_trials_that_enter_no_headline_have_no_curve(site: World) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    stored = Run.objects.whole().get()
    document = RunDocument.model_validate_json(bytes(stored.document.content))
    audit = document.trials[-1].model_copy(update={"purpose": "alternate-seed"})
    changed = document.model_copy(update={"trials": (*document.trials[:-1], audit)})
    assert len(curves.curves_of(stored.samples_sha256, changed.canonical())) == len(curves_for(site.actor, digest)) - 1
