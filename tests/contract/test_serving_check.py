"""Sizes of batches are those of the serving shape that the executor states, and a shape that nobody knows is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runner.contract.evidence import Evidence
from runner.contract.executor import Executor
from runner.contract.serving_check import MOST_ANSWERED, serving_problems
from tests import builders
from tests.builders import seen
from tests.contract.grown import asking, executor, mix, poisson, refusals, rowed, stream

ONES = np.ones(len(stream().samples), np.int32)


def shape(policy: str, most: int) -> Executor:
    return executor(serving__batch_policy=seen(policy), serving__max_batch=seen(most))


def told(found: Evidence) -> set[str]:
    return {problem.path.partition(" (")[0] for problem in serving_problems(found)}


@pytest.mark.parametrize(
    ("policy", "most", "size", "path"),
    [
        ("single", 1, 1, None),
        ("single", 1, 2, "samples.parquet:batch_size"),
        ("single", 8, 1, "executor.before.json:serving.max_batch"),
        ("fixed", 8, 8, None),
        ("fixed", 8, 7, "samples.parquet:batch_size"),
        ("fixed", 8, 9, "samples.parquet:batch_size"),
        ("dynamic", 8, 1, None),
        ("dynamic", 8, 8, None),
        ("dynamic", 8, 9, "samples.parquet:batch_size"),
        ("as_requested", 1, 1, "executor.before.json:serving.batch_policy"),
        ("cunning", 8, 8, "executor.before.json:serving.batch_policy"),
        ("single", 0, 1, "executor.before.json:serving.max_batch"),
        ("fixed", -3, 1, "executor.before.json:serving.max_batch"),
    ],
)
def test_sizes_follow_the_stated_shape(policy: str, most: int, size: int, path: str | None) -> None:
    found = replace(rowed(stream().evidence, batch_size=ONES * size), before=shape(policy, most))
    assert told(found) == ({path} if path else set())


def test_one_row_of_another_size_is_named() -> None:
    sizes = ONES * 8
    sizes[77] = 4
    found = replace(rowed(stream().evidence, batch_size=sizes), before=shape("fixed", 8))
    assert [problem.path for problem in serving_problems(found)] == ["samples.parquet:batch_size (row 77)"]


def test_a_request_of_a_class_carries_the_samples_of_that_class() -> None:
    found = mix().evidence
    assert not told(found)
    sizes = found.samples.batch_size.copy()
    sizes[5] = 5 - sizes[5]
    assert told(rowed(found, batch_size=sizes)) == {"samples.parquet:batch_size"}


def test_classes_and_as_requested_belong_together() -> None:
    found = mix().evidence
    for policy, most in (("single", 1), ("fixed", 4), ("dynamic", 4)):
        assert "executor.before.json:serving.batch_policy" in told(replace(found, before=shape(policy, most)))


def test_a_class_that_the_load_does_not_have_is_left_to_the_schedule() -> None:
    found = mix().evidence
    assert found.samples.klass is not None
    assert not told(rowed(found, klass=found.samples.klass + 7))


def test_more_samples_than_memory_should_hold_are_refused_before_they_are_counted() -> None:
    near, beyond = MOST_ANSWERED // len(ONES), MOST_ANSWERED // len(ONES) + 1
    for size, wrong in ((near, False), (beyond, True), (2**31 - 1, True)):
        found = replace(rowed(stream().evidence, batch_size=ONES * np.int32(size)), before=shape("fixed", size))
        assert ("too-large" in {problem.code for problem in serving_problems(found)}) is wrong


def test_the_older_semantics_know_any_shape() -> None:
    found = replace(asking(poisson().evidence, "protocol", measurement_semantics=1), before=shape("cunning", 1))
    assert not told(found) and not told(builders.evidence())


def test_the_order_of_other_columns_does_not_matter() -> None:
    found = mix().evidence
    assert found.samples.klass is not None and set(np.unique(found.samples.batch_size)) == {1, 4}
    assert (found.samples.batch_size == np.where(found.samples.klass == 1, 4, 1)).all()


@pytest.mark.parametrize(("workers", "refused"), [(1_024, False), (1_025, True)])
@pytest.mark.parametrize("name", ["replicas", "streams"])
def test_workers_without_number_would_found_every_wait(name: str, workers: int, refused: bool) -> None:
    found = replace(poisson().evidence, before=executor(**{f"serving__{name}": seen(workers)}))
    assert (f"executor.before.json:serving.{name}" in told(found)) is refused


def test_a_batch_of_any_stated_size_costs_no_memory_under_dynamic_batching() -> None:
    huge = np.full(len(poisson().samples), 2**31 - 1, np.int32)
    found = replace(rowed(poisson().evidence, batch_size=huge), before=shape("dynamic", 2**31 - 1))
    rows = found.rows(found.run.trials[0], found.run.trials[0].points[0])
    assert rows.inferences_inside == rows.completed_inside == len(rows.done_ns)
    assert "batch-inconsistent" in refusals(found)
