"""The quality evaluation: task x metric x slice against a named reference, recomputed from per-item outputs; never one scalar."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from runner.contract.fields import Decimal as DecimalText
from runner.contract.fields import Digest, Document, Name
from runner.contract.loads import Natural, Positive
from runner.contract.methodology import Workload
from runner.contract.parquet_pages import inflated_bytes
from runner.contract.problems import Problem, Problems
from runner.contract.statistics import text, wilson

ITEMS_FILE = "quality_items.parquet"
MOST_ITEMS = 200_000
MOST_BYTES = 64 * 1024 * 1024
LARGEST_FOOTER_BYTES = 1024 * 1024
MOST_CLASSES = 1_000
PLACES = 6


class QualityResult(Document):
    """One cell: a count out of n with its Wilson interval, or a largest difference; `slice` is `all` or one class."""

    task: Name
    metric: Literal["accuracy", "reference_accuracy", "agreement", "largest_logit_difference", "non_finite_outputs"]
    slice: Name
    n: Positive
    count: Natural | None = None
    value: DecimalText
    ci_low: DecimalText | None = None
    ci_high: DecimalText | None = None


class QualityEvaluation(Document):
    """`quality/v1`: identity of suite, items and reference, and the matrix of results."""

    schema_id: Literal["quality/v1"] = "quality/v1"
    suite: Name
    suite_version: Positive
    dataset_sha256: Digest
    labels_sha256: Digest
    reference_outputs_sha256: Digest
    reference_precision: Name
    rubric: Literal["argmax_exact_match"]
    fingerprint: Digest
    results: tuple[QualityResult, ...]

    def cell(self, metric: str, part: str = "all") -> QualityResult | None:
        """The result of `metric` on the slice `part`; None where it was not evaluated."""
        return next((result for result in self.results if result.metric == metric and result.slice == part), None)


@dataclass(frozen=True)
class Items:
    """Per-item outputs: labels int64 (n,), logits and reference logits float32 (n, classes), in the data set's sealed order."""

    labels: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float32]
    reference: npt.NDArray[np.float32]


def labels_digest(labels: npt.NDArray[np.int64]) -> str:
    """SHA-256 of the labels as little-endian int64."""
    return hashlib.sha256(np.ascontiguousarray(labels, dtype="<i8").tobytes()).hexdigest()


def outputs_digest(outputs: npt.NDArray[np.float32]) -> str:
    """SHA-256 of outputs as C-order little-endian float32."""
    return hashlib.sha256(np.ascontiguousarray(outputs, dtype="<f4").tobytes()).hexdigest()


def evaluate(items: Items, task: str) -> tuple[QualityResult, ...]:
    """Accuracy and agreement with the reference per slice, the largest logit difference and the count of non-finite outputs."""
    results: list[QualityResult] = []
    for part, chosen in _slices(items):
        results += _cells(items, task, part, chosen)
    return tuple(results)


def _slices(items: Items) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    yield "all", np.ones(len(items.labels), dtype=bool)
    for label in range(items.logits.shape[1]):
        if (chosen := items.labels == label).any():
            yield f"class-{label}", chosen


def _cells(items: Items, task: str, part: str, chosen: npt.NDArray[np.bool_]) -> Iterator[QualityResult]:
    logits, reference, labels = items.logits[chosen], items.reference[chosen], items.labels[chosen]
    finite = np.isfinite(logits).all(axis=1)
    predicted = np.where(finite, np.where(np.isfinite(logits), logits, -np.inf).argmax(axis=1), -1)
    expected = reference.argmax(axis=1)
    shares = (("accuracy", predicted == labels), ("reference_accuracy", expected == labels), ("agreement", predicted == expected))
    n = len(labels)
    for metric, hits in shares:
        yield _share(task, metric, part, int(hits.sum()), n)
    if finite.any():
        apart = np.abs(logits[finite].astype(np.float64) - reference[finite].astype(np.float64)).max()
        yield QualityResult(task=task, metric="largest_logit_difference", slice=part, n=int(finite.sum()), value=text(Decimal(float(apart)), PLACES))
    bad = int((~finite).sum())
    yield QualityResult(task=task, metric="non_finite_outputs", slice=part, n=n, count=bad, value=str(bad))


