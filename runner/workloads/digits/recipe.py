"""The recipe of the digits workload: `python -m runner.workloads.digits.recipe` writes every file, `--check` makes them anew and compares.

A development tool: it needs scikit-learn, torch, onnx, onnxscript and onnxruntime. One thread, fixed seeds and deterministic algorithms give the same
bytes again with the same tools on the same instruction set. Another instruction set sums in another order, and forty epochs carry the difference on:
other weights of the same quality. `--check` therefore says whether the bytes agree and, where they do not, how many held-out answers do.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnxruntime import quantization
from sklearn.datasets import load_digits

from runner.backends import torch_layers
from runner.backends.interface import Export, Layer
from runner.contract.canonical import digest, encode, sha256
from runner.contract.quality import labels_digest
from runner.workloads import open_workload
from runner.workloads.digits.card import card
from runner.workloads.digits.images import PREPROCESSING, preprocess, split
from runner.workloads.manifest import (
    Candidate,
    DataSet,
    File,
    Manifest,
    QuantizationRecipe,
    ReferenceOutputs,
    Training,
    dataset_digest,
    float32_digest,
)

FOLDER = Path(__file__).parent
RECIPE_FILES = ("digits/recipe.py", "digits/images.py", "../backends/torch_layers.py")
LAYERS = (
    Layer(kind="conv2d", name="conv1", sizes=(1, 32, 3, 1)),
    Layer(kind="relu", name="relu1"),
    Layer(kind="conv2d", name="conv2", sizes=(32, 64, 3, 1)),
    Layer(kind="relu", name="relu2"),
    Layer(kind="conv2d", name="conv3", sizes=(64, 96, 3, 1)),
    Layer(kind="relu", name="relu3"),
    Layer(kind="max_pool2d", name="pool1", sizes=(4,)),
    Layer(kind="flatten", name="flatten"),
    Layer(kind="linear", name="dense1", sizes=(384, 96)),
    Layer(kind="relu", name="relu4"),
    Layer(kind="linear", name="dense2", sizes=(96, 10)),
)
SEED, EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY, OPSET = 20261123, 40, 64, "0.002", "0.0005", 20
LABEL_SMOOTHING = "0.1"
TOOLS = ("torch", "onnx", "onnxscript", "onnxruntime", "scikit-learn", "numpy")
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def make(folder: Path) -> Manifest:
    """Write every file of the workload to `folder`; the same bytes each time on the same tools and instruction set."""
    digits = load_digits()
    pixels, answers = preprocess(digits.data), np.asarray(digits.target, dtype=np.int64)
    parts = split(len(answers))
    model = trained(pixels[list(parts.train)], answers[list(parts.train)])
    inputs, labels = pixels[list(parts.held_out)], answers[list(parts.held_out)]
    np.savez(folder / "weights.npz", allow_pickle=False, **torch_layers.weights(model))
    export(model, folder / "model.fp32.onnx")
    reference = logits(folder / "model.fp32.onnx", inputs)
    for name, values in (("inputs", inputs.astype("<f4")), ("labels", labels.astype("<i8")), ("reference", reference.astype("<f4"))):
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    quantized = quantize(folder, pixels[list(parts.calibration)], pixels[list(parts.selection)], inputs, labels)
    manifest = Manifest(
        name="digits-cnn", version=1, purpose="stack_validation", task="digits", family="cnn", model_name="digits-cnn", input_name="image",
        output_name="logits", input_shape=(1, 8, 8), input_format="fp32", classes=10, files=files(folder), layers=LAYERS,
        preprocessing=PREPROCESSING,
        dataset=DataSet(
            name="optical-recognition-of-handwritten-digits", licence="CC BY 4.0",
            origin="UCI Machine Learning Repository, test part (E. Alpaydin, C. Kaynak, 1998), as carried by scikit-learn load_digits",
            sha256=dataset_digest(inputs, labels), inputs_sha256=float32_digest(inputs), labels_sha256=labels_digest(labels),
            samples=len(labels), train=parts.train, calibration=parts.calibration, selection=parts.selection, held_out=parts.held_out,
        ),
        training=Training(
            seed=SEED, epochs=EPOCHS, batch=BATCH, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY,
            schedule=f"AdamW, cosine to 0, label smoothing {LABEL_SMOOTHING}",
            parameters=sum(value.numel() for value in model.parameters()),
            train_correct=correct(logits(folder / "model.fp32.onnx", pixels[list(parts.train)]), answers[list(parts.train)]),
            held_out_correct=correct(reference, labels),
        ),
        exporter=exporter(folder / "model.fp32.onnx"), quantization=quantized,
        reference=ReferenceOutputs(
            precision="fp32", runtime="onnxruntime", runtime_version=version("onnxruntime"), provider="CPUExecutionProvider, one thread, batch 1",
            outputs_sha256=float32_digest(reference),
        ),
        recipe_sha256=recipe_digest(), tools={name: version(name) for name in TOOLS} | {"python": platform.python_version()},
    )  # fmt: skip
    (folder / "CARD.md").write_text(card(manifest))
    (folder / "manifest.json").write_bytes(encode(manifest.model_dump(mode="json")))
    return manifest


def trained(inputs: Floats, labels: Integers) -> torch.nn.Sequential:
    """The network trained on `inputs`: one thread, fixed seed, deterministic algorithms."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    model = torch_layers.network(LAYERS)
    images, answers = torch.from_numpy(inputs), torch.from_numpy(labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=float(LEARNING_RATE), weight_decay=float(WEIGHT_DECAY))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    order = torch.Generator().manual_seed(SEED)
    for epoch in range(EPOCHS):
        for chosen in torch.split(torch.randperm(len(answers), generator=order), BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(images[chosen]), answers[chosen], label_smoothing=float(LABEL_SMOOTHING))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss.item():.4f}", file=sys.stderr)
    return model.eval()


