"""What every backend promises, each promise held by the real runtime on the real model."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from runner.backends import BACKENDS, names, open_backend
from runner.backends.interface import Backend, BackendError, ExecutorConfig
from runner.contract.executor import Executor, build
from runner.contract.fields import facts
from tests.runner.backend_cases import ALL, REAL, WORKLOAD, Case, loaded

OWNED = ("sw.framework", "sw.runtime", "sw.kernel_libs", "sw.cuda.framework_build", "compile", "precision.loader", "serving")
ADAPTED_TO_INT8 = ("compile.artifact.weights_sha256", "compile.artifact.weights_bytes", "compile.artifact.op_counts")
INPUTS = WORKLOAD.inputs


@pytest.fixture(params=REAL, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def backend(case: Case) -> Iterator[Backend]:
    opened = loaded(case)
    yield opened
    opened.close()


def answers(backend: Backend, place: int) -> np.ndarray:
    return backend.outputs(backend.run(backend.prepare(INPUTS[place : place + 1])))["logits"].copy()


def test_every_element_of_a_poisoned_output_is_written_before_run_returns(backend: Backend) -> None:
    prepared = backend.prepare(INPUTS[:1])
    buffer = backend.outputs(backend.run(prepared))["logits"]
    for poison in (np.nan, np.float32(1e30)):
        buffer.fill(poison)
        written = backend.outputs(backend.run(prepared))["logits"]
        assert np.isfinite(written).all() and np.abs(written).max() < 1e3


def test_the_same_input_gives_the_same_bytes_each_time(backend: Backend) -> None:
    prepared = backend.prepare(INPUTS[3:4])
    first = backend.outputs(backend.run(prepared))["logits"].copy()
    assert all(np.array_equal(backend.outputs(backend.run(prepared))["logits"], first) for _ in range(20))


def test_outputs_depend_on_the_inputs(backend: Backend) -> None:
    assert len({answers(backend, place).tobytes() for place in range(20)}) == 20


def test_a_request_between_two_others_answers_its_own_sample(backend: Backend) -> None:
    alone = answers(backend, 7)
    prepared = [backend.prepare(INPUTS[place : place + 1]) for place in (6, 7, 8)]
    done = [backend.run(one) for one in prepared]
    assert np.array_equal(backend.outputs(done[1])["logits"], alone)


def test_changing_the_samples_after_prepare_changes_nothing(backend: Backend) -> None:
    samples = INPUTS[:1].copy()
    prepared = backend.prepare(samples)
    samples.fill(0)
    assert np.array_equal(backend.outputs(backend.run(prepared))["logits"], answers(backend, 0))


def test_a_smaller_batch_and_refilled_buffers_give_the_answers_of_their_samples(case: Case) -> None:
    single, batched = loaded(case), loaded(case, batch=4)
    prepared = batched.prepare(INPUTS[:3])
    batched.run(prepared)
    batched.refill(prepared, INPUTS[5:8])
    together = batched.outputs(batched.run(prepared))["logits"]
    alone = np.concatenate([single.outputs(single.run(single.prepare(INPUTS[place : place + 1])))["logits"].copy() for place in (5, 6, 7)])
    assert together.shape == alone.shape and (together.argmax(axis=1) == alone.argmax(axis=1)).all()


def test_a_batch_gives_the_answers_of_its_samples(case: Case) -> None:
    single, batched = loaded(case), loaded(case, batch=4)
    together = batched.outputs(batched.run(batched.prepare(INPUTS[:4])))["logits"]
    apart = np.concatenate([answers(single, place) for place in range(4)])
    assert together.shape == (4, 10)
    assert np.abs(together - apart).max() < 1e-4


def test_a_thousand_runs_allocate_nothing_that_stays(backend: Backend) -> None:
    prepared = backend.prepare(INPUTS[:1])
    backend.warmup(prepared)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1_000):
            backend.run(prepared)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 4_096 and peak - before < 16_384


def test_device_time_on_a_cpu_is_none(backend: Backend) -> None:
    assert backend.device_ns(backend.run(backend.prepare(INPUTS[:1]))) is None
    assert "device-time" not in backend.capabilities


def test_a_request_of_another_shape_is_refused_and_the_backend_stays_usable(backend: Backend) -> None:
    expected = answers(backend, 0)
    with pytest.raises(BackendError, match=r"\(1, 1, 8, 8\) \(got \(2, 1, 8, 8\)\)"):
        backend.prepare(INPUTS[:2])
    assert np.array_equal(answers(backend, 0), expected)


def test_a_failed_load_leaves_the_loaded_model_usable(backend: Backend) -> None:
    expected = answers(backend, 0)
    artifact = WORKLOAD.artifact("fp32", backend.runtime_format)
    with pytest.raises(BackendError, match="precision fp64 is not offered; offered are fp32"):
        backend.load(artifact, ExecutorConfig(precision="fp64"))
    assert np.array_equal(answers(backend, 0), expected)


def test_a_model_that_changed_after_it_was_verified_is_not_loaded(case: Case, tmp_path: Path) -> None:
    opened = loaded(case)
    artifact = WORKLOAD.artifact(case.precision, opened.runtime_format)
    changed = tmp_path / "changed"
    changed.write_bytes(artifact.path.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(BackendError, match="changed: the file changed since it was verified"):
        opened.load(dataclasses.replace(artifact, path=changed), ExecutorConfig(precision=case.precision))


def test_a_model_of_another_precision_is_refused() -> None:
    with pytest.raises(BackendError, match="the artifact is fp32 as onnx"):
        loaded(Case("onnxruntime", "int8")).load(WORKLOAD.artifact("fp32", "onnx"), ExecutorConfig(precision="int8"))


def test_a_closed_backend_says_that_nothing_is_loaded_and_loads_again(case: Case) -> None:
    opened = loaded(case)
    expected = answers(opened, 0)
    opened.close()
    with pytest.raises(BackendError, match="nothing is loaded"):
        opened.describe()
    opened.load(WORKLOAD.artifact(case.precision, opened.runtime_format), ExecutorConfig(precision=case.precision))
    assert np.array_equal(answers(opened, 0), expected)


def test_a_device_that_is_not_there_is_an_error_with_a_remedy(case: Case) -> None:
    opened = loaded(case)
    artifact = WORKLOAD.artifact(case.precision, opened.runtime_format)
    if _cuda(case.name):
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(BackendError, match="device cuda .*install"):
        opened.load(artifact, ExecutorConfig(precision=case.precision, device="cuda"))


@pytest.mark.parametrize("any_case", ALL, ids=lambda case: case.id)
def test_every_leaf_that_a_backend_owns_is_answered(any_case: Case) -> None:
    described = loaded(any_case).describe()
    owned = [path for path, _, _ in facts(Executor()) if path.startswith(OWNED)]
    unanswered = [path for path in owned if path not in described or not described[path].answered]
    assert unanswered == []
    build(described)


def test_describe_says_the_same_before_and_after_runs(backend: Backend) -> None:
    before = build(backend.describe()).fingerprint
    prepared = backend.prepare(INPUTS[:1])
    for _ in range(50):
        backend.run(prepared)
    assert build(backend.describe()).fingerprint == before


@pytest.mark.parametrize(("options", "path", "value"), [
    ({"threads_intra": 2}, "serving.threads_intra", 2),
    ({"batch": 4}, "serving.max_batch", 4),
])  # fmt: skip
def test_changing_one_option_changes_one_field(case: Case, options: dict[str, int], path: str, value: int) -> None:
    base = {"batch": 2}
    usual, changed = loaded(case, **base).describe(), loaded(case, **{**base, **options}).describe()
    loaded(case)  # one thread again, for the rest of this process
    # torch reads thread counts from the process, so its first description was taken while the first option was in effect
    assert {name for name in usual if usual[name].projected() != changed[name].projected()} == {path}
    assert changed[path].value == value


def test_no_operator_of_the_model_falls_back_on_a_cpu() -> None:
    for one in (Case("onnxruntime", "fp32"), Case("onnxruntime", "int8")):
        assert loaded(one).op_placement()["sw.runtime.fallback_ops"].value == 0


def test_int8_really_executes_quantised_operators() -> None:
    counts = loaded(Case("onnxruntime", "int8")).describe()["compile.artifact.op_counts"].value
    assert isinstance(counts, dict) and counts["QLinearConv"] == 3 and "Conv" not in counts


def test_fp32_and_int8_differ_in_the_artifact_alone() -> None:
    one, other = (loaded(Case("onnxruntime", precision)).describe() for precision in ("fp32", "int8"))
    assert {path for path in one if one[path].projected() != other[path].projected()} == set(ADAPTED_TO_INT8)


def test_a_precision_study_finds_equal_stack_compile_and_serving_blocks() -> None:
    one, other = (
        build({**loaded(Case("onnxruntime", precision)).describe(), **WORKLOAD.precision_fields(precision)}).block_digests
        for precision in ("fp32", "int8")
    )
    assert [block for block in one if one[block] != other[block]] == ["compile.artifact", "precision"]


def test_two_runtimes_at_fp32_have_one_precision() -> None:
    one, other = (
        build({**loaded(Case(name, "fp32")).describe(), **WORKLOAD.precision_fields("fp32")}).block_digests for name in ("torch-eager", "onnxruntime")
    )
    assert one["precision"] == other["precision"]
    assert one["sw"] != other["sw"] and one["precision.loader"] != other["precision.loader"]


def test_the_null_backend_serves_without_having_loaded_anything() -> None:
    request = object()
    assert open_backend("null").run(request) is request


def test_the_null_backend_writes_no_output() -> None:
    null = loaded(Case("null", "fp32"))
    assert np.isnan(null.outputs(null.run(null.prepare(INPUTS[:1])))["logits"]).all()


def test_an_unknown_backend_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(BackendError, match="'tensorrt' is unknown; there are null, onnxruntime, torch-eager"):
        open_backend("tensorrt")


def test_every_name_of_the_table_can_be_listed_without_importing_a_runtime() -> None:
    assert set(BACKENDS) <= set(names())


def _cuda(name: str) -> bool:
    if name == "torch-eager":
        import torch

        return torch.cuda.is_available()
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
