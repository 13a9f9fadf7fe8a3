"""Trials and windows are those that the methodology asks for, one after the other, and rows belong to one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.canonical import encode
from runner.contract.evidence import Evidence
from runner.contract.point_energy import IDLE
from runner.contract.problems import Problems
from runner.contract.run import Phase, Run, Trial, Window
from runner.contract.search import SearchRules
from runner.contract.search_check import outcome_of
from runner.contract.telemetry import TelemetryRow
from runner.contract.window_check import LONGEST_RUN_NS, alternate_seed, rate_to_measure, window_problems
from tests.builders import SECOND, evidence, seen
from tests.contract.grown import (
    MS,
    altered,
    board,
    executor,
    findings,
    joined,
    places,
    poisson,
    refusals,
    rowed,
    rows,
    searched,
    served,
    stating,
    stream,
    sweep,
    window_of,
)  # fmt: skip


def windows(found: Evidence, change: Callable[[tuple[Window, ...]], tuple[Window, ...]], index: int = 0) -> Evidence:
    """The windows of one trial changed, its own window with them."""
    changed = change(found.run.trials[index].windows)
    if not changed:
        return altered(found, index, windows=())
    start, end = changed[0].start_ns, max(window.end_ns for window in changed)
    return altered(found, index, windows=changed, window_start_ns=start, window_end_ns=end)


REST = 20 * SECOND  # as long as the methodology of `board` asks


def told(found: Evidence) -> set[str]:
    return {problem.path for problem in window_problems(found)}


@pytest.mark.parametrize(
    "change",
    [
        lambda of: of[:1],
        lambda of: of[1:],
        lambda of: (),
        lambda of: (of[0], of[1].model_copy(update={"rate_per_s": "20"})),
        lambda of: (of[0].model_copy(update={"rate_per_s": "40"}), of[1].model_copy(update={"rate_per_s": "20"})),
        lambda of: (of[0], of[1].model_copy(update={"rate_per_s": None})),
        lambda of: (of[0], of[1].model_copy(update={"point": 2})),
        lambda of: (of[0].model_copy(update={"point": 1}), of[1].model_copy(update={"point": 0})),
        lambda of: (of[0], of[1].model_copy(update={"concurrency": 1})),
        lambda of: (*of, of[1].model_copy(update={"point": 2, "start_ns": of[1].end_ns, "end_ns": of[1].end_ns + 1})),
    ],
)
def test_a_window_of_a_sweep_that_is_missing_doubled_or_at_another_load_is_refused(change: Any) -> None:
    found = sweep().evidence
    assert not told(found)
    assert "run.json:trials[0].windows" in told(windows(found, change))


def test_a_point_has_no_list_of_windows() -> None:
    found = poisson().evidence
    window, _ = window_of(found.methodology.load, 0, 0, found.run.trials[0].window_start_ns, 5 * SECOND)
    assert "run.json:trials[0].windows" in told(altered(found, windows=(window,), schedule_sha256=None))


def test_windows_that_overlap_or_go_backwards_are_no_windows_of_a_trial() -> None:
    tree = sweep().run.trials[0].model_dump(mode="json")
    for change in (
        {"start_ns": tree["windows"][0]["end_ns"] - 1},
        {"point": 0},
    ):
        with pytest.raises(ValueError, match="windows: "):
            Trial.model_validate_json(encode(tree | {"windows": [tree["windows"][0], tree["windows"][1] | change]}))


def test_a_trial_that_began_before_another_one_ended_is_refused() -> None:
    found = stream().evidence
    end = found.run.trials[0].window_end_ns
    near = altered(found, 1, window_start_ns=end)
    assert "run.json:trials[1]" not in told(near)
    assert "run.json:trials[1]" in told(altered(found, 1, window_start_ns=end - 1))


@pytest.mark.parametrize("name", ["idle_before", "idle_after"])
def test_rest_that_lies_in_a_window_is_no_rest(name: str) -> None:
    found = board().evidence
    start, end = found.run.trials[0].points[0].start_ns, found.run.trials[0].points[0].end_ns
    for span, wrong in (((start - REST, start), False), ((start - REST, start + 1), True), ((end - 1, end + REST), True), ((end, end + REST), False)):
        changed = altered(found, phases=(Phase.model_validate({"name": name, "start_ns": span[0], "end_ns": span[1]}),))
        assert ("run.json:trials[0].phases[0]" in told(changed)) is wrong


def test_a_busy_stretch_called_rest_would_halve_the_net_energy_and_is_refused() -> None:
    """The board draws 60 W at rest: calling a part of the neighbours' windows rest takes 300 W off."""
    first, middle, last = (one.window_start_ns + 10 * SECOND for one in board().trials)
    phases = tuple(
        Phase.model_validate({"name": name, "start_ns": at, "end_ns": at + 20 * SECOND}) for name, at in zip(IDLE, (first, last), strict=True)
    )
    cheat = board().trial(1, phases=phases)
    honest, lower = (one.run.operating_points[0].energy[1].net_mj for one in (board(), cheat))
    assert first < middle < last and honest is not None and lower is not None and lower < honest // 2
    assert "numbers-differ" in refusals(cheat.evidence)