def export(model: torch.nn.Sequential, path: Path) -> None:
    """Write `model` as one ONNX file with its weights inside and with nothing in it that names the machine that wrote it."""
    sample = (torch.zeros(2, 1, 8, 8),)
    batch = ({0: torch.export.Dim("batch")},)
    program = torch.onnx.export(
        model, sample, dynamo=True, opset_version=OPSET, input_names=["image"], output_names=["logits"], dynamic_shapes=batch, verbose=False
    )
    assert program is not None
    exchanged = program.model_proto
    for part in _described(exchanged):
        part.ClearField("doc_string")
        del part.metadata_props[:]
    onnx.checker.check_model(exchanged)
    path.write_bytes(exchanged.SerializeToString(deterministic=True))


def _described(model: Any) -> Iterator[Any]:
    graph = model.graph
    yield from (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer)


class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Calibration images, one at a time."""

    def __init__(self, images: Floats) -> None:
        self.left = iter(images)

    def get_next(self) -> dict[str, Floats] | None:
        """The next image as a batch of one, or None."""
        image = next(self.left, None)
        return None if image is None else {"image": image[None]}


def quantize(folder: Path, calibration: Floats, selection: Floats, inputs: Floats, labels: Integers) -> QuantizationRecipe:
    """Write `model.int8.onnx` from the fp32 file, with the weight range that agrees better on images of neither training nor evaluation.

    At equal agreement the reduced range wins: it cannot saturate on processors that add pairs of products in 16 bits.
    """
    source, candidates = folder / "model.fp32.onnx", []
    for reduce_range in (True, False):
        _quantized(source, folder / f"candidate-{reduce_range}.onnx", calibration, reduce_range)
        found, expected = logits(folder / f"candidate-{reduce_range}.onnx", selection), logits(source, selection)
        apart = np.abs(found.astype(np.float64) - expected.astype(np.float64))
        candidates.append(Candidate(
            reduce_range=reduce_range, samples=len(selection), agreeing=correct(found, expected.argmax(axis=1)),
            largest_logit_difference=_text(apart.max()), mean_logit_difference=_text(apart.mean()),
        ))  # fmt: skip
    chosen = max(candidates, key=lambda candidate: (candidate.agreeing, candidate.reduce_range))
    target = (folder / f"candidate-{chosen.reduce_range}.onnx").replace(folder / "model.int8.onnx")
    (folder / f"candidate-{not chosen.reduce_range}.onnx").unlink()
    held_out = logits(target, inputs)
    return QuantizationRecipe(
        producer_tool="onnxruntime.quantization", producer_version=version("onnxruntime"), method="static-minmax-u8s8", bits=8,
        granularity="channel", symmetric=True, reduce_range=chosen.reduce_range, calibration_sha256=float32_digest(calibration),
        calibration_count=len(calibration), excluded_modules=(), scales_sha256=scales_digest(target),
        held_out_correct=correct(held_out, labels), held_out_agreeing=correct(held_out, logits(source, inputs).argmax(axis=1)),
        candidates=tuple(candidates),
    )  # fmt: skip


def _text(number: float) -> str:
    return f"{Decimal(float(number)).quantize(Decimal('0.000001')).normalize():f}"


def _quantized(source: Path, target: Path, calibration: Floats, reduce_range: bool) -> None:
    quantization.quantize_static(
        str(source), str(target), Calibration(calibration), quant_format=quantization.QuantFormat.QDQ, per_channel=True, reduce_range=reduce_range,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod.MinMax, calibration_providers=["CPUExecutionProvider"],
    )  # fmt: skip
    model = onnx.load(target)
    for part in _described(model):
        part.ClearField("doc_string")
        del part.metadata_props[:]
    target.write_bytes(model.SerializeToString(deterministic=True))


def scales_digest(path: Path) -> str:
    """Digest of every scale and zero point of a quantised file by name: calibration methods with one name can give other scales."""
    constants = onnx.load(path).graph.initializer
    return digest({one.name: sha256(onnx.numpy_helper.to_array(one).tobytes()) for one in constants if one.name.endswith(("_scale", "_zero_point"))})


def logits(path: Path, inputs: Floats) -> Floats:
    """Logits float32 (n, 10) of a model file, one image at a time, on the CPU with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["logits"], {"image": image[None]})[0] for image in inputs])


