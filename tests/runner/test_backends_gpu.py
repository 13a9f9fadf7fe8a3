"""The same backends on a CUDA device, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from runner.backends.interface import Backend, BackendError
from runner.contract.executor import build
from runner.quality.classification import evaluate_outputs
from tests.runner.backend_cases import WORKLOAD, Case, loaded

pytestmark = pytest.mark.gpu
CASES = (Case("onnxruntime", "fp32"), Case("torch-eager", "fp32"))


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def backend(request: pytest.FixtureRequest) -> Backend:
    try:
        return loaded(request.param, device="cuda")
    except BackendError as error:
        pytest.skip(str(error))


def test_answers_on_the_device_agree_with_the_sealed_reference(backend: Backend) -> None:
    found = evaluate_outputs(backend, WORKLOAD.inputs)
    assert np.abs(found - WORKLOAD.reference).max() < 1e-3
    assert (found.argmax(axis=1) == WORKLOAD.reference.argmax(axis=1)).all()


def test_device_time_is_positive_where_it_is_claimed(backend: Backend) -> None:
    done = backend.run(backend.prepare(WORKLOAD.inputs[:1]))
    device_ns = backend.device_ns(done)
    assert (device_ns is not None and device_ns > 0) == ("device-time" in backend.capabilities)


def test_tf32_is_off_and_the_stream_is_stated(backend: Backend) -> None:
    described = build(backend.describe())
    texts = {**(described.sw.framework.flags.value or {}), **(described.sw.runtime.provider_options.value or {})}
    assert texts.get("cuda.matmul.fp32_precision", "ieee") == "ieee" and texts.get("CUDAExecutionProvider.use_tf32", "0") == "0"
    assert described.serving.streams.value == 1