def test_other_phases_may_hold_the_window() -> None:
    found = board().evidence
    window = Phase(name="window", start_ns=found.run.trials[0].window_start_ns, end_ns=found.run.trials[0].window_end_ns)
    assert not told(altered(found, phases=(window,)))


def test_a_run_of_more_than_a_month_is_too_large() -> None:
    found = stream().evidence
    for end, wrong in ((LONGEST_RUN_NS, False), (LONGEST_RUN_NS + 1, True)):
        assert ("too-large" in {problem.code for problem in window_problems(altered(found, 4, window_end_ns=end))}) is wrong


def test_a_seed_of_its_own_belongs_to_an_alternate_seed_trial_alone() -> None:
    found = stream().evidence
    assert "run.json:trials[0].seed" in told(altered(found, 0, seed="8"))
    assert "run.json:trials[3].seed" in told(altered(found, 3, seed=found.run.trials[4].seed))


def test_an_alternate_seed_that_somebody_chose_is_refused() -> None:
    found = stream().evidence
    right = found.run.trials[4].seed
    assert right == alternate_seed(None, found.methodology.sha256, found.before.fingerprint)
    for chosen in (None, "0", "12345", str(int(right or "0") + 1)):
        assert "run.json:trials[4].seed" in told(altered(found, 4, seed=chosen))


def test_an_alternate_seed_follows_nonce_methodology_and_executor() -> None:
    seeds = {alternate_seed(nonce, how, what) for nonce in (None, "a" * 64) for how in ("b" * 64, "c" * 64) for what in ("d" * 64, "e" * 64)}
    assert len(seeds) == 8 and all(0 <= int(seed) < 2**63 for seed in seeds)
    assert "run.json:trials[4].seed" in told(stating(stream().evidence, nonce="a" * 64))


def test_arrivals_drawn_with_a_seed_that_was_chosen_are_refused_by_their_schedule() -> None:
    whole = poisson()
    window, due = window_of(whole.how.load, 0, 4, whole.trials[4].window_start_ns, 5 * SECOND, "4242")
    parts = [whole.samples.only(index) for index in range(4)]
    assert whole.samples.answer is not None
    chosen = rows(4, 0, served(due, 5 * MS), answer=whole.samples.only(4).answer)
    cheat = whole.changed(samples=joined([*parts, chosen])).trial(4, schedule_sha256=window.schedule_sha256)
    assert "schedule-mismatch" in refusals(cheat.evidence)
    assert "schedule-mismatch" in refusals(cheat.trial(4, seed="4242").evidence)


def test_a_run_that_measured_nothing_is_refused() -> None:
    found = stream().evidence
    audits = tuple(trial.model_copy(update={"purpose": "repeat-one-sample", "seed": None}) for trial in found.run.trials)
    assert "run.json:trials" in told(stating(found, trials=audits))


def test_a_search_that_nobody_asked_for_is_refused() -> None:
    found = sweep().evidence
    assert "run.json:search" in told(stating(found, search=searched().run.search))
    trials = (found.run.trials[0].model_copy(update={"purpose": "search"}), *found.run.trials[1:])
    assert "run.json:search" in told(stating(found, trials=trials))
    assert "run.json:search" in told(stating(searched().evidence, search=None))


@pytest.mark.parametrize("rate", ["1", "1000", None])
def test_after_a_search_nothing_is_measured_but_the_confirmed_rate(rate: str | None) -> None:
    found = searched().evidence
    assert "run.json:trials[2].windows" in told(windows(found, lambda of: (of[0].model_copy(update={"rate_per_s": rate}),), 2))


def test_a_search_that_found_nothing_to_try_still_says_what_to_measure() -> None:
    nothing = outcome_of("0", True, [])
    assert nothing.steps == () and rate_to_measure(nothing) == "1"
    assert SearchRules().most_steps and told(stating(searched().evidence, search=nothing))


def test_rows_of_a_trial_or_a_point_that_nobody_states_are_refused() -> None:
    found = sweep().evidence
    assert told(stating(found, trials=found.run.trials[:2])) == {"samples.parquet:trial"}
    strange = rowed(found, point=np.where(found.samples.point == 1, 5, found.samples.point))
    assert "samples.parquet:point (trial 0)" in told(strange)


def test_a_recording_that_no_load_replays_is_refused() -> None:
    assert told(replace(poisson().evidence, trace=np.arange(5))) == {"arrivals.parquet"}


@pytest.mark.parametrize(("devices", "wrong"), [(256, False), (257, True), (2**53 - 1, True)])
def test_more_devices_than_a_machine_can_have_are_refused_before_they_are_counted(devices: int, wrong: bool) -> None:
    found = stream().evidence
    many = replace(found, before=executor(hw__vendor=seen("nvidia"), hw__count=seen(devices)))
    assert ("executor.before.json:hw.count" in told(many)) is wrong