def correct(found: Floats, answers: Integers) -> int:
    """How many rows of `found` have their maximum where `answers` says."""
    return int((found.argmax(axis=1) == answers).sum())


def exporter(path: Path) -> Export:
    """What the file says of its writer."""
    model = onnx.load(path)
    return Export(name="torch_onnx_dynamo", version=version("torch"), opset=model.opset_import[0].version, ir_version=model.ir_version)


def files(folder: Path) -> dict[str, File]:
    """Digest and size of each model and array in `folder`."""
    found = sorted(path for path in folder.iterdir() if path.suffix in (".onnx", ".npz", ".npy"))
    return {path.name: File(sha256=sha256(path.read_bytes()), size_bytes=path.stat().st_size) for path in found}


def recipe_digest() -> str:
    """Digest of the sources that decide the files."""
    return digest({Path(name).name: sha256((FOLDER.parent / name).read_bytes()) for name in RECIPE_FILES})


def check() -> dict[str, object]:
    """Make everything anew in a temporary folder: which files have other bytes, and how many held-out answers agree with the sealed reference."""
    kept = open_workload("digits-cnn")
    with tempfile.TemporaryDirectory() as place:
        made = make(Path(place))
        differing = [name for name, held in kept.manifest.files.items() if made.files.get(name) != held]
        again = {name: logits(Path(place) / f"model.{name}.onnx", kept.inputs) for name in ("fp32", "int8")}
    sealed = kept.reference.argmax(axis=1)
    return {
        "identical": not differing, "differing_files": differing, "held_out": len(sealed),
        "agreeing": {name: correct(found, sealed) for name, found in again.items()},
        "correct": {name: correct(found, kept.labels) for name, found in again.items()},
        "same_recipe": kept.manifest.recipe_sha256 == recipe_digest(), "tools": made.tools, "tools_of_the_files": kept.manifest.tools,
    }  # fmt: skip


def main() -> int:
    """Write the files, or with `--check` print one JSON object: 0 if the bytes agree or at least 97 of 100 held-out answers do."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="make everything anew in a temporary folder and compare")
    if not parser.parse_args().check:
        make(FOLDER)
        return 0
    told = check()
    print(json.dumps(told, indent=2))
    agreeing, held_out = told["agreeing"], told["held_out"]
    assert isinstance(agreeing, dict) and isinstance(held_out, int)
    return 0 if told["identical"] or min(agreeing.values()) * 100 >= held_out * 97 else 1


if __name__ == "__main__":
    sys.exit(main())
