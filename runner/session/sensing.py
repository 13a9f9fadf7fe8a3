"""The sensors of a trial: those of the sampler, which reads in a process of its own, and the one that is asked for facts at rest."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from runner.sensors import SensorAbsent, open_sensor
from runner.sensors.host import HostSensor
from runner.sensors.interface import Edge, Sensor
from runner.sensors.none import NoSensor
from runner.sensors.sampler import Sampler
from runner.sensors.sensed import Sensed


class Senses:
    """Open inside a `with` block: the sampler reads from entering on; the accelerator of this process is asked only between windows."""

    def __init__(self, device: str, origin_ns: int, hz: int, accelerator: Sensor | None = None, host: HostSensor | None = None) -> None:
        wanted = device == "cuda"
        self.accelerator = accelerator or (_opened(device) if wanted else NoSensor())
        self._host = host or HostSensor()
        self._sampler = Sampler("nvml" if wanted else "none", origin_ns, hz=hz)
        self._sensed: Sensed | None = None

    def __enter__(self) -> Self:
        self._host.open()
        (self._first,) = self._host.edge()
        self._sampler.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._sampler.__exit__(kind, error, trace)
        self.accelerator.close()
        self._host.close()

    def edge(self) -> None:
        """Read every counter now: right before and right after a window, and never inside."""
        self._sampler.edge()

    def host_edges(self) -> tuple[Edge, Edge]:
        """The host's counters when the sensors were opened, and now."""
        return self._first, self._host.edge()[0]

    def ended(self) -> Sensed:
        """Everything that the sampler read, and what went wrong with it; it has stopped then."""
        if self._sensed is None:
            self._sensed = self._sampler.ended()
        return self._sensed


def _opened(device: str) -> Sensor:
    """The sensor of that device; without one nobody can say which device was measured, so `SensorAbsent` says what is missing."""
    try:
        return open_sensor("nvml")
    except SensorAbsent as absent:
        raise SensorAbsent(f"device {device}: its sensor cannot be opened ({absent}); install the driver with its library NVML") from absent
