"""Quality of real outputs: what the contract says of every held-out sample that a real backend answered."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from runner.contract.quality import Items, QualityResult, evaluate
from runner.quality.classification import evaluate_outputs, items
from tests.runner.backend_cases import REAL, WORKLOAD, Case, loaded

MANIFEST = WORKLOAD.manifest


def cell(found: Items, metric: str) -> QualityResult:
    return next(result for result in evaluate(found, "digits") if result.metric == metric and result.slice == "all")


@pytest.mark.parametrize("name", ["onnxruntime", "torch-eager"])
def test_fp32_gives_every_answer_of_the_reference(name: str) -> None:
    found = items(loaded(Case(name, "fp32")), WORKLOAD)
    assert cell(found, "agreement").count == cell(found, "agreement").n == 450
    assert float(cell(found, "largest_logit_difference").value) < 1e-4


def test_int8_loses_answers_that_accuracy_does_not_show() -> None:
    found = items(loaded(Case("onnxruntime", "int8")), WORKLOAD)
    agreement, accuracy = cell(found, "agreement"), cell(found, "accuracy")
    assert agreement.count is not None and 441 <= agreement.count < 450
    assert float(accuracy.value) >= 0.96
    assert float(cell(found, "largest_logit_difference").value) > 0.05


@pytest.mark.parametrize("case", REAL, ids=lambda case: case.id)
def test_a_last_batch_that_is_not_full_is_answered_in_order(case: Case) -> None:
    inputs = WORKLOAD.inputs[:10]
    single, batched = evaluate_outputs(loaded(case), inputs), evaluate_outputs(loaded(case, batch=4), inputs, batch=4)
    assert batched.shape == (10, 10)
    assert np.abs(batched - single).max() < 1e-4


class WritesHalf:
    """A backend that forgets the second half of its outputs from the second run on."""

    def __init__(self) -> None:
        self.buffer = np.zeros((1, 10), np.float32)

    def prepare(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return samples

    def run(self, prepared: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        self.buffer[:, :5] = 1
        return self.buffer

    def outputs(self, done: npt.NDArray[np.float32]) -> Mapping[str, npt.NDArray[np.float32]]:
        return {"logits": done}


def test_an_element_that_a_run_does_not_write_counts_as_not_finite() -> None:
    found = evaluate_outputs(WritesHalf(), WORKLOAD.inputs[:3])  # type: ignore[arg-type]
    assert np.isnan(found[:, 5:]).all() and not np.isnan(found[:, :5]).any()
