"""Every number that a run of semantics 2 states follows from its rows: each one that is altered is refused, and E alone may differ by one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.canonical import encode
from runner.contract.check import number_problems
from runner.contract.evidence import Evidence
from runner.contract.problems import Problem, Problems
from runner.contract.recompute import operating_points
from runner.contract.run import Run
from runner.contract.samples import STATUS
from runner.contract.surroundings import around
from tests.contract import grown
from tests.contract.grown import MS, Told, board, findings, mix, poisson, refusals, searched, stream, sweep

TOLD = {"stream": stream, "board": board, "sweep": sweep, "searched": searched, "mix": mix, "poisson": poisson}
PARTS = ("operating_points", "search", "thermal_regime")
FACTS = ("cpu_steal_ppm", "psi_cpu_some_avg10_ppm", "foreign_gpu_processes", "throttle", "energy_mj")
WORDS = ("certified", "refuted", "undetermined", "generator-limited", "clean", "thermal", "steady", "cold", "declared", "not_applicable", "capacity",
         "none", "latency_p50@1", "unreadable:other")  # fmt: skip
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
Path = tuple[str | int, ...]


def leaves(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Every leaf of the first and the last entry of each list, and each list itself."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place in sorted({0, len(value) - 1} if value else ()):
            yield from leaves(value[place], (*path, place))
        yield path, value
    else:
        yield path, value


def stated_leaves(tree: dict[str, Any]) -> Iterator[tuple[Path, object]]:
    """Leaves that the rows give: where a fact was read, and why one could not be, is the node's to say."""
    for part in PARTS:
        yield from leaves(tree.get(part), (part,))
    for place in {0, len(tree["trials"]) - 1}:
        for fact in FACTS:
            yield from leaves(tree["trials"][place][fact], ("trials", place, fact))


