"""What the sampler's own process does: it reads the sensors on a beat, catches the ticks of energy counters, and appends what it saw to a file.

Each line of the file is one JSON object: a `row`, a `fault`, or a state of the sensors (`capabilities`, `refusals`, `tick_ns`), the last of
which holds. A line is handed to the kernel in one write, so whatever was read before this process was killed is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.contract.telemetry_row import HOST, NAMES, TelemetryRow
from runner.sensors.answers import Refused
from runner.sensors.edges import sampled_row
from runner.sensors.host import HostSensor
from runner.sensors.interface import ENERGY, LOST, Clock, Sensor
from runner.sensors.rapl import Rapl
from runner.sensors.ticks import SECOND_NS, Chase, Sleep, find

LONGEST_GAP_NS = 500_000_000
GOLDEN_PERMILLE = 618  # shifts each sample against the beat, so that a load in step with the beat is not met at the same moment each time
FOREIGN = "foreign_processes"
HIDDEN, SILENT = "unreadable:hidden-in-container", "unreadable:not-supported"
Write = Callable[[Mapping[str, object]], None]


class Sampling:
    """Open sensors read together; what they say goes to `write`, with times counted from `origin_ns`."""

    def __init__(
        self, accelerator: Sensor, host: HostSensor, rapl: Rapl, write: Write, *, origin_ns: int, hz: int, own_pid: int, clock: Clock
    ) -> None:
        self._accelerator, self._host, self._rapl, self._write, self._clock = accelerator, host, rapl, write, clock
        self._origin_ns, self._beat_ns, self._own = origin_ns, SECOND_NS // hz, own_pid
        self._meters = dict(accelerator.meters())
        self._chases: dict[int, Chase] = {}
        self._known: dict[int, set[str]] = {}
        self._said: Mapping[str, str] = {}
        self._foreign_status = ""
        self._devices, self._lost = accelerator.present(), set[int]()
        self._beats, self._begun_ns, self._last_ns = 0, clock(), 0

    def settle(self, sleep: Sleep) -> None:
        """Say what can be read, find the tick of each energy counter, and start the beat."""
        sensors = (self._accelerator, self._host, self._rapl)
        self._write({"capabilities": sorted(f"{sensor.name}.{name}" for sensor in sensors for name in sensor.capabilities)})
        for device, found in find(self._meters, self._clock, sleep).items():
            if found.tick_ns is not None:
                self._chases[device] = Chase(found, found.tick_ns)
        if self._chases:
            self._write({"tick_ns": max(chase.tick_ns for chase in self._chases.values())})
        self._begun_ns = self._clock()

    @property
    def next_ns(self) -> int:
        """When something is due next, on the clock."""
        return min([self._sample_ns, *(chase.next_ns for chase in self._chases.values())])

    @property
    def _sample_ns(self) -> int:
        shift = self._beats * GOLDEN_PERMILLE % 1000 * self._beat_ns // 2000
        return self._begun_ns + self._beats * self._beat_ns + shift

    def due(self) -> None:
        """Do what is due now: a sample, or a look at a counter around its tick."""
        now = self._clock()
        if now >= self._sample_ns:
            self._beats = max(self._beats, (now - self._begun_ns) // self._beat_ns) + 1
            self.sample()
        for device, chase in list(self._chases.items()):
            if now >= chase.next_ns:
                self._look(device)

    def sample(self) -> None:
        """Read everything once: one row for each device and one for the host."""
        begun = self._clock()
        if self._last_ns and begun - self._last_ns > LONGEST_GAP_NS:
            self._fault("sample-gap", f"{(begun - self._last_ns) // 1_000_000} ms without a sample", self._last_ns)
        foreign = self._foreign()
        for edge, reading in zip(self._accelerator.edge(), self._accelerator.sample(), strict=True):
            if ENERGY in edge.counters:
                self._caught(edge.device, edge.counters[ENERGY], edge.t_ns)
            self._row(sampled_row((edge, reading), self._origin_ns, foreign.get(edge.device)))
            self._judged(edge.device, {**edge.refusals, **reading.refusals})
        (edge,), (reading,), (packages,) = self._host.edge(), self._host.sample(), self._rapl.edge()
        self._row(sampled_row((edge, reading, packages), self._origin_ns))
        self._judged(HOST, {**edge.refusals, **reading.refusals, **packages.refusals})
        self._count_devices()
        self._say_refusals()
        self._last_ns = begun

    def _look(self, device: int) -> None:
        begun = self._clock()
        try:
            value = self._meters[device]()
        except Refused:
            del self._chases[device]  # the next sample says so
            return
        self._caught(device, value, (begun + self._clock()) // 2)

    def _caught(self, device: int, value: int, t_ns: int) -> None:
        tick_ns = self._chases[device].saw(value, t_ns) if device in self._chases else None
        if tick_ns is not None:
            self._row(TelemetryRow(tick_ns - self._origin_ns, device, energy_mj=value))

    def _foreign(self) -> Mapping[int, int]:
        """Other processes than the measured one by device; none where the driver does not list that one, for then it may hide others too."""
        if not self._accelerator.device_count:
            return {}
        found = self._accelerator.processes()
        shown = found is not None and any(self._own in there for there in found)
        self._foreign_status = "" if shown else HIDDEN if found is not None else SILENT
        return {device: len(there - {self._own}) for device, there in enumerate(found or ())} if shown else {}

    def _judged(self, device: int, refused: Mapping[str, str]) -> None:
        """A fault where something that was read before is refused now, and only one for a device that is gone."""
        fresh = {name: status for name, status in refused.items() if name not in self._known.get(device, set(refused))}
        self._known[device] = set(refused)
        if LOST in fresh.values():
            self._mourn(device, f"device {device} is lost")
        elif fresh and device not in self._lost:
            place = "host" if device == HOST else f"device {device}"
            self._fault("sensor-error", f"{place}: {', '.join(f'{name} {status}' for name, status in sorted(fresh.items()))}", self._clock())

    def _mourn(self, device: int, said: str) -> None:
        if device not in self._lost:
            self._lost.add(device)
            self._fault("device-lost", said, self._clock())

    def _count_devices(self) -> None:
        now = self._accelerator.present()
        if self._devices is not None and now is not None and now < self._devices:
            self._fault("device-lost", f"the driver counts {now} of {self._devices} devices", self._clock())
        self._devices = self._devices if now is None else now

    def _fault(self, code: str, said: str, t_ns: int) -> None:
        self._write({"fault": [code, said, t_ns - self._origin_ns]})

    def _row(self, row: TelemetryRow) -> None:
        held = {name: value for name in NAMES if (value := getattr(row, name)) is not None}
        if len(held) > 2 and row.t_ns >= 0:  # more than its time and its device
            self._write({"row": held})

    def _say_refusals(self) -> None:
        found = {**self._accelerator.refusals, **self._host.refusals, **self._rapl.refusals}
        if self._foreign_status:
            found[FOREIGN] = self._foreign_status
        if found != self._said:
            self._said = found
            self._write({"refusals": found})
