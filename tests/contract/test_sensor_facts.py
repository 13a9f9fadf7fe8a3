"""What a run says of its sensors follows from their rows: throttling cannot be cut away, and nothing read is not nothing there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runner.contract.evidence import Evidence
from runner.contract.fields import Text, Whole
from runner.contract.sensor_facts import FACTS, sensor_facts, sensor_problems
from runner.contract.telemetry import TelemetryRow
from tests import builders
from tests.builders import absent, seen
from tests.contract.grown import (
    BOARD_S,
    MS,
    SECOND,
    Told,
    altered,
    asking,
    board,
    board_rows,
    executor,
    places,
    replace_telemetry,
    stating,
    stream,
)  # fmt: skip


def told(found: Evidence) -> set[str]:
    return {problem.path for problem in sensor_problems(found)}


def capped() -> Told:
    """The power limit binds for a tenth of the second window."""
    begin = (BOARD_S["end"][1] + BOARD_S["window"][0] + 30) * 1000

    def held(t_ms: int) -> int:
        return min(max(0, t_ms - begin), 12_000) * MS

    return replace_telemetry(board(), board_rows(3, violation_power_ns=held))


def test_the_worst_class_of_a_trial_is_stated_and_no_other() -> None:
    found = capped().evidence
    assert [trial.throttle.value for trial in found.run.trials] == ["clean", "power_capped", "clean"]
    assert found.run.operating_points[0].throttle == "power_capped" and not told(found)
    for word in ("clean", "thermal", "hw_slowdown"):
        assert "run.json:trials[1].throttle" in told(altered(found, 1, throttle=seen(word)))


CUTS: dict[str, Callable[[TelemetryRow, int, int], bool]] = {
    "all of it": lambda row, start, end: False,
    "the second half of the window": lambda row, start, end: row.t_ns < (start + end) // 2,
    "everything from the throttling on": lambda row, start, end: row.t_ns < start + 30 * SECOND,
    "everything up to the end of the throttling": lambda row, start, end: row.t_ns > start + 42 * SECOND,
    "the window": lambda row, start, end: not start <= row.t_ns <= end,
    "the end of the window": lambda row, start, end: not end - SECOND <= row.t_ns <= end + 10 * SECOND,
}


@pytest.mark.parametrize("cut", CUTS)
def test_throttling_that_was_cut_out_of_the_rows_does_not_become_clean(cut: str) -> None:
    whole = capped()
    window = whole.trials[1].points[0]
    rows = [row for row in whole.telemetry if row.device != 0 or CUTS[cut](row, window.start_ns, window.end_ns)]
    found = replace(whole.evidence, telemetry=tuple(rows))
    assert "run.json:trials[1].throttle" in told(altered(found, 1, throttle=seen("clean")))
    assert "run.operating_points[0].throttle" in places(clean_point(found))


def clean_point(found: Evidence) -> Evidence:
    point = found.run.operating_points[0].model_copy(update={"throttle": "clean"})
    return stating(found, operating_points=(point,))


def test_counters_that_were_taken_out_of_the_rows_do_not_become_clean() -> None:
    whole = capped()
    bare = [replace(row, violation_power_ns=None, violation_board_limit_ns=None) for row in whole.telemetry]
    found = altered(replace(whole.evidence, telemetry=tuple(bare)), 1, throttle=seen("clean"))
    assert "run.json:trials[1].throttle" in told(found)


def test_a_second_board_that_nobody_read_is_not_clean() -> None:
    found = altered(replace(board().evidence, before=executor(hw__vendor=seen("nvidia"), hw__count=seen(2))), 0, throttle=seen("clean"))
    assert "run.json:trials[0].throttle" in told(found)


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize("kind", ["stream", "board"])
def test_a_fact_has_the_value_and_the_kind_of_status_that_the_rows_give(name: str, kind: str) -> None:
    found = {"stream": stream, "board": board}[kind]().evidence
    true = getattr(found.run.trials[1], name)
    statuses = ("not_applicable", "unreadable:no-reading", "not_collected")
    values = ("clean", "thermal") if name == "throttle" else (0, 7)
    wrong: list[Any] = [*map(absent, statuses), *map(seen, values)]
    for leaf in wrong:
        same = (leaf.value, leaf.status.partition(":")[0]) == (true.value, true.status.partition(":")[0])
        assert (f"run.json:trials[1].{name}" in told(altered(found, 1, **{name: leaf}))) is not same


def test_why_a_sensor_could_not_be_read_is_the_nodes_to_say() -> None:
    bare = stream().changed(telemetry=()).evidence
    for reason in ("unreadable:no-such-file", "unreadable:no-permission"):
        assert not told(altered(bare, 0, cpu_steal_ppm=absent(reason)))
    assert told(altered(bare, 0, cpu_steal_ppm=absent("not_applicable"))) == {"run.json:trials[0].cpu_steal_ppm"}


def test_a_measured_fact_is_observed_and_not_declared() -> None:
    found = stream().evidence
    declared = Whole(value=found.run.trials[0].cpu_steal_ppm.value, status="declared", source="a person")
    assert told(altered(found, 0, cpu_steal_ppm=declared)) == {"run.json:trials[0].cpu_steal_ppm"}


def test_energy_of_a_trial_is_a_matter_of_operating_points() -> None:
    assert told(altered(board().evidence, 0, energy_mj=seen(36_000_000))) == {"run.json:trials[0].energy_mj"}


@pytest.mark.parametrize("word", ["steady", "cold", "transient"])
def test_the_thermal_regime_is_that_of_the_rows(word: str) -> None:
    found = board().evidence
    assert found.run.thermal_regime.value == "transient"
    assert told(stating(found, thermal_regime=seen(word))) == (set() if word == "transient" else {"run.json:thermal_regime"})


def test_a_regime_that_nobody_could_read_is_not_steady() -> None:
    found = stream().evidence
    assert found.run.thermal_regime.status == "unreadable:no-sensor"
    assert told(stating(found, thermal_regime=seen("steady"))) == {"run.json:thermal_regime"}
    assert told(stating(found, thermal_regime=absent("not_applicable"))) == {"run.json:thermal_regime"}


def test_facts_of_a_processor_say_what_does_not_apply_to_it() -> None:
    facts = sensor_facts(stream().trials[0], stream().telemetry, 0, {})
    assert facts["throttle"] == Text(status="not_applicable", source="telemetry.parquet")
    assert facts["foreign_gpu_processes"].status == "not_applicable" and facts["cpu_steal_ppm"].value == 5_000


def test_a_refusal_of_a_sensor_becomes_the_status() -> None:
    facts = sensor_facts(stream().trials[0], (), 0, {"cpu_steal_ticks": "unreadable:no-such-file"})
    assert facts["cpu_steal_ppm"].status == "unreadable:no-such-file" and facts["psi_cpu_some_avg10_ppm"].status == "unreadable:no-reading"


def test_the_older_semantics_state_their_sensors_themselves() -> None:
    assert not told(builders.evidence())
    assert not told(asking(altered(stream().evidence, 0, cpu_steal_ppm=seen(7)), "protocol", measurement_semantics=1))
