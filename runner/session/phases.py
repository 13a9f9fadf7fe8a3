"""The stretches of a trial as they pass: what happened when, and how many requests were served in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runner.contract.run import Phase
from runner.load.clock import Clock


@dataclass
class Count:
    """Requests served in the stretch that is under way."""

    requests: int = 0


@dataclass
class Phases:
    """Every stretch of one trial on its clock, in order of time."""

    clock: Clock
    passed: list[Phase] = field(default_factory=list)

    @contextmanager
    def during(self, name: str) -> Iterator[Count]:
        """One stretch called `name`, from entering to leaving."""
        count, begun = Count(), self.clock.now_ns()
        yield count
        self.passed.append(Phase.model_validate({"name": name, "start_ns": begun, "end_ns": self.clock.now_ns(), "requests": count.requests}))

    def window(self, start_ns: int, end_ns: int, requests: int) -> None:
        """A measured window, whose ends the driver has set."""
        self.passed.append(Phase(name="window", start_ns=start_ns, end_ns=end_ns, requests=requests))

    def spans(self, name: str) -> list[tuple[int, int]]:
        """(start, end) of every stretch of this name."""
        return [(phase.start_ns, phase.end_ns) for phase in self.passed if phase.name == name]
