"""A sensor that gives back a recorded trace: the same rows in, the same readings out, so that no test of arithmetic needs a device.

A trace is JSON: {"label": "…", "edges": [[edge of each device], …], "readings": [[reading of each device], …]}; times, values and refusals
as recorded. The label says what it was recorded from; a trace of a stand-in says SYNTHETIC.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar

from runner.sensors.interface import Edge, Reading

if TYPE_CHECKING:
    from runner.contract.fields import AnyField

T = TypeVar("T")


@dataclass(frozen=True)
class Trace:
    """Edges and readings in the order in which they were read, one tuple of devices for each read; `label` names what they came from."""

    edges: tuple[tuple[Edge, ...], ...] = ()
    readings: tuple[tuple[Reading, ...], ...] = ()
    label: str = ""

    def encode(self) -> bytes:
        """The trace as JSON, one spelling for one trace."""
        plain = {"label": self.label, "edges": [[_plain(edge) for edge in step] for step in self.edges],
                 "readings": [[_plain(reading) for reading in step] for step in self.readings]}  # fmt: skip
        return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, content: bytes) -> Trace:
        """The trace in JSON; ValueError or TypeError for what is no trace."""
        plain = json.loads(content)
        return cls(
            tuple(tuple(Edge(**edge) for edge in step) for step in plain["edges"]),
            tuple(tuple(Reading(**reading) for reading in step) for step in plain["readings"]),
            plain.get("label", ""),
        )


def _plain(read: Edge | Reading) -> dict[str, object]:
    return asdict(read)


class Replay:
    """Each `edge` and `sample` gives the next recorded one; past the last one it raises EOFError rather than invent another."""

    name = "replay"

    def __init__(self, trace: Trace, described: Mapping[str, AnyField] | None = None) -> None:
        self._trace, self._described = trace, dict(described or {})
        self._edges, self._readings = iter(trace.edges), iter(trace.readings)

    @property
    def capabilities(self) -> frozenset[str]:
        """What every recorded read answered."""
        named = [frozenset(edge.counters) for step in self._trace.edges for edge in step]
        shown = [frozenset(reading.values) for step in self._trace.readings for reading in step]
        return _in_all(named) | _in_all(shown)

    @property
    def refusals(self) -> Mapping[str, str]:
        """What some recorded read was refused."""
        return {name: status for read in self._reads() for name, status in read.refusals.items()}

    @property
    def device_count(self) -> int:
        """Devices in the trace."""
        return len({read.device for read in self._reads() if read.device >= 0})

    def open(self) -> None:
        """Start from the first row again."""
        self._edges, self._readings = iter(self._trace.edges), iter(self._trace.readings)

    def edge(self) -> tuple[Edge, ...]:
        """The next recorded edges."""
        return _next(self._edges, "edge")

    def sample(self) -> tuple[Reading, ...]:
        """The next recorded readings."""
        return _next(self._readings, "reading")

    def describe(self) -> Mapping[str, AnyField]:
        """The facts handed in beside the trace."""
        return self._described

    def identities(self) -> tuple[str, ...]:
        """A trace holds no identities."""
        return ()

    def meters(self) -> Mapping[int, Callable[[], int]]:
        """A trace has no counter beside its edges."""
        return {}

    def process_ids(self) -> frozenset[int] | None:
        """A trace holds no processes."""
        return None

    def processes(self) -> tuple[frozenset[int], ...] | None:
        """A trace holds no processes."""
        return None

    def present(self) -> int | None:
        """Not known."""
        return None

    def close(self) -> None:
        """Nothing is held open."""

    def _reads(self) -> Iterator[Edge | Reading]:
        yield from (edge for step in self._trace.edges for edge in step)
        yield from (reading for step in self._trace.readings for reading in step)


def _in_all(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset.intersection(*sets) if sets else frozenset()


def _next(steps: Iterator[T], what: str) -> T:
    for step in steps:
        return step
    raise EOFError(f"the trace has no further {what}; record a longer one")
