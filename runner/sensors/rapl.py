"""Energy of the processor packages by the kernel's powercap files; what cannot be read is a status, and nothing is estimated.

Linux shows each package of Intel and AMD processors as `/sys/class/powercap/intel-rapl:<n>` (powercap class, kernel documentation): `energy_uj`
counts up to `max_energy_range_uj` and starts again at 0. Reading it has needed privileges since 2020, so a refusal is the common case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns

from runner.contract.telemetry_row import HOST
from runner.sensors.interface import PACKAGE_ENERGY, Clock, Edge

FOLDER = "sys/class/powercap"
DOMAIN = re.compile(r"intel-rapl:\d+")  # sub-domains such as intel-rapl:0:0 lie inside their package
PACKAGE = "package-"
UJ_PER_MJ = 1000


@dataclass
class _Package:
    """One package: where it counts, at what it starts again, the last count and all that was counted before it started again."""

    counter: Path
    most_uj: int
    last_uj: int = 0
    turned_uj: int = 0

    def read_uj(self) -> int:
        """µJ counted, going on where the counter starts again; it must be read more than once in a turn."""
        now = int(self.counter.read_text())
        if now < self.last_uj:
            self.turned_uj += self.most_uj
        self.last_uj = now
        return self.turned_uj + now


class Rapl:
    """Sum over the packages below `root`, in mJ; absent where one of them cannot be read."""

    name = "rapl"

    def __init__(self, clock: Clock = perf_counter_ns, root: Path = Path("/")) -> None:
        self._clock, self._folder = clock, root / FOLDER
        self._packages: list[_Package] = []
        self._refused: str | None = "not_collected"

    @property
    def capabilities(self) -> frozenset[str]:
        """The one counter, where every package answers."""
        return frozenset() if self._refused else frozenset({PACKAGE_ENERGY})

    @property
    def refusals(self) -> Mapping[str, str]:
        """Why there is no counter."""
        return {PACKAGE_ENERGY: self._refused} if self._refused else {}

    def open(self) -> None:
        """Find the packages and try each counter once."""
        self._refused = None
        self._asked(self._found)
        self.edge()

    def edge(self) -> tuple[Edge, ...]:
        """The packages' energy; after one refusal it is not asked again."""
        start = self._clock()
        counted = None if self._refused else self._asked(lambda: sum(package.read_uj() for package in self._packages))
        took = self._clock() - start
        return (Edge(start + took // 2, took, HOST, {} if counted is None else {PACKAGE_ENERGY: counted // UJ_PER_MJ}, self.refusals),)

    def _found(self) -> int:
        places = sorted(place for place in self._folder.iterdir() if DOMAIN.fullmatch(place.name))
        packages = [place for place in places if (place / "name").read_text().startswith(PACKAGE)]
        self._packages = [_Package(place / "energy_uj", int((place / "max_energy_range_uj").read_text())) for place in packages]
        if not packages:
            raise FileNotFoundError(self._folder)
        return len(packages)

    def _asked(self, read: Callable[[], int]) -> int | None:
        try:
            return read()
        except FileNotFoundError:
            reason = "no-such-file"
        except PermissionError:
            reason = "permission-denied"
        except OSError:
            reason = "not-supported"
        except ValueError:
            reason = "unknown-format"
        self._refused = f"unreadable:{reason}"
        return None
