"""Telemetry: what the sensors read while the run went on; an absent value was not measured and is never zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pyarrow as pa

from runner.contract.canonical import LARGEST_INTEGER
from runner.contract.columns import Column, Limits, Reader, write
from runner.contract.problems import Problem, Problems

FILE = "telemetry.parquet"
HOST = -1  # the `device` of rows about the host
TELEMETRY_LIMITS = Limits(file_bytes=16 * 1024 * 1024, rows=200_000, row_groups=8, inflated_bytes=64 * 1024 * 1024)
SHARES = {"gpu_util_pct": 100, "cpu_steal_ppm": 1_000_000, "psi_cpu_some_avg10_ppm": 1_000_000}
SIGNED = ("temperature_mc",)


@dataclass(frozen=True)
class TelemetryRow:
    """One reading: ns from the start of the run, the device (-1 for the host), and what was measured; None where nothing was."""

    t_ns: int
    device: int = HOST
    power_instant_mw: int | None = None
    power_avg_mw: int | None = None
    energy_mj: int | None = None
    temperature_mc: int | None = None
    sm_clock_khz: int | None = None
    mem_clock_khz: int | None = None
    throttle_mask: int | None = None
    gpu_util_pct: int | None = None
    memory_used_bytes: int | None = None
    cpu_steal_ppm: int | None = None
    psi_cpu_some_avg10_ppm: int | None = None


NAMES = tuple(field.name for field in fields(TelemetryRow))
COLUMNS = tuple(
    Column(name, 64 if name in ("t_ns", "energy_mj", "throttle_mask", "memory_used_bytes") else 32, runs=name in ("t_ns", "energy_mj"),
           nullable=name not in ("t_ns", "device"))
    for name in NAMES
)  # fmt: skip


def encode(rows: Sequence[TelemetryRow]) -> bytes:
    """`telemetry.parquet` of rows in order of time; the same rows give the same bytes; no rows give an empty table."""
    problems = list(problems_of(rows))
    if problems:
        raise Problems(problems)
    columns = list(zip(*(astuple(row) for row in rows), strict=True)) if rows else [() for _ in NAMES]
    return write(COLUMNS, {column.name: pa.array(values, type=column.arrow) for column, values in zip(COLUMNS, columns, strict=True)})


def decode(content: bytes | Path, limits: Limits = TELEMETRY_LIMITS) -> tuple[TelemetryRow, ...]:
    """The rows in `telemetry.parquet`; `Problems` for any other file."""
    reader = Reader(content, COLUMNS, limits, FILE)
    try:
        table = reader.table()
    finally:
        reader.close()
    rows = tuple(TelemetryRow(*values) for values in zip(*(table.column(name).to_pylist() for name in NAMES), strict=True))
    problems = list(problems_of(rows))
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
    for column in COLUMNS[2:]:
        value = getattr(row, column.name)
        most = SHARES.get(column.name, LARGEST_INTEGER if column.bits == 64 else 2**31 - 1)
        least = -300_000 if column.name in SIGNED else 0
        if value is not None and not least <= value <= most:
            yield _problem(place, column.name, value, f"{least} to {most}, or absent")


def _problem(place: int, name: str, value: int, expected: str) -> Problem:
    return Problem(f"{FILE}[{place}].{name}", str(value), expected, "send what the sensor read", "samples-malformed")
