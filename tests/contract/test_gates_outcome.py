"""What the gates say of an outcome: each code is found in a run that crosses its limit and not in the nearest one that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.samples import STATUS
from runner.contract.statistics import variation_ppm
from tests import builders
from tests.builders import absent, seen
from tests.contract.grown import MS, SECOND, altered, asking, board, executor, findings, searched, stating, stream

Make = Callable[[], Evidence]
Pair = tuple[Make, Make]


def window_end(change_ns: int) -> Make:
    found = stream().evidence
    return lambda: altered(found, window_end_ns=found.run.trials[0].window_start_ns + 5 * SECOND + change_ns)


def fewest() -> int:
    found = stream().evidence
    return min(found.rows(trial, trial.points[0]).completed_inside for trial in found.run.trials if trial.purpose == "measure")


def failing(answered: int) -> Make:
    """All requests of the second trial fail but so many."""

    def make() -> Evidence:
        found = stream().evidence
        mine = found.samples.trial == 1
        status = np.where(mine & (found.samples.request >= answered), STATUS["error"], found.samples.status).astype(np.int8)
        return rowed_again(found, status)

    return make


def rowed_again(found: Evidence, status: np.ndarray) -> Evidence:
    """Rows with other statuses, and the numbers that follow from them."""
    return stream().changed(samples=replace(found.samples, status=status)).evidence


def failed_limit(change: int) -> Make:
    def make() -> Evidence:
        found = failing(150)()
        point = found.run.operating_points[0]
        bad = point.failed + point.timed_out
        return asking(found, "gates", max_failed_ppm=bad * 1_000_000 // (bad + point.completed) + change)

    return make


def floor(change_ns: int) -> Make:
    def make() -> Evidence:
        found = stream().evidence
        latencies = found.rows(found.run.trials[0], found.run.trials[0].points[0]).latencies_ns
        p50 = int(latencies[(len(latencies) + 1) // 2 - 1]) + change_ns
        return altered(found, floor_p50_ns=p50, floor_p99_ns=p50)

    return make


def wrong(answers: int, bound_ppm: int) -> Make:
    """So many of forty answers differ from the reference, held against a bound."""

    def make() -> Evidence:
        found = stream().evidence
        evaluated = replace(found, quality=builders.quality(found.methodology, found.before, answers))
        return asking(evaluated, "quality", min_accuracy_ratio_ppm=bound_ppm, min_agreement_ppm=bound_ppm)

    return make


def spread(limit: str, change: int, kind: str = "microbenchmark") -> Make:
    def make() -> Evidence:
        found = stream().evidence
        primary = found.run.metric(found.methodology.primary_metric)
        assert primary is not None
        ppm = variation_ppm([Decimal(value) for value in primary.trial_values])
        assert ppm
        changed = asking(found, "gates", **{limit: ppm + change})
        return replace(changed, methodology=changed.methodology.model_copy(update={"kind": kind}))

    return make


def confirmed(rate_per_s: str | None) -> Make:
    found = searched().evidence
    assert found.run.search is not None
    outcome = found.run.search.model_copy(update={"confirmed_per_s": rate_per_s})
    return lambda: stating(found, search=outcome)


def foreign(processes: int) -> Make:
    """Another process on the board for one reading of the first window."""

    def make() -> Evidence:
        middle = board().trials[0].window_start_ns + 60 * SECOND
        rows = [replace(row, foreign_processes=processes) if row.device == 0 and row.t_ns == middle else row for row in board().telemetry]
        return board().changed(telemetry=tuple(rows)).evidence

    return make


def with_run(**fields: Any) -> Make:
    return lambda: stating(stream().evidence, **fields)


def build(**fields: Any) -> Make:
    return with_run(runner=stream().evidence.run.runner.model_copy(update=fields))


def effort(word: str) -> Make:
    return with_run(tuning=stream().evidence.run.tuning.model_copy(update={"effort": word}))


def later(**leaves: Any) -> Make:
    return lambda: replace(stream().evidence, after=executor(**leaves))


def permitting(**fields: Any) -> Make:
    found = stream().evidence
    return lambda: replace(found, methodology=found.methodology.model_copy(update=fields))


def unread(status: str) -> Make:
    return lambda: replace(stream().evidence, before=executor(host__epp=absent(status)))


PAIRS: dict[str, Pair] = {
    "window-too-short": (window_end(-1), window_end(0)),
    "too-few-requests": (
        lambda: asking(stream().evidence, "protocol", min_requests=fewest() + 1),
        lambda: asking(stream().evidence, "protocol", min_requests=fewest()),
    ),
    "too-few-trials": (
        lambda: asking(stream().evidence, "protocol", min_trials=4),
        lambda: asking(stream().evidence, "protocol", min_trials=3),
    ),
    "nothing-completed": (failing(0), failing(1)),
    "run-unfinished": (with_run(exit_reason="interrupted"), with_run(exit_reason="completed")),
    "requests-failed": (failed_limit(-1), failed_limit(0)),
    "faster-than-floor": (floor(1), floor(0)),
    "quality-below-gate": (wrong(2, 950_001), wrong(2, 950_000)),
    "quality-missing": (lambda: replace(stream().evidence, quality=None), lambda: stream().evidence),
    "variation-high": (spread("variation_warn_ppm", -1), spread("variation_warn_ppm", 0)),
    "variation-excessive": (spread("variation_invalid_ppm", -1), spread("variation_invalid_ppm", 0)),
    "not-confirmed": (confirmed(None), confirmed("100")),
    "energy-invalid": (foreign(1), foreign(0)),
    "unreadable-mandatory": (unread("unreadable:no-such-file"), unread("not_applicable")),
    "executor-changed": (later(sw__driver__version=seen("other")), later(host__machine=seen("other"))),
    "runtime-not-permitted": (permitting(permitted_runtimes=("torch-eager",)), permitting(permitted_runtimes=("torch-eager", "onnxruntime"))),
    "tuning-not-permitted": (effort("documented_tuning"), effort("default")),
    "runner-not-permitted": (permitting(runner_versions=">=0.1.1,<1"), permitting(runner_versions=">=0.1.0,<1")),
    "runner-unreleased": (build(dirty=True), build(dirty=False)),
    "undeclared": (with_run(nonce=None), with_run(nonce="a" * 64)),
}


@pytest.mark.parametrize("code", PAIRS)
def test_a_code_is_found_beyond_its_limit_and_not_at_it(code: str) -> None:
    beyond, near = PAIRS[code]
    assert code in findings(beyond()) and code not in findings(near())


def test_a_quick_look_is_only_warned_of_variation() -> None:
    assert "variation-excessive" not in findings(spread("variation_invalid_ppm", -1, kind="quick")())


def test_energy_that_is_marked_is_in_no_metric() -> None:
    point = foreign(1)().run.operating_points[0]
    assert [one.reason for one in point.withheld] == ["no-valid-energy", "no-valid-energy"]
    assert [one.valid for one in point.energy] == [False, True, True] and point.energy[0].gross_mj is not None
    assert not [value for value in point.metrics if value.definition.startswith("energy")]


def test_every_window_of_nothing_is_told_and_no_number_is_invented() -> None:
    found = stream().evidence
    nothing = rowed_again(found, np.full(len(found.samples), STATUS["error"], np.int8))
    point = nothing.run.operating_points[0]
    assert point.completed == 0 and point.metrics == ()
    assert [one.reason for one in point.withheld if not one.definition.startswith("latency")] == ["nothing-completed", "nothing-completed"]
    assert {"nothing-completed", "requests-failed"} <= findings(nothing)


def test_a_long_service_is_no_fault_of_the_floor() -> None:
    assert "faster-than-floor" not in findings(stream(service_ns=60 * MS).evidence)
