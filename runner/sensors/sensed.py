"""What a sampler leaves behind: rows, what it could read and why not the rest, the tick of the energy counter, and what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.contract.telemetry_row import TelemetryRow

MOST_FAULTS = 32


@dataclass(frozen=True)
class Fault:
    """Something that went wrong while the sampler ran, and when, in ns from the start of the run.

    Codes: `sampler-died`, `device-lost`, `sensor-error` (a value that was read before is refused), `sample-gap` (over half a second without one).
    """

    code: str
    said: str
    t_ns: int | None


@dataclass(frozen=True)
class Sensed:
    """Rows in order of time; `capabilities` are `sensor.name` words, `refusals` statuses by name, `tick_ns` is the longest tick of all devices."""

    rows: tuple[TelemetryRow, ...] = ()
    capabilities: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    tick_ns: int | None = None
    faults: tuple[Fault, ...] = ()


def decode(content: bytes) -> Sensed:
    """What the lines of a sampler's file say; a last line that was cut off is left out."""
    said: dict[str, Any] = {}
    rows: list[TelemetryRow] = []
    faults: list[Fault] = []
    for key, value in _lines(content):
        if key == "row":
            rows.append(TelemetryRow(**value))
        elif key == "fault":
            faults.append(Fault(*value))
        else:
            said[key] = tuple(value) if isinstance(value, list) else value
    ordered = sorted(rows, key=lambda row: (row.t_ns, row.device))
    return Sensed(tuple(ordered), faults=tuple(faults[:MOST_FAULTS]), **said)


def _lines(content: bytes) -> Iterator[tuple[str, Any]]:
    for line in content.splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield from json.loads(line).items()
