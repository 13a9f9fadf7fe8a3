"""Answers kept under load are those of the requests that were drawn, of the samples that were ordered, and all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.contract.audit_answers import (
    DENSE,
    DENSE_ONE_IN,
    EPOCHS,
    ONE_IN,
    SPARE,
    answers_of,
    drawing_problems,
    drawn_requests,
    performance_mismatches,
    sample_places,
)  # fmt: skip
from runner.contract.evidence import Evidence
from runner.contract.samples import NOT_FINITE, NOT_KEPT, STATUS, Samples
from runner.contract.schedules import sample_order
from tests.contract.grown import AUDITS, SECOND, Told, answered, asking, executor, joined, methodology, poisson, rowed, rows, stream, trial


def told(found: Evidence) -> set[str]:
    return {problem.path for problem in drawing_problems(found)}


def slots(requests: int = 4_000, keep: bool = True) -> Told:
    """Two slots that take turns in one order: rows say which sample they took."""
    how = methodology(load__process="concurrent_streams", load__concurrency=2, protocol__audits=AUDITS)
    what, start, parts, trials = executor(), 2 * SECOND, [], []
    for index, purpose in enumerate(("measure", "repeat-one-sample")):
        begin = start + index * 20 * SECOND
        each = np.arange(requests // 2) * 2_000_000
        scheduled = np.sort(np.concatenate([begin + each, begin + each + 1_000]))
        table = rows(index, 0, (scheduled, scheduled + 200, scheduled + 1_900_000), queue_ns=np.zeros(len(scheduled), np.int64))
        table = answered(how, table, repeat=purpose == "repeat-one-sample", told=True)
        parts.append(table if keep else replace(table, answer=np.full(len(table), NOT_KEPT, np.int32)))
        trials.append(trial(index, what, begin, begin + 5 * SECOND, purpose=purpose))
    return Told(how, what, joined(parts), tuple(trials))


def column(found: Evidence, name: str) -> np.ndarray:
    values = getattr(found.samples, name)
    assert values is not None
    return values.copy()


def test_answers_of_the_drawn_requests_are_accepted_and_right() -> None:
    for made in (stream(), poisson(), slots()):
        found = made.evidence
        assert not told(found)
        assert all(wrong == 0 and kept > 0 for _, kept, wrong in performance_mismatches(found))


@pytest.mark.parametrize("purpose_of", [0, 3, 4])
def test_an_answer_of_a_request_that_was_not_drawn_is_refused(purpose_of: int) -> None:
    found = poisson().evidence
    answer, mine = column(found, "answer"), found.samples.trial == purpose_of
    answer[np.flatnonzero(mine & (answer == NOT_KEPT))[0]] = 0
    assert told(rowed(found, answer=answer)) == {f"samples.parquet:answer (trial {purpose_of}, point 0)"}


def test_an_answer_that_was_left_out_is_refused() -> None:
    found = poisson().evidence
    answer = column(found, "answer")
    answer[np.flatnonzero(answer != NOT_KEPT)[0]] = NOT_KEPT
    assert told(rowed(found, answer=answer)) == {"samples.parquet:answer (trial 0, point 0)"}


def test_no_answer_at_all_is_not_a_run_that_kept_its_answers() -> None:
    found = poisson().evidence
    assert len(told(rowed(found, answer=np.full(len(found.samples), NOT_KEPT, np.int32)))) == 5


def test_a_request_that_failed_has_no_answer() -> None:
    found = poisson().evidence
    answer, status = column(found, "answer"), found.samples.status.copy()
    failed = int(np.flatnonzero(answer != NOT_KEPT)[0])
    status[failed] = STATUS["error"]
    assert told(rowed(found, status=status)) == {"samples.parquet:answer (trial 0, point 0)"}
    answer[failed] = NOT_KEPT
    assert not told(rowed(found, status=status, answer=answer))


def test_a_search_keeps_no_answers() -> None:
    found = poisson().evidence
    trials = (found.run.trials[0].model_copy(update={"purpose": "search"}), *found.run.trials[1:])
    changed = replace(found, run=found.run.model_copy(update={"trials": trials}))
    assert told(changed) == {"samples.parquet:answer (trial 0, point 0)"}


def test_samples_that_somebody_chose_are_refused_where_their_order_is_known() -> None:
    """Writing samples down must not free anybody from the drawing."""
    found = poisson().evidence
    true = np.concatenate([places(found, index) for index in range(5)])
    assert not told(rowed(found, sample=true.astype(np.int32)))
    easy = rowed(found, sample=np.zeros(len(true), np.int32))
    assert {path for path in told(easy) if "sample" in path.partition(":")[2]} == {
        f"samples.parquet:sample (trial {index}, point 0)" for index in range(5)
    }
    chosen = column(found, "answer")
    chosen[:] = NOT_KEPT
    assert "samples.parquet:answer (trial 0, point 0)" in told(rowed(found, answer=chosen, sample=true.astype(np.int32)))


def places(found: Evidence, index: int) -> np.ndarray:
    one = found.run.trials[index]
    return sample_places(found, one.seed, one.purpose, found.samples.only(index), 0, index)


def test_slots_keep_about_as_many_answers_as_are_drawn() -> None:
    """Which of their requests were drawn cannot be told, but that none were can."""
    assert not told(slots().evidence) and len(told(slots(keep=False).evidence)) == 2
    assert not told(slots(requests=SPARE - 2, keep=False).evidence)


def test_a_slot_that_repeats_one_sample_repeats_that_one() -> None:
    found = slots().evidence
    sample, mine = column(found, "sample"), found.samples.trial == 1
    assert len(set(sample[mine].tolist())) == 1
    assert told(rowed(found, sample=np.where(mine & (found.samples.request == 9), (sample + 1) % 40, sample).astype(np.int32))) == {
        "samples.parquet:sample (trial 1, point 0)"
    }


@pytest.mark.parametrize("sample", [40, 2**31 - 1])
def test_a_sample_that_the_data_set_does_not_have_is_refused_before_it_is_looked_up(sample: int) -> None:
    found = slots().evidence
    values = column(found, "sample")
    values[3] = sample
    assert told(rowed(found, sample=values)) == {"samples.parquet:sample"}


def test_a_data_set_too_large_to_order_in_every_window_is_too_large() -> None:
    found = poisson().evidence
    for size, codes in ((2**53 - 1, {"too-large"}), (4_000_001, {"too-large"}), (4_000_000, set())):
        assert {problem.code for problem in drawing_problems(asking(found, "workload", n_samples=size))} == codes


def test_an_answer_is_the_class_or_says_that_there_is_none() -> None:
    logits = np.array([[0, 3, 1], [np.nan, 1, 0], [1, np.inf, 0], [5, 5, 5]], np.float32)
    assert answers_of(logits).tolist() == [1, NOT_FINITE, NOT_FINITE, 0]


def test_a_changed_answer_is_counted_in_its_own_trial() -> None:
    found = poisson().evidence
    answer = column(found, "answer")
    wrong = np.flatnonzero((answer != NOT_KEPT) & (found.samples.trial == 4))[:2]
    answer[wrong] = (answer[wrong] + 1) % 4
    assert [(index, wrong_) for index, _, wrong_ in performance_mismatches(rowed(found, answer=answer))] == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 2)]


@pytest.mark.parametrize("missing", ["answer", "items"])
def test_without_answers_or_an_evaluation_there_is_nothing_to_compare(missing: str) -> None:
    found = poisson().evidence
    bare = replace(found, items=None) if missing == "items" else replace(found, samples=replace(found.samples, answer=None))
    assert list(performance_mismatches(bare)) == []


def test_the_drawing_is_dense_at_first_and_does_not_depend_on_the_length_of_a_window() -> None:
    long = drawn_requests("7", 100_000, 0, 0)
    assert abs(len(long[long < DENSE]) - DENSE // DENSE_ONE_IN) < 30 and abs(len(long) - 100_000 // ONE_IN) < 200
    assert drawn_requests("7", 500, 0, 0).tolist() == long[long < 500].tolist()
    assert drawn_requests("7", 0, 0, 0).tolist() == [] and drawn_requests("8", 500, 0, 0).tolist() != drawn_requests("7", 500, 0, 0).tolist()


def test_an_order_cut_to_what_is_needed_is_the_whole_one_to_that_place() -> None:
    found = poisson().evidence
    for n in (1, 39, 40, 41, 40 * EPOCHS, 40 * EPOCHS + 3):
        table: Samples = rows(0, 0, (np.arange(n), np.arange(n), np.arange(n)))
        whole = sample_order(40, 40 * EPOCHS, found.methodology.load.seed, 0, 0)
        assert (sample_places(found, None, "measure", table, 0, 0) == whole[np.arange(n) % len(whole)]).all()
        assert set(sample_places(found, None, "repeat-one-sample", table, 0, 0).tolist()) == {int(whole[0])}


def test_the_same_samples_are_asked_for_in_every_trial_in_another_order() -> None:
    found: Any = poisson().evidence
    orders = [tuple(places(found, index)[:40].tolist()) for index in (0, 1, 2, 4)]
    assert len(set(orders)) == 4 and all(sorted(order) == list(range(40)) for order in orders)