def others(value: object) -> Iterator[object]:
    """Values of the same kind that are not this one."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 9, max(0, value - 9), None)
    elif value is None:
        yield from (7, "7", True)
    elif isinstance(value, list):
        yield from (value[:-1], [*value, *value[-1:]], value[::-1]) if value else ([7], ["7"])
    elif isinstance(value, str):
        yield from (str(int(float(value)) + 9), None) if NUMBER.fullmatch(value) else WORDS


def put(tree: dict[str, Any], path: Path, value: object) -> Run | None:
    """The run document with another value at a place; None where the document refuses it by itself."""
    changed = json.loads(encode(tree))
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    try:
        return Run.read(encode(changed))
    except Problems:
        return None


def problems_of(found: Evidence) -> tuple[Problem, ...]:
    try:
        return tuple(number_problems(found))
    except Problems as refused:
        return refused.problems


def e_of(path: Path) -> bool:
    return "effective" in path or "effective_by_trial" in path


@pytest.mark.parametrize("name", TOLD)
def test_a_run_whose_numbers_the_rows_give_is_accepted(name: str) -> None:
    found = TOLD[name]().evidence
    assert problems_of(found) == ()
    assert findings(found) == {"undeclared"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name == "board" else name for name in TOLD])
def test_no_number_word_or_list_that_a_run_states_can_be_another_one(name: str) -> None:
    found = TOLD[name]().evidence
    tree = found.run.model_dump(mode="json")
    tried, passed = 0, []
    for path, value in stated_leaves(tree):
        if path[-1] == "source" or path[-1] == "telemetry_capabilities":
            continue
        for other in others(value):
            run = put(tree, path, other) if other != value else None
            if run is None or run == found.run:
                continue
            tried += 1
            if not problems_of(replace(found, run=run)) and not (path[-1] == "status" and str(value).startswith("unreadable:")):
                passed.append((path, value, other))
    assert tried > 100 and passed == []


def effective_of(run: Run) -> list[Path]:
    """Where a run states E."""
    return [path for path, value in stated_leaves(run.model_dump(mode="json")) if e_of(path) and isinstance(value, int)]


@pytest.mark.parametrize("name", ["stream", "board", "sweep", "searched", "poisson"])
@pytest.mark.parametrize("by", [-1, 1])
def test_an_e_that_differs_by_one_is_taken_and_what_follows_from_it_is_computed_from_it(name: str, by: int) -> None:
    found = TOLD[name]().evidence
    tree = found.run.model_dump(mode="json")
    for path in effective_of(found.run):
        value = grown_leaf(tree, path)
        for step, taken in ((by, True), (2 * by * (9 if "search" in path else 1), False)):
            run = put(tree, path, value + step)
            if run is None:
                continue
            refused = problems_of(replace(found, run=run))
            if not taken:
                assert refused, path
            elif refused:  # more than there are rows, or something that follows from E is no longer what is stated
                assert all(follows_from_e(problem.path) for problem in refused), (path, refused)


def follows_from_e(path: str) -> bool:
    return path.endswith((".needed", ".answer", ".requests_fewest")) or "effective" in path


def grown_leaf(tree: Any, path: Path) -> int:
    for step in path:
        tree = tree[step]
    assert isinstance(tree, int)
    return tree


def test_more_effective_requests_than_rows_are_refused_and_nothing_else_happens() -> None:
    told = poisson()
    even = told.changed(samples=replace(told.samples, t_last_ns=told.samples.t_sent_ns + 4 * MS)).evidence
    point = even.run.operating_points[0]
    assert point.certificate is not None
    tree = even.run.model_dump(mode="json")
    for one in tree["operating_points"][0]["certificate"]["effective_by_trial"], tree["operating_points"][0]["metrics"][0]["effective_by_trial"]:
        one[:] = [len(even.samples.only(index)) + 1 for index in range(3)]
    assert refusals(replace(even, run=Run.read(encode(tree)))) == {"numbers-differ"}


def test_a_certificate_follows_the_stated_e() -> None:
    found = sweep().evidence
    certificate = found.run.operating_points[0].certificate
    assert certificate is not None and certificate.answer == "undetermined"
    tree = found.run.model_dump(mode="json")
    place = tree["operating_points"][0]["certificate"]
    place["effective_by_trial"] = [value - 1 for value in place["effective_by_trial"]]
    stated = Run.read(encode(tree))
    true = operating_points(found.samples, stated.trials, found.methodology, 1, around(found), stated.operating_points)[0].certificate
    assert true is not None and true.effective_by_trial == tuple(place["effective_by_trial"])
    assert true.needed is not None and certificate.needed is not None and true.needed > certificate.needed
    assert {problem.path for problem in problems_of(replace(found, run=stated))} == {"run.operating_points[0].certificate.needed"}
    place["needed"] = true.needed
    assert problems_of(replace(found, run=Run.read(encode(tree)))) == ()


def test_a_percentile_that_is_withheld_for_its_e_may_differ_by_one_too() -> None:
    told = correlated()
    found = told.evidence
    withheld = [one for one in found.run.operating_points[0].withheld if one.reason == "too-few-effective-requests"]
    assert withheld and all(sum(one.effective_by_trial) == one.requests_fewest for one in withheld)
    tree = found.run.model_dump(mode="json")
    place = next(one for one in tree["operating_points"][0]["withheld"] if "effective_by_trial" in one)
    place["effective_by_trial"][0] += 1
    place["requests_fewest"] += 1
    assert problems_of(replace(found, run=Run.read(encode(tree)))) == ()
    place["effective_by_trial"][0] += 1
    place["requests_fewest"] += 1
    assert problems_of(replace(found, run=Run.read(encode(tree)))) != ()


def correlated() -> Told:
    """A stream whose services come in long runs of slow and quick ones, so that few of its requests are worth one of their own."""
    told, parts = stream(), []
    for one in told.trials[:3]:
        n, start = 160, one.window_start_ns
        service = np.where(np.arange(n) // 40 % 2 == 0, 20 * MS, 40 * MS) + np.random.default_rng(one.index).integers(0, MS, n)
        ends = start + np.cumsum(service + grown.LAG)
        begins = np.concatenate([[start], ends[:-1]])
        parts.append(grown.answered(told.how, grown.rows(one.index, 0, (begins, begins + grown.LAG, ends))))
    return told.changed(samples=grown.joined(parts), trials=told.trials[:3])


@pytest.mark.parametrize("told", [stream, poisson])
def test_audit_trials_change_no_number_of_a_run(told: Any) -> None:
    whole = told()
    kept = whole.samples.trial < 3
    bare = whole.changed(samples=whole.samples.rows(kept), trials=whole.trials[:3])
    assert bare.run.operating_points == whole.run.operating_points and len(whole.trials) == 5
    assert bare.run.thermal_regime == whole.run.thermal_regime


def test_rows_of_an_audit_trial_change_no_number_however_they_look() -> None:
    told = stream()
    wild = replace(told.samples, status=np.where(told.samples.trial >= 3, STATUS["error"], told.samples.status).astype(np.int8))
    assert told.changed(samples=wild).run.operating_points == told.run.operating_points


def test_what_does_not_apply_is_not_stated() -> None:
    point = stream().run.operating_points[0].model_dump(mode="json")
    assert not {"device", "power", "energy", "throttle", "batches", "classes", "sustained"} & point.keys()
    assert {"lag", "certificate", "goodput"} <= point.keys()
    assert {"device", "power", "energy", "throttle", "sustained"} <= board().run.operating_points[0].model_dump(mode="json").keys()
    assert {"batches", "classes"} <= mix().run.operating_points[0].model_dump(mode="json").keys()


def test_the_older_semantics_state_none_of_it() -> None:
    found = stream().evidence
    older = grown.asking(found, "protocol", measurement_semantics=1)
    point = operating_points(found.samples, found.run.trials, older.methodology, 1, around(older))[0]
    assert not {"lag", "certificate", "goodput"} & point.model_dump(mode="json").keys()
    assert all(value.effective_by_trial == () for value in point.metrics)


def test_a_variation_of_device_times_is_exact_where_their_sum_leaves_64_bits() -> None:
    told = board()
    assert told.samples.device_ns is not None
    huge = replace(told.samples, device_ns=np.full(len(told.samples), 2**53 - 1, np.int64))
    device = told.changed(samples=huge).run.operating_points[0].device
    assert device is not None and device.variation_ppm == 0 and device.p50_ns == 2**53 - 1


def test_numbers_of_another_size_do_not_wander_into_a_neighbour() -> None:
    """Two points whose names are exchanged, and two trials that are, are refused."""
    found = sweep().evidence
    first, second = found.run.operating_points
    exchanged = (first.model_copy(update={"name": "p1"}), second.model_copy(update={"name": "p0"}))
    assert "numbers-differ" in refusals(grown.stating(found, operating_points=exchanged))
    assert "numbers-differ" in refusals(grown.stating(found, operating_points=(second, first)))
    assert "numbers-differ" in refusals(grown.stating(found, operating_points=(first,)))
    assert "numbers-differ" in refusals(grown.stating(found, operating_points=(first, second, second)))
