"""The digits workload: verified files, one set of weights in two formats, and a manifest that says how each came to be."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from runner.contract.canonical import encode
from runner.contract.methodology import Reference
from runner.contract.quality import labels_digest, outputs_digest
from runner.workloads import WORKLOADS, WorkloadError, open_workload
from runner.workloads.digits.card import card
from runner.workloads.digits.images import PREPROCESSING, preprocess, split

WORKLOAD = open_workload("digits-cnn")
MANIFEST = WORKLOAD.manifest
# The recipe's tools are for development; a node may have a runtime and not these.
RECIPE_TOOLS = all(importlib.util.find_spec(name) for name in ("torch", "onnx", "onnxruntime", "sklearn"))
needs_recipe_tools = pytest.mark.skipif(not RECIPE_TOOLS, reason="the recipe needs torch, onnx, onnxruntime and scikit-learn")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in (*MANIFEST.files, "manifest.json"):
        shutil.copy(WORKLOAD.folder / name, tmp_path / name)
    return tmp_path


def test_every_file_is_the_one_that_the_manifest_names() -> None:
    WORKLOAD.verify()
    assert {"model.fp32.onnx", "model.int8.onnx", "weights.npz", "inputs.npy", "labels.npy", "reference.npy"} == set(MANIFEST.files)


@pytest.mark.parametrize("name", sorted(MANIFEST.files))
def test_a_changed_file_is_an_error_that_names_it(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(WorkloadError, match=rf"{re.escape(name)}: expected SHA-256 .* the file changed"):
        open_workload("digits-cnn", copied).verify()


def test_a_missing_file_is_an_error_that_names_it(copied: Path) -> None:
    (copied / "labels.npy").unlink()
    with pytest.raises(WorkloadError, match="labels.npy: No such file"):
        _ = open_workload("digits-cnn", copied).labels


def test_a_missing_manifest_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="manifest.json"):
        open_workload("digits-cnn", tmp_path)


def test_a_changed_model_is_not_handed_to_a_backend(copied: Path) -> None:
    (copied / "weights.npz").write_bytes(b"PK")
    with pytest.raises(WorkloadError, match="weights.npz"):
        open_workload("digits-cnn", copied).artifact("fp32", "npz")


def test_an_unknown_workload_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(WorkloadError, match=f"'resnet' is unknown; there are {', '.join(WORKLOADS)}"):
        open_workload("resnet")


@pytest.mark.parametrize(("precision", "runtime_format"), [("bf16", "onnx"), ("int8", "npz"), ("fp32", "engine")])
def test_a_model_that_does_not_exist_is_refused_with_those_that_do(precision: str, runtime_format: str) -> None:
    with pytest.raises(WorkloadError, match="there are model.fp32.onnx, model.int8.onnx, weights.npz"):
        WORKLOAD.artifact(precision, runtime_format)


def test_the_whole_workload_stays_small() -> None:
    assert sum(path.stat().st_size for path in WORKLOAD.folder.iterdir() if path.is_file()) < 1_500_000


def test_inputs_labels_and_reference_are_one_row_a_sample() -> None:
    assert WORKLOAD.inputs.shape == (450, 1, 8, 8) and WORKLOAD.inputs.dtype == np.float32
    assert WORKLOAD.labels.shape == (450,) and set(WORKLOAD.labels.tolist()) == set(range(10))
    assert WORKLOAD.reference.shape == (450, 10) and np.isfinite(WORKLOAD.reference).all()


def test_sealed_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        WORKLOAD.inputs[0] = 0


def test_identities_are_those_that_the_contract_computes() -> None:
    assert labels_digest(WORKLOAD.labels) == WORKLOAD.labels_sha256
    assert outputs_digest(WORKLOAD.reference) == WORKLOAD.reference_sha256
    Reference(precision=MANIFEST.reference.precision, outputs_sha256=WORKLOAD.reference_sha256)
    together = WORKLOAD.inputs.astype("<f4").tobytes() + WORKLOAD.labels.astype("<i8").tobytes()
    assert hashlib.sha256(together).hexdigest() == WORKLOAD.dataset_sha256


def test_the_manifest_is_canonical_and_its_preprocessing_is_the_one_in_the_code() -> None:
    content = (WORKLOAD.folder / "manifest.json").read_bytes()
    assert encode(MANIFEST.model_dump(mode="json")) == content
    assert MANIFEST.preprocessing == PREPROCESSING


def test_nothing_that_trains_or_tunes_is_held_out() -> None:
    known = MANIFEST.dataset
    train, selection, held_out = set(known.train), set(known.selection), set(known.held_out)
    assert set(known.calibration) <= train
    assert not train & selection and not (train | selection) & held_out
    assert train | selection | held_out == set(range(1_797))


def test_the_split_in_the_manifest_is_the_one_in_the_code() -> None:
    parts, known = split(1_797), MANIFEST.dataset
    assert (parts.train, parts.calibration, parts.selection, parts.held_out) == (known.train, known.calibration, known.selection, known.held_out)


def test_the_card_says_what_the_manifest_says() -> None:
    assert (WORKLOAD.folder / "CARD.md").read_text() == card(MANIFEST)


def test_the_reference_answers_as_many_correctly_as_the_manifest_states() -> None:
    assert int((WORKLOAD.reference.argmax(axis=1) == WORKLOAD.labels).sum()) == MANIFEST.training.held_out_correct


@needs_recipe_tools
@pytest.mark.parametrize("name", ["model.fp32.onnx", "model.int8.onnx"])
def test_an_exchange_file_holds_no_path_and_no_name_of_a_machine(name: str) -> None:
    import onnx

    model = onnx.load(WORKLOAD.folder / name, load_external_data=False)
    assert not any(one.HasField("data_location") and one.data_location for one in model.graph.initializer)
    for one in model.graph.initializer:
        one.ClearField("raw_data")
    text = model.SerializeToString()
    assert b"conv1.weight" in text
    assert not re.search(rb"[/\\\\][A-Za-z_.-]{2,}[/\\\\]|\.py\b|site-packages|File \"", text)


@needs_recipe_tools
def test_torch_weights_are_the_initialisers_of_the_exchange_file() -> None:
    import onnx

    graph = onnx.load(WORKLOAD.folder / "model.fp32.onnx").graph
    initialisers = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    with np.load(WORKLOAD.folder / "weights.npz", allow_pickle=False) as weights:
        assert sum(weights[name].size for name in weights) == MANIFEST.training.parameters
        assert all(np.array_equal(weights[name], initialisers[name]) for name in weights)
        assert all(name in weights for name, values in initialisers.items() if values.dtype == np.float32)


@needs_recipe_tools
def test_int8_weights_follow_from_the_fp32_weights_by_their_scales() -> None:
    import onnx

    held = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(WORKLOAD.folder / "model.int8.onnx").graph.initializer}
    with np.load(WORKLOAD.folder / "weights.npz", allow_pickle=False) as weights:
        for layer in ("conv1", "conv2", "conv3", "dense1", "dense2"):
            scale, quantized = held[f"{layer}.weight_scale"], held[f"{layer}.weight_quantized"]
            restored = quantized.astype(np.float32) * scale.reshape(-1, *([1] * (quantized.ndim - 1)))
            assert np.abs(restored - weights[f"{layer}.weight"]).max() <= scale.max() * 0.501
            assert not MANIFEST.quantization.reduce_range or np.abs(quantized.astype(int)).max() <= 64


@needs_recipe_tools
def test_the_recipe_that_stands_here_is_the_one_that_made_the_files() -> None:
    from runner.workloads.digits import recipe

    assert recipe.recipe_digest() == MANIFEST.recipe_sha256
    assert MANIFEST.layers == recipe.LAYERS


@needs_recipe_tools
def test_the_sealed_samples_are_the_ones_that_scikit_learn_carries() -> None:
    from sklearn.datasets import load_digits

    digits, held_out = load_digits(), list(MANIFEST.dataset.held_out)
    assert np.array_equal(preprocess(digits.data)[held_out], WORKLOAD.inputs)
    assert np.array_equal(digits.target[held_out], WORKLOAD.labels)
