"""Loads say one thing: each process with what it needs and nothing else, one load or several, and bounds that a machine can keep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.contract.canonical import encode
from runner.contract.loads import LARGEST_CONCURRENCY, MOST_POINTS, Load, RequestClass
from runner.contract.methodology import Methodology
from runner.contract.problems import Problems
from runner.contract.schedules import due_times, requests_due
from tests import builders
from tests.contract.grown import BUDGET, RULES, SECOND, methodology

BASE = {"seed": "7", "per": "total", "client_location": "in_process", "concurrency": None, "rate_per_s": None}
CLOSED = {**BASE, "loop": "closed", "process": "concurrent_streams", "concurrency": 4}
OPEN = {**BASE, "loop": "open", "process": "poisson", "rate_per_s": "100"}
SEVERAL = {**OPEN, "rate_per_s": None}
TRACE = {**SEVERAL, "process": "trace", "trace_sha256": "a" * 64, "trace_scale": "1"}
GAMMA = {**OPEN, "process": "gamma", "gamma_shape": "0.5"}
RAMP = {**OPEN, "process": "ramp", "rate_to_per_s": "200"}
CLASS = {"name": "a", "weight": 1, "batch": 1}


def read(tree: dict[str, Any]) -> Load:
    return Load.read(encode(tree))


@pytest.mark.parametrize(
    "tree",
    [
        CLOSED, {**CLOSED, "process": "single_stream", "concurrency": 1}, OPEN, {**OPEN, "process": "constant"}, GAMMA, RAMP, TRACE,
        {**RAMP, "process": "ramp_poisson"}, {**SEVERAL, "rates_per_s": ["10", "20"]}, {**SEVERAL, "search": {}},
        {**CLOSED, "concurrency": None, "concurrencies": [1, 2]}, {**OPEN, "classes": [CLASS, {**CLASS, "name": "b"}]},
        {**OPEN, "rate_per_s": "0.001"}, {**OPEN, "rate_per_s": "1000000"}, {**GAMMA, "gamma_shape": "1000"},
        {**CLOSED, "concurrency": LARGEST_CONCURRENCY}, {**GAMMA, "rate_per_s": None, "rates_per_s": ["10", "20"]},
    ],
)  # fmt: skip
def test_a_load_that_says_one_thing_is_read(tree: dict[str, Any]) -> None:
    if "search" in tree:
        tree = {**tree, "search": Load.model_validate({**tree, "search": {}}).model_dump(mode="json")["search"]}
    assert read(tree).canonical() == encode(tree)


@pytest.mark.parametrize(
    ("tree", "word"),
    [
        ({**CLOSED, "process": "poisson"}, "a closed loop has the process"),
        ({**OPEN, "process": "single_stream"}, "a closed loop has the process"),
        ({**CLOSED, "rate_per_s": "10"}, "and no rate"),
        ({**CLOSED, "concurrency": None}, "states its concurrency"),
        ({**CLOSED, "concurrency": 0}, "greater than 0"),
        ({**CLOSED, "concurrency": -1}, "greater than 0"),
        ({**CLOSED, "concurrency": LARGEST_CONCURRENCY + 1}, "less than or equal to 1024"),
        ({**CLOSED, "concurrency": None, "concurrencies": [1, LARGEST_CONCURRENCY + 1]}, "less than or equal to 1024"),
        ({**CLOSED, "concurrency": None, "concurrencies": [1, 2**52]}, "less than or equal to 1024"),
        ({**CLOSED, "concurrency": None, "concurrencies": [2, 2]}, "once"),
        ({**CLOSED, "concurrency": None, "concurrencies": [2]}, "two at least"),
        ({**CLOSED, "concurrencies": [1, 2]}, "states its concurrency"),
        ({**CLOSED, "process": "single_stream", "concurrency": 2}, "single_stream has the concurrency 1"),
        ({**OPEN, "concurrency": 1}, "and no concurrency"),
        ({**OPEN, "rate_per_s": None}, "states one rate_per_s"),
        ({**OPEN, "rates_per_s": ["10", "20"]}, "states one rate_per_s"),
        ({**SEVERAL, "rates_per_s": ["10"]}, "two at least"),
        ({**SEVERAL, "rates_per_s": ["10", "10"]}, "once"),
        ({**SEVERAL, "rates_per_s": [str(rate) for rate in range(1, MOST_POINTS + 2)]}, "at most 64"),
        ({**SEVERAL, "rates_per_s": ["10", "0"]}, "between 0.001"),
        ({**OPEN, "rate_per_s": "0"}, "between 0.001"),
        ({**OPEN, "rate_per_s": "-5"}, "between 0.001"),
        ({**OPEN, "rate_per_s": "1000000.1"}, "between 0.001"),
        ({**OPEN, "rate_per_s": "9" * 60}, "between 0.001"),
        ({**OPEN, "rate_per_s": "1e9"}, "pattern"),
        ({**OPEN, "gamma_shape": "1"}, "not used by the process poisson"),
        ({**GAMMA, "gamma_shape": "0.0001"}, "between 0.001 and 1000"),
        ({**OPEN, "process": "gamma"}, "needed by the process gamma"),
        ({**OPEN, "process": "ramp"}, "needed by the process ramp"),
        ({**OPEN, "rate_to_per_s": "9"}, "not used by the process poisson"),
        ({**RAMP, "rate_to_per_s": "0"}, "rate_to_per_s must be between"),
        ({**TRACE, "rate_per_s": "10"}, "states one rate_per_s"),
        ({**SEVERAL, "process": "trace", "trace_scale": "1"}, "needed by the process trace"),
        ({**TRACE, "trace_scale": "0"}, "between 0.001 and 1000"),
        ({**TRACE, "rates_per_s": ["10", "20"]}, "have a process at one rate"),
        ({**RAMP, "rate_per_s": None, "rates_per_s": ["10", "20"]}, "have a process at one rate"),
        ({**TRACE, "search": {}}, "search"),
        ({**OPEN, "classes": [CLASS, CLASS]}, "once"),
        ({**OPEN, "classes": [{**CLASS, "weight": 0}]}, "greater than 0"),
        ({**OPEN, "classes": [{**CLASS, "batch": 4_097}]}, "less than or equal to 4096"),
        ({**OPEN, "classes": [{**CLASS, "name": f"c{place}"} for place in range(17)]}, "at most 16"),
        ({**OPEN, "seed": "-1"}, "pattern"),
        ({**OPEN, "seed": "007"}, "pattern"),
        ({**OPEN, "speed": 1}, "Extra inputs"),
    ],
)  # fmt: skip
def test_a_load_that_says_too_much_too_little_or_too_large_is_refused(tree: dict[str, Any], word: str) -> None:
    with pytest.raises(Problems, match=word):
        read(tree)


def test_a_search_over_a_recording_or_a_ramp_has_no_rate_to_look_for() -> None:
    for tree in (TRACE, {**RAMP, "rate_per_s": None}):
        with pytest.raises(ValueError, match="have a process at one rate"):
            Load.model_validate({**tree, "search": {}})


def test_points_are_the_loads_of_a_sweep_one_by_one() -> None:
    rates = read({**SEVERAL, "rates_per_s": ["10", "20"]})
    assert [(one.rate_per_s, one.rates_per_s) for one in rates.points] == [("10", ()), ("20", ())]
    streams = read({**CLOSED, "concurrency": None, "concurrencies": [1, 8]})
    assert [(one.process, one.concurrency) for one in streams.points] == [("single_stream", 1), ("concurrent_streams", 8)]
    assert read(OPEN).points == (read(OPEN),) and Load.model_validate({**SEVERAL, "search": {}}).points == ()
    assert all(Load.read(one.canonical()) == one for one in (*rates.points, *streams.points))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"shape": "sweep"}, "does not fit the load"),
        ({"load": {**SEVERAL, "rates_per_s": ["10", "20"]}}, "does not fit the load"),
        ({"slo": {**BUDGET, "permille": 990}}, "its own permille"),
        ({"slo": {**BUDGET, "metric": "latency_from_issue_p50@1", "permille": 500}}, "a latency from schedule"),
        ({"slo": {**BUDGET, "confidence_permille": 899}}, "greater than or equal to 900"),
        ({"slo": {**BUDGET, "limit_ns": 0}}, "greater than 0"),
        ({"slo": {"metric": "none", "permille": 900, "limit_ns": None}}, "metric none and neither"),
        ({"protocol__audits": ["alternate-seed", "alternate-seed"]}, "each test once"),
        ({"protocol__audits": ["output-length"]}, "audits"),
        ({"protocol__ramp_ns": 1}, "a sustained shape has a ramp"),
        ({"protocol__settle_extensions": 11}, "less than or equal to 10"),
        ({"protocol__telemetry_hz": 51}, "less than or equal to 50"),
        ({"protocol__idle_ns": -1}, "greater than or equal to 0"),
        ({"shape": "sweep", "load": {**SEVERAL, "search": RULES}, "slo": {"metric": "none", "permille": None, "limit_ns": None}}, "state slo"),
        ({"shape": "sweep", "load": {**SEVERAL, "search": {**RULES, "longest_step_ns": 65 * 2 * SECOND}}}, "chunks a step"),
        ({"shape": "sweep", "load": {**SEVERAL, "search": {**RULES, "most_steps": 100}}}, "windows in all"),
        ({"shape": "sweep", "load": {**SEVERAL, "search": {**RULES, "chunk_ns": 9 * SECOND}}}, "no longer than a step"),
    ],
)  # fmt: skip
def test_a_methodology_that_contradicts_itself_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(Problems, match=word):
        methodology(**changes)


def test_a_budget_of_the_older_semantics_is_read_as_before() -> None:
    for slo in ({**BUDGET, "permille": 990}, {**BUDGET, "metric": "latency_p50@1"}):
        assert builders.methodology(slo=slo, metrics__definitions=["latency_p50@1", "latency_p90@1"]).slo.permille == slo["permille"]


leaf = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.sampled_from(["0", "-1", "7", "0.5", "9" * 60, "x", "poisson", "trace"])
value = leaf | st.lists(leaf, max_size=4) | st.dictionaries(st.sampled_from(["name", "weight", "batch", "chunk_ns"]), leaf, max_size=3)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(Load.model_fields)), value, max_size=6), st.sampled_from([CLOSED, OPEN, SEVERAL, TRACE, RAMP, GAMMA]))
def test_any_load_is_refused_with_reasons_or_can_be_offered(changes: dict[str, Any], base: dict[str, Any]) -> None:
    try:
        found = read({**base, **changes})
    except Problems:
        return
    for point in found.points:
        if point.loop == "open" and point.process != "trace":
            needed = requests_due(point, SECOND // 100)
            assert needed > 0 and (needed > 10_000 or len(due_times(point, SECOND // 100, 0, 0)) == needed)
    assert Load.read(found.canonical()) == found


def test_a_class_is_named_weighed_and_sized() -> None:
    assert RequestClass(name="a", weight=1, batch=1).model_dump() == CLASS


def test_a_methodology_of_semantics_2_survives_the_way_to_bytes_and_back() -> None:
    for changes in ({}, {"shape": "sustained", "protocol__ramp_ns": SECOND}, {"load": GAMMA}, {"load": RAMP}, {"load": TRACE}):
        found = methodology(**changes)
        assert Methodology.read(found.canonical()) == found
