"""Whatever a stranger sends is refused with reasons or judged: nothing else escapes, and nothing in it takes memory or time by itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.contract import bundle
from runner.contract.canonical import encode
from runner.contract.check import Checked, check
from runner.contract.columns import write
from runner.contract.findings import RULES
from runner.contract.methodology import Methodology
from runner.contract.problems import Problems
from runner.contract.run import Run
from runner.contract.samples import Samples
from runner.contract.samples import encode as encode_samples
from runner.contract.telemetry import COLUMNS, TELEMETRY_LIMITS, TelemetryRow
from runner.contract.telemetry import encode as encode_telemetry
from tests.builders import sealed
from tests.contract.grown import SECOND, board, members, mix, poisson, searched, stream, sweep

Tree = dict[str, Any]
Change = Callable[[Tree], object]
MAKERS = {"stream": stream, "board": board, "sweep": sweep, "searched": searched, "mix": mix, "poisson": poisson}
LONG_AGO, LONG_AFTER = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"


@cache
def whole(name: str) -> dict[str, bytes]:
    return members(MAKERS[name]().evidence)


def judged(parts: dict[str, bytes]) -> Checked | Problems:
    """What a site says of a bundle; anything but an answer or `Problems` escapes."""
    try:
        return check(bundle.read(io.BytesIO(sealed(parts))))
    except Problems as refused:
        assert refused.problems
        assert all(isinstance(text.encode(), bytes) for problem in refused.problems for text in problem.as_dict().values())
        return refused


def edited(parts: dict[str, bytes], name: str, change: Change) -> dict[str, bytes]:
    tree = json.loads(parts[name])
    change(tree)
    return {**parts, name: encode(tree)}


def restated(parts: dict[str, bytes]) -> dict[str, bytes]:
    """A changed methodology is the one that the run names, so that judging goes on behind its digest."""
    how = Methodology.read(parts["methodology.json"])
    return edited(parts, "run.json", lambda tree: tree.update(methodology_sha256=how.sha256))


def trial(index: int, **fields: Any) -> Change:
    return lambda tree: tree["trials"][index].update(fields)


def later(change: Change) -> Change:
    """The same, in a run that may have lasted for ages."""

    def both(tree: Tree) -> None:
        tree.update(started_at=LONG_AGO, ended_at=LONG_AFTER)
        change(tree)

    return both


def window(point: int) -> Tree:
    return {"point": point, "start_ns": point, "end_ns": point + 1, "rate_per_s": None, "concurrency": None, "schedule_sha256": None}


RUNS: dict[str, tuple[str, Change]] = {
    "thousands of windows": ("sweep", trial(0, windows=[window(point) for point in range(20_000)])),
    "windows of a nanosecond": ("sweep", trial(0, windows=[window(point) for point in range(256)], window_start_ns=0, window_end_ns=256)),
    "thousands of phases": ("stream", trial(0, phases=[{"name": "load", "start_ns": 0, "end_ns": 0, "requests": 0}] * 20_000)),
    "an unknown phase": ("stream", trial(0, phases=[{"name": "nap", "start_ns": 0, "end_ns": 0, "requests": 0}])),
    "a phase that runs backwards": ("stream", trial(0, phases=[{"name": "load", "start_ns": 5, "end_ns": 4, "requests": 0}])),
    "thousands of faults": ("stream", trial(0, faults=[{"code": "sensor-error", "said": "x"}] * 20_000)),
    "an unknown fault": ("stream", trial(0, faults=[{"code": "aliens", "said": "x"}])),
    "a fault with a novel in it": ("stream", trial(0, faults=[{"code": "sensor-error", "said": "x" * 401}])),
    "thousands of trials": ("stream", lambda tree: tree.update(trials=[{**tree["trials"][0], "index": index} for index in range(5_000)])),
    "one trial a hundred times": ("board", lambda tree: tree.update(trials=[{**tree["trials"][0], "index": index} for index in range(100)])),
    "a window of a hundred days": ("stream", later(trial(4, window_end_ns=2**53 - 1))),
    "a window of a hundred days on a board": ("board", later(trial(2, window_end_ns=2**53 - 1))),
    "a window of a month on a board": ("board", later(trial(2, window_end_ns=31 * 86_400 * SECOND))),
    "a window that ends before it begins": ("stream", trial(0, window_end_ns=0)),
    "negative times": ("stream", trial(0, window_start_ns=-1)),
    "a negative tick": ("board", trial(0, tick_ns=-1)),
    "a tick of a hundred days": ("board", trial(0, tick_ns=2**53 - 1)),
    "a tick of no time": ("board", trial(0, tick_ns=0)),
    "an unknown purpose": ("stream", trial(0, purpose="party")),
    "a seed without end": ("stream", trial(4, seed="9" * 5_000)),
    "hundreds of thousands of keys": ("stream", lambda tree: tree.update({f"k{place}": 1 for place in range(100_000)})),
    "one key with everything in it": ("stream", lambda tree: tree["trials"].__setitem__(0, {"x": [[1] * 1_000] * 300})),
    "sixty-four points for one": ("stream", lambda tree: tree.update(operating_points=tree["operating_points"] * 64)),
    "points without end": ("stream", lambda tree: tree.update(operating_points=tree["operating_points"] * 65)),
    "no points": ("stream", lambda tree: tree.update(operating_points=[])),
    "points without metrics": ("stream", lambda tree: tree["operating_points"][0].update(metrics=[])),
    "values without end": ("stream", lambda tree: tree["operating_points"][0]["metrics"][0].update(trial_values=["1"] * 100_000)),
    "batches without end": ("mix", lambda tree: tree["operating_points"][0].update(batches=[{"size": 1, "requests": 1}] * 50_000)),
    "an e without end": ("stream", lambda tree: tree["operating_points"][0]["certificate"].update(effective_by_trial=[2**53 - 1] * 3)),
    "an e for trials that are not there": ("stream", lambda tree: tree["operating_points"][0]["certificate"].update(effective_by_trial=[1] * 9_000)),
    "a search without steps": ("searched", lambda tree: tree["search"].update(steps=[])),
    "a search of nothing": ("searched", lambda tree: tree["search"].update(steps=[], capacity_per_s="0", lo_per_s=None, hi_per_s=None, above=None)),
    "a search from below zero": ("searched", lambda tree: tree["search"].update(capacity_per_s="-7")),
    "a search at no rate": ("searched", lambda tree: tree["search"]["steps"][0].update(rate_per_s="0")),
    "a search below zero": ("searched", lambda tree: tree["search"]["steps"][0].update(rate_per_s="-3")),
    "a confirmed rate below zero": ("searched", lambda tree: tree["search"].update(confirmed_per_s="-3")),
    "a step of no requests": ("searched", lambda tree: tree["search"]["steps"][0].update(n=0, over=0, effective=5)),
    "a step with more over than there are": ("searched", lambda tree: tree["search"]["steps"][0].update(n=1, over=9, effective=1)),
    "a step with a point that is not there": ("searched", lambda tree: tree["search"]["steps"][0].update(points=[10**9])),
    "a hundred steps": ("searched", lambda tree: tree["search"].update(steps=tree["search"]["steps"] * 20)),
}  # fmt: skip


@pytest.mark.parametrize("what", RUNS)
def test_a_run_document_that_says_too_much_is_refused_with_reasons(what: str) -> None:
    name, change = RUNS[what]
    answer = judged(edited(whole(name), "run.json", change))
    assert isinstance(answer, Problems) or what in ("points without metrics", "a tick of a hundred days", "a tick of no time")


METHODOLOGIES: dict[str, tuple[str, Change]] = {
    "a concurrency without end": ("stream", lambda tree: tree["load"].update(concurrency=2**50, process="concurrent_streams")),
    "a concurrency below zero": ("stream", lambda tree: tree["load"].update(concurrency=-1)),
    "a data set without end": ("stream", lambda tree: tree["workload"].update(n_samples=2**53 - 1)),
    "a window of ages": ("stream", lambda tree: tree["protocol"].update(min_duration_ns=2**53 - 1)),
    "a rate without end": ("poisson", lambda tree: tree["load"].update(rate_per_s="9" * 60)),
    "a rate of nothing": ("poisson", lambda tree: tree["load"].update(rate_per_s="0")),
    "a rate of a million": ("poisson", lambda tree: tree["load"].update(rate_per_s="1000000")),
    "rates without end": ("sweep", lambda tree: tree["load"].update(rates_per_s=[str(rate) for rate in range(1, 20_000)])),
    "classes without end": ("mix", lambda tree: tree["load"].update(classes=[{"name": "a", "weight": 1, "batch": 1}] * 20_000)),
    "audits without end": ("stream", lambda tree: tree["protocol"].update(audits=["alternate-seed"] * 20_000)),
    "metrics without end": ("stream", lambda tree: tree["metrics"].update(definitions=["latency_p50@1"] * 20_000)),
    "another meaning of numbers": ("stream", lambda tree: tree["protocol"].update(measurement_semantics=3)),
    "an older meaning of numbers": ("stream", lambda tree: tree["protocol"].update(measurement_semantics=1)),
    "a search of ages": ("searched", lambda tree: tree["load"]["search"].update(most_steps=100)),
    "a budget of nothing": ("stream", lambda tree: tree["slo"].update(limit_ns=0)),
}


@pytest.mark.parametrize("what", METHODOLOGIES)
def test_a_methodology_that_asks_too_much_is_refused_with_reasons(what: str) -> None:
    name, change = METHODOLOGIES[what]
    parts = edited(whole(name), "methodology.json", change)
    with suppress(Problems):
        parts = restated(parts)
    assert isinstance(judged(parts), Problems)


@pytest.mark.parametrize("count", [-1, 257, 2**53 - 1])
def test_an_executor_of_countless_devices_is_refused(count: int) -> None:
    parts = whole("board")
    for name in ("executor.before.json", "executor.after.json"):
        parts = edited(parts, name, lambda tree: tree["hw"]["count"].update(value=count))
    assert isinstance(judged(parts), Problems)


def test_telemetry_of_a_million_rows_is_refused_before_it_is_read() -> None:
    n = 1_000_000
    values = {one.name: pa.nulls(n, one.arrow) if one.nullable else pa.array(np.zeros(n, np.int64), one.arrow) for one in COLUMNS if not one.optional}
    answer = judged({**whole("stream"), "telemetry.parquet": write(COLUMNS, values)})
    assert isinstance(answer, Problems) and answer.codes == ("too-large",) and n > TELEMETRY_LIMITS.rows


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stream", "board"])
def test_as_many_devices_as_rows_are_counted_once(name: str) -> None:
    rows = [TelemetryRow(place * 1_000_000, place, ecc_uncorrected=0) for place in range(100_000)]
    assert isinstance(judged({**whole(name), "telemetry.parquet": encode_telemetry(rows)}), Problems)


def test_all_readings_at_one_moment_are_no_reason_to_stop() -> None:
    rows = [TelemetryRow(42 * SECOND, 0, power_instant_mw=1, energy_mj=place, violation_power_ns=place) for place in range(20_000)]
    assert isinstance(judged({**whole("board"), "telemetry.parquet": encode_telemetry(rows)}), Problems)


TIMES = ("t_scheduled_ns", "t_sent_ns", "t_last_ns")
COLUMN: dict[str, Callable[[Samples], dict[str, np.ndarray]]] = {
    "times at the end of what is": lambda of: {"t_last_ns": np.full(len(of), 2**53 - 1, np.int64)},
    "device times of ages": lambda of: {"device_ns": np.full(len(of), 2**53 - 1, np.int64)},
    "waits of all there is": lambda of: {"queue_ns": of.t_sent_ns - of.t_scheduled_ns},
    "batches of billions": lambda of: {"batch_size": np.full(len(of), 2**31 - 1, np.int32)},
    "classes of billions": lambda of: {"klass": np.full(len(of), 2**31 - 1, np.int32)},
    "answers of billions": lambda of: {"answer": np.full(len(of), 2**31 - 1, np.int32)},
    "samples of billions": lambda of: {"sample": np.full(len(of), 2**31 - 1, np.int32), "answer": np.full(len(of), -1, np.int32)},
    "everything failed": lambda of: {"status": np.ones(len(of), np.int8)},
    "everything at once": lambda of: {
        name: np.full(len(of), of.t_scheduled_ns[0], np.int64) for name in ("t_scheduled_ns", "t_sent_ns", "t_last_ns")
    },
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("what", COLUMN)
def test_rows_that_nobody_measured_are_refused_with_reasons(name: str, what: str) -> None:
    table = MAKERS[name]().samples
    content = encode_samples(replace(table, **COLUMN[what](table)))
    assert isinstance(judged({**whole(name), "samples.parquet": content}), Problems)


@pytest.mark.parametrize("name", MAKERS)
def test_rows_that_nobody_measured_and_numbers_that_follow_from_them_are_judged_or_refused(name: str) -> None:
    """Whoever makes up rows can state what follows from them; what is stated then is at least that."""
    told = MAKERS[name]()
    for change in (change for what, change in COLUMN.items() if what != "batches of billions"):
        parts = {**whole(name), "samples.parquet": encode_samples(replace(told.samples, **change(told.samples)))}
        try:
            run = told.changed(samples=replace(told.samples, **change(told.samples))).run
        except ValueError:
            continue
        judged({**parts, "run.json": run.canonical()})


@pytest.mark.parametrize("name", MAKERS)
def test_no_rows_at_all_are_no_run(name: str) -> None:
    told = MAKERS[name]()
    none = told.samples.rows(slice(0, 0))
    assert isinstance(judged({**whole(name), "samples.parquet": encode_samples(none)}), Problems)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, one in inner for found in paths(one, (*path, key)))]


ODD = st.sampled_from(
    [None, True, False, 0, 1, -1, 2**31, 2**53 - 1, -(2**53) + 1, "", "0", "-1", "7", "9" * 60, "0.0001", "x" * 5_000, [], {}, [None], [[]], {"a": 1},
     "clean", "certified", "closed", "open", "trace", "search", "measure", "2026-01-05T10:00:00.000000Z", "a" * 64, ["1", "2"], [1, 2]]
)  # fmt: skip
DOCUMENTS = ("run.json", "methodology.json", "executor.before.json", "quality.json")


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(["stream", "sweep", "searched", "mix", "poisson"]), st.sampled_from(DOCUMENTS), st.integers(1, 3))
def test_documents_with_odd_values_anywhere_are_judged_or_refused(data: st.DataObject, name: str, document: str, changes: int) -> None:
    parts = whole(name)
    tree = json.loads(parts[document])
    for _ in range(changes):
        every = [path for path in paths(tree) if path]
        *parents, last = data.draw(st.sampled_from(every)) if every else (None,)
        if last is None:
            break
        place = tree
        for step in parents:
            place = place[step]
        if data.draw(st.booleans()) and data.draw(st.booleans()):
            del place[last]
        else:
            place[last] = data.draw(ODD)
    parts = {**parts, document: encode(tree)}
    if document == "methodology.json":
        with suppress(Problems):
            parts = restated(parts)
    answer = judged(parts)
    assert isinstance(answer, Problems) or all(finding.code in RULES for finding in answer.findings)


SECTIONS = ("trials", "operating_points", "search")


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(["stream", "sweep", "searched", "mix"]))
def test_a_number_of_a_run_that_is_out_of_reach_is_judged_or_refused(data: st.DataObject, name: str) -> None:
    """Only whole numbers and decimals, in the parts that are recomputed: most of these documents are read."""
    tree = json.loads(whole(name)["run.json"])
    places = [path for path in paths(tree) if path and path[0] in SECTIONS]
    *parents, last = data.draw(st.sampled_from(places))
    place = tree
    for step in parents:
        place = place[step]
    if isinstance(place[last], bool) or not isinstance(place[last], int | str):
        return
    place[last] = data.draw(st.integers(-1, 2**53 - 1) if isinstance(place[last], int) else st.decimals(-(10**9), 10**9, places=3).map(plain))
    judged({**whole(name), "run.json": encode(tree)})


def plain(value: Any) -> str:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def test_a_document_is_its_bytes_and_nothing_else() -> None:
    content = whole("searched")["run.json"]
    assert Run.read(content).canonical() == content and isinstance(judged(whole("searched")), Checked)
