"""Timelines: exact where they state a number, bounded, remembered once computed, and shown to nobody who may not see the run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lynxweb.registry import storage, timelines
from lynxweb.registry.models import Run
from lynxweb.registry.reading import NotFound, samples_for, timeline_for
from lynxweb.registry.series import MOST_READINGS, series_of
from lynxweb.registry.timelines import MOST_BINS, MOST_BINS_OF_RUN, MOST_WINDOWS, stretches, timeline
from runner.contract.run import Run as RunDocument
from runner.contract.run import Window
from runner.contract.samples import Samples
from runner.contract.telemetry import HOST, TelemetryRow, encode
from runner.contract.window_rows import rows_of
from tests import builders
from tests.builders import SECOND
from tests.registry.world import World, bundle_of, upload, world


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """A process that has drawn nothing yet."""
    timelines.timeline_of.cache_clear()
    yield
    timelines.timeline_of.cache_clear()


def document() -> RunDocument:
    """A run of five trials."""
    return builders.run(builders.samples(), builders.methodology(), builders.executor())


def rows(n: int = 400) -> tuple[TelemetryRow, ...]:
    """Readings of one board ten times a second."""
    return tuple(
        TelemetryRow(t_ns=tick * SECOND // 10, device=0, power_instant_mw=100_000 + tick % 7, temperature_mc=40_000 + tick, energy_mj=10 * tick)
        for tick in range(n)
    )


def test_a_stretch_states_order_statistics_of_its_own_requests() -> None:
    table, run = builders.samples(), document()
    found = stretches(rows_of(table, run.trials[1]), 10)
    start, length = run.trials[1].window_start_ns, 5 * SECOND
    mine = table.only(1)
    for middle, requests, p50, p99 in zip(found.middle_ns, found.requests, found.p50_ns, found.p99_ns, strict=True):
        place = (middle - start) * 10 // length
        inside = (mine.t_scheduled_ns - start) * 10 // length == place
        ordered = np.sort((mine.t_last_ns - mine.t_scheduled_ns)[inside & (mine.t_scheduled_ns < start + length)])
        assert requests == len(ordered)
        assert p50 == ordered[(len(ordered) * 500 + 999) // 1000 - 1] and p99 == ordered[(len(ordered) * 990 + 999) // 1000 - 1]


def test_every_completed_request_is_in_one_stretch_and_a_failed_one_in_none() -> None:
    table, run = builders.samples(), document()
    table.status[5:25] = 1
    found = stretches(rows_of(table, run.trials[0]))
    inside = table.only(0).t_scheduled_ns < run.trials[0].window_end_ns
    assert found.requests.sum() == (inside & (table.only(0).status == 0)).sum() == inside.sum() - 20


def test_a_window_in_which_nothing_completed_has_no_stretch() -> None:
    table, run = builders.samples(), document()
    table.status[:] = 1
    found = stretches(rows_of(table, run.trials[0]))
    assert (len(found.p50_ns), found.p50_whole_ns, found.completed) == (0, None, 0)


def test_stretches_are_bounded_for_a_window_and_for_a_run() -> None:
    table, run = builders.samples(requests=40_000, scale_ppm=20_000), document()
    assert 250 < len(stretches(rows_of(table, run.trials[0])).p50_ns) <= MOST_BINS
    assert sum(len(one.p50_ns) for one in timeline(run, table, ()).windows) <= MOST_BINS_OF_RUN


def test_a_run_with_very_many_windows_is_cut_and_says_so() -> None:
    first, *others = document().trials
    step = 5 * SECOND // 400
    windows = tuple(Window(point=place, start_ns=place * step, end_ns=(place + 1) * step) for place in range(250))
    many = first.model_copy(update={"windows": windows})
    found = timeline(document().model_copy(update={"trials": (many, *others)}), builders.samples(), ())
    assert len(found.windows) == MOST_WINDOWS and found.left_out == 250 + len(others) - MOST_WINDOWS


def test_series_follow_the_readings_and_absent_ones_make_none() -> None:
    found = list(series_of(rows(), 0, 40 * SECOND))
    assert [(one.kind, one.column, one.device) for one in found] == [("power", "power_instant_mw", 0), ("temperature", "temperature_mc", 0)]
    assert all(one.readings == 400 and len(one.mean) <= MOST_READINGS for one in found)
    assert found[1].low[0] == 40_000 and found[1].high[-1] == 40_399
    assert list(series_of((), 0, 1)) == []


def test_few_readings_are_all_drawn_as_they_are() -> None:
    found = next(series_of(rows(20), 0, 2 * SECOND))
    assert (found.mean == found.low).all() and (found.mean == found.high).all() and len(found.mean) == 20


def test_the_average_is_drawn_where_no_instant_was_read() -> None:
    averaged = tuple(TelemetryRow(t_ns=tick * SECOND, device=0, power_avg_mw=90_000) for tick in range(5))
    assert [one.column for one in series_of(averaged, 0, 5 * SECOND)] == ["power_avg_mw"]


def test_package_power_is_the_slope_of_its_counter_and_a_fall_of_it_is_left_out() -> None:
    counted = (0, 50_000, 100_000, 20, 50_020)  # 50 W, then the counter fell
    read = tuple(TelemetryRow(t_ns=tick * SECOND, device=HOST, package_energy_mj=value) for tick, value in enumerate(counted))
    (found,) = series_of(read, 0, 5 * SECOND)
    assert found.column == "package_energy_mj" and found.mean.tolist() == [50_000, 50_000, 50_000]
    assert found.t_ns.tolist() == [SECOND // 2, 3 * SECOND // 2, 7 * SECOND // 2]


def test_throttling_without_telemetry_is_unknown_throughout() -> None:
    found = timeline(document(), builders.samples(), ())
    assert found.throttled(0, SECOND) == {"unknown": SECOND}


def test_a_stored_run_is_read_once(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    read: list[str] = []
    before = storage.fetch
    monkeypatch.setattr(storage, "fetch", lambda sha256: read.append(sha256) or before(sha256))
    assert timeline_for(site.actor, digest) is timeline_for(site.actor, digest)
    assert read == [Run.objects.get().samples_sha256]


def test_the_telemetry_of_a_bundle_is_in_its_timeline(site: World) -> None:
    members = builders.members(table=builders.samples(seed=3)) | {"telemetry.parquet": encode(rows())}
    digest = upload(site, builders.sealed(members, key=site.key)).run_digest
    assert {one.kind for one in timeline_for(site.actor, digest).series} == {"power", "temperature"}


def test_what_is_remembered_is_not_shown_to_a_stranger(site: World) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    timeline_for(site.actor, digest)
    with pytest.raises(NotFound):
        timeline_for(world("b").actor, digest)


def test_the_median_of_a_window_is_that_of_its_samples(site: World) -> None:
    digest = upload(site, bundle_of(site)).run_digest
    samples: Samples = samples_for(site.actor, digest)
    run = RunDocument.model_validate_json(bytes(Run.objects.whole().get().document.content))
    for trial, one in zip(run.trials, timeline_for(site.actor, digest).windows, strict=True):
        ordered = rows_of(samples, trial).latencies_ns
        assert one.p50_whole_ns == ordered[(len(ordered) * 500 + 999) // 1000 - 1]
