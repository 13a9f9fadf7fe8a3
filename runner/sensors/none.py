"""The sensor of a machine that has none: it answers every question with nothing, and energy is not measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from runner.sensors.interface import Edge, Reading

if TYPE_CHECKING:
    from runner.contract.fields import AnyField


class NoSensor:
    """A valid sensor without readings; `reason` is the status that says why there is none."""

    name = "none"
    capabilities: frozenset[str] = frozenset()
    device_count = 0

    def __init__(self, reason: str = "not_applicable") -> None:
        self.reason = reason

    @property
    def refusals(self) -> Mapping[str, str]:
        """Why the device is not read."""
        return {"device": self.reason}

    def open(self) -> None:
        """Nothing to open."""

    def edge(self) -> tuple[Edge, ...]:
        """No device, no counters."""
        return ()

    def sample(self) -> tuple[Reading, ...]:
        """No device, no values."""
        return ()

    def describe(self) -> Mapping[str, AnyField]:
        """No facts."""
        return {}

    def identities(self) -> tuple[str, ...]:
        """No units."""
        return ()

    def meters(self) -> Mapping[int, Callable[[], int]]:
        """No counters."""
        return {}

    def process_ids(self) -> frozenset[int] | None:
        """Not known."""
        return None

    def processes(self) -> tuple[frozenset[int], ...] | None:
        """Not known."""
        return None

    def present(self) -> int | None:
        """Not known."""
        return None

    def close(self) -> None:
        """Nothing to close."""
