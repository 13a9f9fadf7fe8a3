"""Models and data sets with identity and a real quality check, found by name; a file that changed is an error that names it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from runner.backends.interface import Artifact
from runner.backends.leaves import declared
from runner.contract.executor import Quantization
from runner.contract.fields import AnyField
from runner.contract.precision import fill
from runner.workloads.manifest import Manifest

# Name of a workload -> its folder beside this file.
WORKLOADS: Mapping[str, str] = {"digits-cnn": "digits"}
Element = TypeVar("Element", np.float32, np.int64)
MODEL_FILES = {"onnx": "model.{precision}.onnx", "npz": "weights.npz"}


class WorkloadError(RuntimeError):
    """A workload is unknown, incomplete or changed; the text names the file and the remedy."""


@dataclass(frozen=True)
class Workload:
    """A workload on disk whose manifest was read; each file is verified when it is asked for."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The name it is found by."""
        return self.manifest.name

    @property
    def family(self) -> str:
        """The model family, which decides what a precision block holds."""
        return self.manifest.family

    @property
    def model_sha256(self) -> str:
        """Digest of the reference model, the fp32 exchange file."""
        return self.manifest.files["model.fp32.onnx"].sha256

    @property
    def dataset_sha256(self) -> str:
        """Digest of inputs and labels."""
        return self.manifest.dataset.sha256

    @property
    def labels_sha256(self) -> str:
        """Digest of the labels."""
        return self.manifest.dataset.labels_sha256

    @property
    def inputs_sha256(self) -> str:
        """Digest of the inputs."""
        return self.manifest.dataset.inputs_sha256

    @property
    def preprocessing_sha256(self) -> str:
        """Digest of the description of the preprocessing."""
        return self.manifest.preprocessing.sha256

    @property
    def reference_sha256(self) -> str:
        """Digest of the sealed reference outputs."""
        return self.manifest.reference.outputs_sha256

    @cached_property
    def inputs(self) -> npt.NDArray[np.float32]:
        """Sealed held-out inputs, float32 (n, *input_shape), preprocessed."""
        return self._array("inputs.npy", np.float32)

    @cached_property
    def labels(self) -> npt.NDArray[np.int64]:
        """Sealed labels, int64 (n,)."""
        return self._array("labels.npy", np.int64)

    @cached_property
    def reference(self) -> npt.NDArray[np.float32]:
        """Sealed reference logits, float32 (n, classes)."""
        return self._array("reference.npy", np.float32)

    def artifact(self, precision: str, runtime_format: str) -> Artifact:
        """The verified model file of `precision` in the format a backend loads; WorkloadError lists what there is."""
        name = MODEL_FILES.get(runtime_format, "").format(precision=precision)
        held = self.manifest.files.get(name)
        if held is None or (runtime_format == "npz" and precision != "fp32"):
            raise WorkloadError(f"{self.name}: no {precision} model as {runtime_format or 'nothing'}; there are {', '.join(self._models())}")
        self._verified(name)
        export = self.manifest.exporter if runtime_format == "onnx" else None
        return Artifact(
            path=self.folder / name, sha256=held.sha256, size_bytes=held.size_bytes, format="onnx" if runtime_format == "onnx" else "npz",
            precision=precision, input_shape=self.manifest.input_shape, classes=self.manifest.classes, layers=self.manifest.layers, export=export,
        )  # fmt: skip

    def precision_fields(self, precision: str) -> dict[str, AnyField]:
        """The leaves `precision.*` without the loader's, as the contract fills them for this model at `precision`."""
        recipe = self.manifest.quantization
        quantized = {name: declared(getattr(recipe, name), f"manifest of {self.name}") for name in Quantization.model_fields}
        return fill(precision, self.family, quantized if precision == "int8" else {})

    def verify(self) -> None:
        """Read every file of the manifest; WorkloadError names the first that is missing or changed."""
        for name in self.manifest.files:
            self._verified(name)

    def _models(self) -> list[str]:
        return [name for name in self.manifest.files if name.endswith((".onnx", ".npz"))]

    def _array(self, name: str, element: type[Element]) -> npt.NDArray[Element]:
        values: npt.NDArray[Element] = np.load(io.BytesIO(self._verified(name)), allow_pickle=False)
        if values.dtype != element:
            raise WorkloadError(f"{self.folder / name}: expected {element.__name__} (got {values.dtype}); take it from the distribution again")
        values.setflags(write=False)
        return values

    def _verified(self, name: str) -> bytes:
        path, expected = self.folder / name, self.manifest.files[name].sha256
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WorkloadError(f"{path}: {error.strerror}; install the distribution again") from error
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise WorkloadError(f"{path}: expected SHA-256 {expected} (got {found}); the file changed, take it from the distribution again")
        return content


def open_workload(name: str, folder: Path | None = None) -> Workload:
    """The workload `name`, from `folder` if given; WorkloadError lists the names where it is unknown."""
    if name not in WORKLOADS:
        raise WorkloadError(f"workload {name!r} is unknown; there are {', '.join(WORKLOADS)}")
    place = folder or Path(__file__).parent / WORKLOADS[name]
    try:
        content = (place / "manifest.json").read_bytes()
    except OSError as error:
        raise WorkloadError(f"{place / 'manifest.json'}: {error.strerror}; install the distribution again") from error
    return Workload(place, Manifest.read(content))
