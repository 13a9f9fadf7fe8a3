"""Columns as Parquet bytes and back: one encoding per kind of column, deterministic bytes, and a reader that refuses before it reads.

The bytes of a table depend on its values and the Parquet writer alone (no times, no host names, no schema of the writer's own in them).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from runner.contract.parquet_pages import inflated_bytes
from runner.contract.problems import Problem, Problems

ROW_GROUP = 131_072
LARGEST_FOOTER_BYTES = 1024 * 1024
Values = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One integer column: its width in Parquet, whether its values run (delta) or repeat (dictionary), and whether one may be absent.

    An `optional` column came after its table was first published: a table has it where something was measured, and old tables stay as they are.
    """

    name: str
    bits: Literal[8, 32, 64]
    runs: bool
    nullable: bool = False
    optional: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type of the column."""
        return np.dtype(f"int{self.bits}")

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of the column."""
        return {8: pa.int8(), 32: pa.int32(), 64: pa.int64()}[self.bits]


@dataclass(frozen=True)
class Limits:
    """What a reader accepts; all of it is checked before the first value is decoded."""

    file_bytes: int = 96 * 1024 * 1024
    rows: int = 5_000_000
    row_groups: int = 64
    inflated_bytes: int = 320 * 1024 * 1024


DEFAULT_LIMITS = Limits()


def write(columns: Sequence[Column], values: Mapping[str, Values | pa.Array]) -> bytes:
    """The Parquet bytes of one table: zstd level 3, delta or dictionary encoding, no statistics, row groups of 131,072.

    Optional columns are written where `values` has them.
    """
    columns = [column for column in columns if not column.optional or column.name in values]
    schema = pa.schema([pa.field(column.name, column.arrow, nullable=column.nullable) for column in columns])
    table = pa.table({column.name: pa.array(values[column.name], type=column.arrow) for column in columns}, schema=schema)
    sink = io.BytesIO()
    pq.write_table(
        table, sink, version="2.6", compression="zstd", compression_level=3, write_statistics=False, row_group_size=ROW_GROUP, store_schema=False,
        use_dictionary=[column.name for column in columns if not column.runs],
        column_encoding={column.name: "DELTA_BINARY_PACKED" for column in columns if column.runs},
    )  # fmt: skip
    return sink.getvalue()


class Reader:
    """One opened Parquet table whose size, shape and types are already known to be as agreed; raises `Problems` otherwise."""

    def __init__(self, content: bytes | Path, columns: Sequence[Column], limits: Limits = DEFAULT_LIMITS, name: str = "samples.parquet") -> None:
        self.name = name
        source = content.open("rb") if isinstance(content, Path) else io.BytesIO(content)
        try:
            self._file = _opened(source, limits, name)
            self.columns = _present(self._file.metadata, columns)
            _check_shape(self._file.metadata, self.columns, limits, name)
            _check_pages(source, self._file.metadata, limits, name)
        except BaseException:
            source.close()
            raise
        self.rows: int = self._file.metadata.num_rows

    def integers(self) -> dict[str, Values]:
        """All columns without nulls as NumPy arrays; reads one row group at a time in this thread, so the peak is the arrays and one group."""
        found: dict[str, Values] = {column.name: np.empty(self.rows, column.dtype) for column in self.columns if not column.nullable}
        start = 0
        for place in range(self._file.metadata.num_row_groups):
            group = self._group(place, list(found))
            for name, column in found.items():
                column[start : start + group.num_rows] = group.column(name).to_numpy()
            start += group.num_rows
        return found

    def table(self) -> pa.Table:
        """The whole table, nulls included; for the small ones."""
        groups = [self._group(place, [column.name for column in self.columns]) for place in range(self._file.metadata.num_row_groups)]
        return pa.concat_tables(groups) if groups else self._file.schema_arrow.empty_table()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close(force=True)

    def _group(self, place: int, names: list[str]) -> pa.Table:
        try:
            group = self._file.read_row_group(place, columns=names, use_threads=False)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise refused(self.name, f"row group {place}: {error}"[:160], "pages that decode") from error
        if group.num_rows != self._file.metadata.row_group(place).num_rows:
            raise refused(self.name, f"row group {place}: {group.num_rows} rows", "as many rows as its footer says")
        return group


