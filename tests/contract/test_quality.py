"""Quality is a matrix of counts with intervals, recomputed from items that must be the sealed ones."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.contract.problems import Problems
from runner.contract.quality import decode_items, encode_items, evaluate, identity_problems
from tests.builders import executor, items, methodology, quality


def test_accuracy_and_agreement_are_counts_out_of_n_per_class() -> None:
    found = quality(methodology(), executor(), flips=4)
    accuracy, agreement, one = found.cell("accuracy"), found.cell("agreement"), found.cell("accuracy", "class-1")
    assert accuracy and agreement and one
    assert (accuracy.count, accuracy.n, accuracy.value) == (36, 40, "0.9")
    assert (agreement.count, agreement.n) == (36, 40)
    assert (one.count, one.n) == (9, 10)
    assert accuracy.ci_low is not None and float(accuracy.ci_low) < 0.9 < float(accuracy.ci_high or 0)


def test_equal_accuracy_can_hide_changed_answers() -> None:
    chosen = items()
    wrong_reference = replace(chosen, reference=np.roll(chosen.reference, 1, axis=1))
    results = {(cell.metric, cell.slice): cell for cell in evaluate(wrong_reference, "digits")}
    assert results["accuracy", "all"].count == 40 and results["agreement", "all"].count == 0


def test_an_output_that_is_not_finite_is_never_right() -> None:
    chosen = items()
    chosen.logits[0, :] = np.nan
    chosen.logits[1, 0] = np.inf
    results = {(cell.metric, cell.slice): cell for cell in evaluate(chosen, "digits")}
    assert results["accuracy", "all"].count == 38
    assert results["non_finite_outputs", "all"].count == 2
    assert results["largest_logit_difference", "all"].value == "0"


def test_the_largest_difference_is_that_of_the_worst_item() -> None:
    chosen = items()
    chosen.logits[7, 2] += 0.125
    assert {cell.slice: cell.value for cell in evaluate(chosen, "digits") if cell.metric == "largest_logit_difference"}["all"] == "0.125"


def test_items_survive_the_way_to_bytes_and_back() -> None:
    found = decode_items(encode_items(items(3)))
    assert (found.labels == items(3).labels).all() and (found.logits == items(3).logits).all() and (found.reference == items(3).reference).all()


def test_items_other_than_the_sealed_ones_are_named() -> None:
    workload, chosen = methodology().workload, items()
    assert list(identity_problems(chosen, workload)) == []
    relabelled = replace(chosen, labels=np.roll(chosen.labels, 1))
    assert [problem.path for problem in identity_problems(relabelled, workload)] == ["quality_items.parquet.label"]
    kinder = replace(chosen, reference=chosen.logits * 2)
    assert [problem.code for problem in identity_problems(kinder, workload)] == ["R-31"]


def _parquet(**columns: pa.Array) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


WIDE = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(4), pa.float32()), 2)


def _wide(rows: int, width: int) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.repeat(pa.scalar(0, pa.float32()), rows * width), width)


def test_a_few_bytes_that_ask_for_more_room_than_allowed_are_refused_before_they_are_read() -> None:
    rows, width = 9_000, 1_000
    bomb = _parquet(label=pa.repeat(pa.scalar(0, pa.int64()), rows), logits=_wide(rows, width), reference=_wide(rows, width))
    assert len(bomb) < 100_000
    with pytest.raises(Problems, match="within"):
        decode_items(bomb)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1",
        encode_items(items())[:-10],
        _parquet(label=pa.array([1, 2])),
        _parquet(label=pa.array([1, 2]), logits=pa.array([[1.0], [2.0]]), reference=pa.array([[1.0], [2.0]])),
        _parquet(label=pa.array([1, None]), logits=WIDE, reference=WIDE),
        _parquet(label=pa.array([1.5, 2.5]), logits=WIDE, reference=WIDE),
        _parquet(label=pa.array([1, 2]), logits=WIDE, reference=WIDE, more=pa.array([1, 2])),
    ],
)
def test_items_of_another_shape_are_refused(content: bytes) -> None:
    with pytest.raises(Problems):
        decode_items(content)