def _share(task: str, metric: str, part: str, count: int, n: int) -> QualityResult:
    low, high = wilson(count, n)
    return QualityResult.model_validate({
        "task": task, "metric": metric, "slice": part, "n": n, "count": count, "value": text(Decimal(count) / n, PLACES),
        "ci_low": text(low, PLACES), "ci_high": text(high, PLACES),
    })  # fmt: skip


def encode_items(items: Items) -> bytes:
    """Parquet bytes of the items: `label`, `logits`, `reference`, one row an item."""
    table = pa.table({
        "label": pa.array(items.labels, pa.int64()),
        "logits": _column(items.logits),
        "reference": _column(items.reference),
    })  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=3, use_dictionary=["label"], write_statistics=False)
    return sink.getvalue()


def _column(rows: npt.NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1), pa.float32()), rows.shape[1])


def decode_items(content: bytes) -> Items:
    """The items in Parquet `content`; `Problems` for other columns, types or sizes than ours, before any row is read."""
    _refuse_footer(content)
    try:
        parquet = pq.ParquetFile(io.BytesIO(content), memory_map=False)
        schema = parquet.schema_arrow
        _refuse_schema(schema, parquet.metadata)
        _refuse_pages(content, parquet.metadata)
        table = parquet.read(use_threads=False)
        width = schema.field("logits").type.list_size
        if any(column.null_count for column in table.columns) or any(
            table[name].combine_chunks().flatten().null_count for name in ("logits", "reference")
        ):
            raise Problems([Problem("quality_items.parquet", "null", "no nulls", "write every output")])
        flat = {name: table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False) for name in ("logits", "reference")}
    except (pa.ArrowException, OSError, KeyError) as error:
        raise Problems([Problem("quality_items.parquet", str(error)[:120], "readable Parquet", "write it with the runner")]) from error
    labels = table["label"].to_numpy()
    return Items(labels, flat["logits"].reshape(-1, width), flat["reference"].reshape(-1, width))


def _refuse_footer(content: bytes) -> None:
    footer = int.from_bytes(content[-8:-4], "little")
    if len(content) < 12 or content[-4:] != b"PAR1" or footer > min(len(content) - 12, LARGEST_FOOTER_BYTES):
        raise _refused("truncated, or a footer that does not fit", "a whole Parquet file")


def _refuse_schema(schema: pa.Schema, metadata: pq.FileMetaData) -> None:
    """What the file says of itself, before a value is read: our three columns, and room for all of its values within the limit."""
    width = getattr(schema.field("logits").type, "list_size", 0) if "logits" in schema.names else 0
    listed = pa.list_(pa.float32(), width) if width else None
    expected = [("label", pa.int64()), ("logits", listed), ("reference", listed)]
    if [(field.name, field.type) for field in schema] != expected or not 2 <= width <= MOST_CLASSES:
        raise _refused(str(schema.names)[:80], "label, logits, reference")
    room = metadata.num_rows * (8 + 2 * 4 * width)
    if not 1 <= metadata.num_rows <= MOST_ITEMS or room > MOST_BYTES:
        raise _refused(f"{metadata.num_rows} rows of {width} classes", f"1 to {MOST_ITEMS} rows within {MOST_BYTES} bytes")


def _refuse_pages(content: bytes, metadata: pq.FileMetaData) -> None:
    source, left = io.BytesIO(content), MOST_BYTES
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            left -= inflated_bytes(source, metadata.row_group(group).column(column), left, ITEMS_FILE)


def _refused(found: str, expected: str) -> Problems:
    return Problems([Problem(ITEMS_FILE, found, expected, "write it with the runner", "items-malformed")])


def identity_problems(items: Items, workload: Workload) -> Iterator[Problem]:
    """Where labels or reference outputs are not the sealed ones that the methodology names."""
    if len(items.labels) != workload.n_samples:
        yield Problem(ITEMS_FILE, f"{len(items.labels)} rows", f"{workload.n_samples} rows", "evaluate every sealed item once", "R-31")
    pairs = (
        ("label", labels_digest(items.labels), workload.labels_sha256),
        ("reference", outputs_digest(items.reference), workload.reference.outputs_sha256),
    )
    for column, found, expected in pairs:
        if found != expected:
            yield Problem(f"quality_items.parquet.{column}", found, expected, "evaluate the sealed items in their order", "R-31")
