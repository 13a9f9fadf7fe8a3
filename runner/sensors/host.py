"""The host's own sensor: CPU time that the hypervisor took away, and pressure on the CPU; both from /proc, without privileges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING

from runner.contract.telemetry_row import HOST
from runner.sensors.edges import PPM, difference
from runner.sensors.interface import Clock, Edge, Reading

if TYPE_CHECKING:
    from runner.contract.fields import AnyField

STEAL = 7  # place of `steal` after the word `cpu` in /proc/stat; guest time at 8 and 9 is counted in user time already (proc_stat(5))
Counters = dict[str, int]


class HostSensor:
    """Reads /proc below `root`; `sample` gives steal since the sample before it, so the first one has none."""

    name = "host"
    device_count = 0

    def __init__(self, clock: Clock = perf_counter_ns, root: Path = Path("/")) -> None:
        self._clock, self._stat, self._pressure = clock, root / "proc/stat", root / "proc/pressure/cpu"
        self._refused: dict[str, str] = {}
        self._before: Edge | None = None

    @property
    def capabilities(self) -> frozenset[str]:
        """Counters that answered in `open`."""
        return frozenset({"cpu_total_ticks", "cpu_steal_ticks", "psi_cpu_some_ns"} - self._refused.keys())

    @property
    def refusals(self) -> Mapping[str, str]:
        """Counters that did not answer, and why."""
        return dict(self._refused)

    def open(self) -> None:
        """Try both files once."""
        self._before = self.edge()[0]

    def edge(self) -> tuple[Edge, ...]:
        """CPU ticks in all and stolen (of all CPUs together) and ns during which some task waited for a CPU."""
        start = self._clock()
        counters = {**self._asked(("cpu_total_ticks", "cpu_steal_ticks"), self._ticks), **self._asked(("psi_cpu_some_ns",), self._waited)}
        took = self._clock() - start
        return (Edge(start + took // 2, took, HOST, counters, dict(self._refused)),)

    def sample(self) -> tuple[Reading, ...]:
        """Steal as a share of CPU time since the last sample, in ppm, and the kernel's ten-second average of CPU pressure, in ppm."""
        (edge,) = self.edge()
        since = difference(self._before, edge) if self._before else None
        self._before = edge
        values = self._asked(("psi_cpu_some_avg10_ppm",), self._average)
        steal = since.share_ppm("cpu_steal_ticks", "cpu_total_ticks") if since else None
        if steal is not None:
            values["cpu_steal_ppm"] = steal
        return (Reading(edge.t_ns, edge.took_ns, HOST, values, dict(self._refused)),)

    def describe(self) -> Mapping[str, AnyField]:
        """Facts of the host are the probe's."""
        return {}

    def identities(self) -> tuple[str, ...]:
        """Identities of the host are the probe's."""
        return ()

    def meters(self) -> Mapping[int, Callable[[], int]]:
        """Energy of the host is the business of `rapl`."""
        return {}

    def process_ids(self) -> frozenset[int] | None:
        """Not asked."""
        return None

    def processes(self) -> tuple[frozenset[int], ...] | None:
        """Not asked."""
        return None

    def present(self) -> int | None:
        """Not asked."""
        return None

    def close(self) -> None:
        """Nothing is held open."""

    def _asked(self, names: tuple[str, ...], read: Callable[[], Counters]) -> Counters:
        if names[0] in self._refused:
            return {}
        try:
            return read()
        except FileNotFoundError:
            reason = "no-such-file"
        except PermissionError:
            reason = "permission-denied"
        except OSError:
            reason = "not-supported"  # the kernel was built with pressure information and started without it
        except (ValueError, IndexError):
            reason = "unknown-format"
        self._refused.update(dict.fromkeys(names, f"unreadable:{reason}"))
        return {}

    def _ticks(self) -> Counters:
        columns = [int(word) for word in self._stat.read_text().partition("\n")[0].split()[1:]]
        return {"cpu_total_ticks": sum(columns[: STEAL + 1]), "cpu_steal_ticks": columns[STEAL]}

    def _waited(self) -> Counters:
        return {"psi_cpu_some_ns": int(_some(self._pressure.read_text())["total"]) * 1000}

    def _average(self) -> Counters:
        return {"psi_cpu_some_avg10_ppm": average_ppm(self._pressure.read_text())}


def average_ppm(text: str) -> int:
    """`avg10` of the line `some` of a pressure file, percent with two decimals, in ppm; ValueError for any other text."""
    whole, _, part = _some(text)["avg10"].partition(".")
    return min(PPM, int(whole) * 10_000 + int(part.ljust(4, "0")[:4]))


def _some(text: str) -> dict[str, str]:
    line = next((line for line in text.splitlines() if line.startswith("some ")), "")
    words = dict(word.split("=", 1) for word in line.split()[1:])
    if "avg10" not in words or "total" not in words:
        raise ValueError("no line `some avg10=… total=…`")
    return words
