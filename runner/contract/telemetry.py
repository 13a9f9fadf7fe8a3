"""Telemetry: what the sensors read while the run went on; an absent value was not measured and is never zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path

import pyarrow as pa

from runner.contract.canonical import LARGEST_INTEGER, MOST_PROBLEMS
from runner.contract.columns import Column, Limits, Reader, write
from runner.contract.problems import Problem, Problems
from runner.contract.telemetry_row import HOST, NAMES, OPTIONAL, TelemetryRow

__all__ = ["COLUMNS", "FILE", "HOST", "NAMES", "OPTIONAL", "TELEMETRY_LIMITS", "TelemetryRow", "decode", "encode", "problems_of"]

FILE = "telemetry.parquet"
TELEMETRY_LIMITS = Limits(file_bytes=16 * 1024 * 1024, rows=400_000, row_groups=8, inflated_bytes=128 * 1024 * 1024)
SHARES = {"gpu_util_pct": 100, "cpu_steal_ppm": 1_000_000, "psi_cpu_some_avg10_ppm": 1_000_000}
SIGNED = ("temperature_mc",)
WIDE = ("t_ns", "energy_mj", "throttle_mask", "memory_used_bytes")
RUNNING = ("t_ns", "energy_mj", *(name for name in OPTIONAL if name != "foreign_processes"))
COLUMNS = tuple(
    Column(name, 64 if name in WIDE or name in OPTIONAL else 32, runs=name in RUNNING, nullable=name not in ("t_ns", "device"),
           optional=name in OPTIONAL)
    for name in NAMES
)  # fmt: skip

# name -> (least, most) of a value that is not absent
RANGES = {
    column.name: (-300_000 if column.name in SIGNED else 0, SHARES.get(column.name, LARGEST_INTEGER if column.bits == 64 else 2**31 - 1))
    for column in COLUMNS[2:]
}


def encode(rows: Sequence[TelemetryRow]) -> bytes:
    """`telemetry.parquet` of rows in order of time; the same rows give the same bytes; no rows give an empty table.

    An optional column is written where some row holds a value in it, and not otherwise.
    """
    problems = list(islice(problems_of(rows), MOST_PROBLEMS))
    if problems:
        raise Problems(problems)
    values = {column.name: list(map(attrgetter(column.name), rows)) for column in COLUMNS}
    kept = [column for column in COLUMNS if not column.optional or any(value is not None for value in values[column.name])]
    return write(COLUMNS, {column.name: pa.array(values[column.name], type=column.arrow) for column in kept})


def decode(content: bytes | Path, limits: Limits = TELEMETRY_LIMITS) -> tuple[TelemetryRow, ...]:
    """The rows in `telemetry.parquet`; `Problems` for any other file."""
    reader = Reader(content, COLUMNS, limits, FILE)
    try:
        table = reader.table()
    finally:
        reader.close()
    there = [column.name for column in reader.columns]
    values = zip(*(table.column(name).to_pylist() for name in there), strict=True)
    rows = tuple(TelemetryRow(**dict(zip(there, row, strict=True))) for row in values)
    problems = list(islice(problems_of(rows), MOST_PROBLEMS))
    if problems:
        raise Problems(problems)
    return rows


def problems_of(rows: Sequence[TelemetryRow]) -> Iterator[Problem]:
    """Every broken rule, at its row: times in order, devices from -1, values inside their range and width."""
    before = 0
    for place, row in enumerate(rows):
        if not before <= row.t_ns <= LARGEST_INTEGER:
            yield _problem(place, "t_ns", row.t_ns, f"{before} to 2^53 - 1, in order")
        if row.device < HOST:
            yield _problem(place, "device", row.device, "-1 for the host, or the index of a device")
        before = max(before, row.t_ns)
        yield from _out_of_range(place, row)


def _out_of_range(place: int, row: TelemetryRow) -> Iterator[Problem]:
    for name, (least, most) in RANGES.items():
        value = getattr(row, name)
        if value is not None and not least <= value <= most:
            yield _problem(place, name, value, f"{least} to {most}, or absent")


def _problem(place: int, name: str, value: int, expected: str) -> Problem:
    return Problem(f"{FILE}[{place}].{name}", str(value), expected, "send what the sensor read", "samples-malformed")
