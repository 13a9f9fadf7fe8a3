"""The manifest of a workload: every file by digest, and how each came to be."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np
import numpy.typing as npt

from runner.backends.interface import Export, Layer
from runner.contract.canonical import digest
from runner.contract.fields import Decimal, Digest, Document, Name


class File(Document):
    """One file of the folder."""

    sha256: Digest
    size_bytes: int


class Preprocessing(Document):
    """How raw samples became the sealed inputs; its digest is part of the methodology."""

    source: str
    steps: tuple[str, ...]
    layout: str
    element: str

    @property
    def sha256(self) -> str:
        """The digest that names this way of preprocessing."""
        return digest(self.model_dump(mode="json"))


class DataSet(Document):
    """The sealed held-out samples and where they come from; indices point into the origin's own order."""

    name: Name
    origin: str
    licence: str
    sha256: Digest
    inputs_sha256: Digest
    labels_sha256: Digest
    samples: int
    train: tuple[int, ...]
    calibration: tuple[int, ...]
    selection: tuple[int, ...]
    held_out: tuple[int, ...]


class Training(Document):
    """How the weights were made, and what they reached: correct answers out of all, on each part."""

    seed: int
    epochs: int
    batch: int
    learning_rate: Decimal
    weight_decay: Decimal
    schedule: str
    parameters: int
    train_correct: int
    held_out_correct: int


class Candidate(Document):
    """One quantisation that was tried on the `samples` selection images: answers equal to fp32, largest and mean distance of a logit."""

    reduce_range: bool
    samples: int
    agreeing: int
    largest_logit_difference: Decimal
    mean_logit_difference: Decimal


class QuantizationRecipe(Document):
    """How the int8 file follows from the fp32 file; the leaves of `precision.quantization`, and what was weighed."""

    producer_tool: Name
    producer_version: str
    method: Name
    bits: int
    granularity: Literal["tensor", "channel", "group", "block", "token"]
    symmetric: bool
    reduce_range: bool
    calibration_sha256: Digest
    calibration_count: int
    excluded_modules: tuple[str, ...]
    scales_sha256: Digest
    held_out_correct: int
    held_out_agreeing: int
    candidates: tuple[Candidate, ...]


class ReferenceOutputs(Document):
    """The sealed outputs that quality is measured against."""

    precision: Name
    runtime: Name
    runtime_version: str
    provider: str
    outputs_sha256: Digest


class Manifest(Document):
    """`workload/v1`: identity of model, data set, preprocessing, reference and recipe."""

    schema_id: Literal["workload/v1"] = "workload/v1"
    name: Name
    version: int
    purpose: Literal["decision", "stack_validation", "regression"]
    task: Name
    family: Name
    model_name: Name
    input_name: Name
    output_name: Name
    input_shape: tuple[int, ...]
    input_format: Name
    classes: int
    files: dict[str, File]
    layers: tuple[Layer, ...]
    preprocessing: Preprocessing
    dataset: DataSet
    training: Training
    exporter: Export
    quantization: QuantizationRecipe
    reference: ReferenceOutputs
    recipe_sha256: Digest
    tools: dict[str, str]


def float32_digest(values: npt.NDArray[np.float32]) -> str:
    """SHA-256 of values as C-order little-endian float32."""
    return hashlib.sha256(_bytes(values, "<f4")).hexdigest()


def dataset_digest(inputs: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> str:
    """SHA-256 of the inputs as little-endian float32 followed by the labels as little-endian int64."""
    return hashlib.sha256(_bytes(inputs, "<f4") + _bytes(labels, "<i8")).hexdigest()


def _bytes(values: npt.NDArray[np.float32] | npt.NDArray[np.int64], element: str) -> bytes:
    return np.ascontiguousarray(values, dtype=element).tobytes()