def test_telemetry_of_a_device_that_the_executor_lacks_is_refused() -> None:
    found = board().evidence
    strange = (*found.telemetry, TelemetryRow(found.telemetry[-1].t_ns, 1, power_instant_mw=1))
    assert "telemetry.parquet:device" in told(replace(found, telemetry=strange))


def test_more_readings_around_windows_than_anybody_can_look_through_are_too_large() -> None:
    found = sweep().evidence
    many = tuple(TelemetryRow(found.run.trials[0].window_start_ns, cpu_total_ticks=1) for _ in range(30_000))
    spread = [replace(found, telemetry=many, before=executor(hw__vendor=seen("nvidia"), hw__count=seen(count))) for count in (1, 256)]
    assert ["too-large" in {problem.code for problem in window_problems(one)} for one in spread] == [False, True]


def test_requests_in_flight_together_state_their_waits() -> None:
    found = poisson().evidence
    sent = found.samples.t_scheduled_ns + 200
    together = rowed(found, t_sent_ns=sent, t_last_ns=sent + 60 * MS)
    assert "queue-unfounded" in refusals(together)
    assert "queue-unfounded" not in refusals(rowed(together, queue_ns=np.zeros(len(sent), np.int64)))


def test_rows_that_no_lag_can_explain_are_refused_and_crash_nothing() -> None:
    found = stream().evidence
    back = found.samples.t_sent_ns.copy()
    back[1:] = found.samples.t_scheduled_ns[1:] - 1
    early = rowed(found, t_sent_ns=back, t_scheduled_ns=np.maximum(found.samples.t_scheduled_ns - 50, 0))
    assert "queue-unfounded" in refusals(early) and places(early)


def test_bundles_of_the_older_semantics_are_not_held_to_the_newer_rules() -> None:
    found = evidence()
    overlapping = altered(found, 1, window_start_ns=found.run.trials[0].window_end_ns - 1)
    assert "run.json:trials[1]" not in told(overlapping) and findings(found) == {"undeclared"}


def test_a_run_keeps_every_trial_in_order() -> None:
    tree = stream().run.model_dump(mode="json")
    tree["trials"] = tree["trials"][1:]
    with pytest.raises(Problems, match="numbered 0, 1, 2"):
        Run.read(encode(tree))


# -- What a node could choose -----------------------------------------------------------------------------------------------------------------


def test_a_slow_trial_does_not_leave_the_headline_under_another_name() -> None:
    found = evidence()
    for purpose in ("repeat-one-sample", "search", "alternate-seed"):
        assert "run.json:trials.purpose" in told(altered(found, 4, purpose=purpose)), "nobody asked for it, and semantics 1 knows no purposes"
    plain = poisson().evidence
    last = plain.run.trials[-1].index
    assert "run.json:trials.purpose" not in told(plain)
    assert "run.json:trials.purpose" in told(altered(plain, last, purpose="repeat-one-sample"))


def test_audits_that_are_asked_for_come_last_once_each_and_may_be_missing() -> None:
    found = stream().evidence
    purposes = [one.purpose for one in found.run.trials]
    assert purposes[-2:] == ["repeat-one-sample", "alternate-seed"] and "run.json:trials.purpose" not in told(found)
    assert "run.json:trials.purpose" in told(altered(found, 0, purpose="repeat-one-sample"))
    assert "run.json:trials.purpose" in told(altered(found, len(purposes) - 1, purpose="repeat-one-sample", seed=None))
    assert "run.json:trials.purpose" not in told(stating(found, trials=found.run.trials[:-1]))


def test_rest_that_is_shorter_than_asked_or_under_load_subtracts_nothing() -> None:
    found = board().evidence
    rest = found.run.trials[0].phases[0]
    short = rest.model_copy(update={"start_ns": rest.end_ns - REST + 1})
    assert "run.json:trials[0].phases[0]" in told(altered(found, phases=(short, *found.run.trials[0].phases[1:])))
    warm = Phase(name="warm_up", start_ns=rest.start_ns, end_ns=rest.end_ns)
    assert "run.json:trials[0].phases[1]" in told(altered(found, phases=(warm, *found.run.trials[0].phases)))
    nobody_asked = stream().evidence
    first = nobody_asked.run.trials[0].phases[0]
    early = Phase(name="idle_before", start_ns=0, end_ns=first.start_ns)
    assert "run.json:trials[0].phases[0]" in told(altered(nobody_asked, phases=(early, *nobody_asked.run.trials[0].phases)))


def test_readings_in_a_rest_count_among_those_to_look_at() -> None:
    found = board().evidence
    rest = found.run.trials[0].phases[0]
    crowd = [TelemetryRow(t_ns=rest.start_ns + place * 1_000) for place in range(60_000)]
    boards = executor(hw__vendor=seen("nvidia"), hw__count=seen(256))
    crowded = replace(found, before=boards, telemetry=tuple(sorted((*found.telemetry, *crowd), key=lambda row: row.t_ns)))
    assert "telemetry.parquet" in told(crowded)
    assert "telemetry.parquet" not in told(replace(crowded, telemetry=found.telemetry))
