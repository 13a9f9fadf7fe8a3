"""What a sensor is: it reads and never sets, never invents, and gives each value it lacks a status in place of a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from runner.contract.telemetry_row import HOST

if TYPE_CHECKING:  # the sampler's process needs no documents
    from runner.contract.fields import AnyField

Clock = Callable[[], int]

# Cumulative counters of an edge. Violation times and pressure are ns, energy is mJ since the driver was loaded, CPU time is in kernel ticks.
ENERGY = "energy_mj"
VIOLATIONS = (
    "violation_power_ns", "violation_thermal_ns", "violation_sync_boost_ns",
    "violation_board_limit_ns", "violation_low_utilization_ns", "violation_reliability_ns",
)  # fmt: skip
SLOWDOWNS = ("slowdown_sw_thermal_ns", "slowdown_hw_thermal_ns", "slowdown_hw_power_brake_ns")
DEVICE_COUNTERS = (ENERGY, *VIOLATIONS, *SLOWDOWNS, "ecc_uncorrected", "ecc_corrected")
HOST_COUNTERS = ("cpu_total_ticks", "cpu_steal_ticks", "psi_cpu_some_ns")
PACKAGE_ENERGY = "package_energy_mj"
LOST = "unreadable:gpu-is-lost"


@dataclass(frozen=True)
class Edge:
    """One read of one device's cumulative counters: read at `t_ns` on the sensor's clock, give or take half of `took_ns`."""

    t_ns: int
    took_ns: int
    device: int = HOST
    counters: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)

    def status(self, name: str) -> str:
        """`observed`, the reason why the counter could not be read, or `not_collected` for one that this sensor does not know."""
        return "observed" if name in self.counters else self.refusals.get(name, "not_collected")


@dataclass(frozen=True)
class Reading:
    """One read of what a device shows now; the names of `values` are columns of `telemetry.parquet`."""

    t_ns: int
    took_ns: int
    device: int = HOST
    values: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)


class Sensor(Protocol):
    """A source of readings. `open` tries each call once; what was refused has its status in `refusals` and is not asked again."""

    name: str

    @property
    def capabilities(self) -> frozenset[str]:
        """Counters and values that every device of this sensor answered."""

    @property
    def refusals(self) -> Mapping[str, str]:
        """Status by name of each counter and value that some device refused, and of each fact at rest under its own name."""

    @property
    def device_count(self) -> int:
        """Devices this sensor reads; 0 for a machine without an accelerator."""

    def open(self) -> None:
        """Find out what can be read; raises `SensorAbsent` where there is nothing to read from."""

    def edge(self) -> tuple[Edge, ...]:
        """One read of the cumulative counters for each device."""

    def sample(self) -> tuple[Reading, ...]:
        """One read of the momentary values for each device."""

    def describe(self) -> Mapping[str, AnyField]:
        """Facts of the devices by executor leaf path; without identities."""

    def identities(self) -> tuple[str, ...]:
        """Raw identities of the units, for the caller to salt; they are never written down."""

    def meters(self) -> Mapping[int, Callable[[], int]]:
        """The energy counter alone, in mJ, by device that has one: cheap enough to ask for often; a call may raise `answers.Refused`."""

    def process_ids(self) -> frozenset[int] | None:
        """Processes on the devices, as the driver numbers them; None where the driver does not say."""

    def processes(self) -> tuple[frozenset[int], ...] | None:
        """The same for each device apart."""

    def present(self) -> int | None:
        """How many devices the driver counts now, visible or not; None where it does not say."""

    def close(self) -> None:
        """Let go of the device; harmless when repeated."""


class SensorAbsent(RuntimeError):
    """There is nothing for this sensor to read on this machine; the text is the reason, in the form of a status."""