def refused(place: str, found: str, expected: str, code: str = "samples-malformed") -> Problems:
    """The refusal of a table, with the remedy that fits all of them."""
    return Problems([Problem(place, found, expected, "send the file exactly as the runner wrote it", code)])


def _opened(source: io.BufferedIOBase, limits: Limits, name: str) -> pq.ParquetFile:
    size = source.seek(0, io.SEEK_END)
    if size > limits.file_bytes:
        raise refused(name, f"{size} bytes", f"at most {limits.file_bytes} bytes", "too-large")
    source.seek(max(0, size - 8))
    tail = source.read(8)
    footer = int.from_bytes(tail[:4], "little")
    if size < 12 or tail[4:] != b"PAR1" or footer > min(size - 12, LARGEST_FOOTER_BYTES):
        raise refused(name, "truncated, or a footer that does not fit", f"a whole Parquet file with a footer of at most {LARGEST_FOOTER_BYTES} bytes")
    source.seek(0)
    try:
        return pq.ParquetFile(source, pre_buffer=False, memory_map=False, arrow_extensions_enabled=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refused(name, str(error)[:160], "a readable Parquet footer") from error


def _present(metadata: pq.FileMetaData, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The agreed columns less the optional ones that the table does not have; whatever else it has is refused by its shape."""
    there = {metadata.schema.column(place).name for place in range(metadata.num_columns)}
    return tuple(column for column in columns if not column.optional or column.name in there)


def _check_shape(metadata: pq.FileMetaData, columns: Sequence[Column], limits: Limits, name: str) -> None:
    if metadata.num_rows > limits.rows or metadata.num_row_groups > limits.row_groups:
        found = f"{metadata.num_rows} rows in {metadata.num_row_groups} row groups"
        raise refused(name, found, f"at most {limits.rows} rows in {limits.row_groups} row groups", "too-large")
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    if any(group.num_rows < 0 for group in groups) or sum(group.num_rows for group in groups) != metadata.num_rows:
        raise refused(name, "row groups whose rows do not add up", f"{metadata.num_rows} rows in all")
    if metadata.metadata:
        raise refused(name, f"key-value metadata {sorted(metadata.metadata)}"[:160], "no metadata of the writer's own")
    schema = [_shape(metadata.schema.column(place)) for place in range(metadata.num_columns)]
    wanted = [(column.name, column.name, "INT64" if column.bits == 64 else "INT32", _logical(column), int(column.nullable), 0) for column in columns]
    if schema != wanted:
        problems = [Problem(f"{name}.columns", str(place)[:160], str(want)[:160], "write exactly the agreed columns", "samples-malformed")
                    for place, want in _unequal(schema, wanted)]  # fmt: skip
        raise Problems(problems)


def _shape(column: pq.ColumnSchema) -> tuple[object, ...]:
    logical = column.logical_type.type
    return column.path, column.name, column.physical_type, logical, column.max_definition_level, column.max_repetition_level


def _logical(column: Column) -> str:
    return "INT" if column.bits == 8 else "NONE"


def _unequal(found: Sequence[object], wanted: Sequence[object]) -> list[tuple[object, object]]:
    longest = max(len(found), len(wanted))
    padded = [list(side) + ["nothing"] * (longest - len(side)) for side in (found, wanted)]
    return [(one, other) for one, other in zip(*padded, strict=True) if one != other]


def _check_pages(source: io.BufferedIOBase, metadata: pq.FileMetaData, limits: Limits, name: str) -> None:
    left = limits.inflated_bytes
    for place in range(metadata.num_row_groups):
        for position in range(metadata.num_columns):
            chunk = metadata.row_group(place).column(position)
            if chunk.compression != "ZSTD" or chunk.num_values != metadata.row_group(place).num_rows:
                raise refused(name, f"{chunk.path_in_schema}: {chunk.compression}, {chunk.num_values} values", "zstd, one value a row")
            left -= inflated_bytes(source, chunk, left, name)
