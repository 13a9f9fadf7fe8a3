"""Boards that behave in a known way for some seconds, all at once: each is the stand-in for the driver under a scenario, sampled by a real sampler.

At rest until the mark, under load for five seconds, and at rest again. The mark is a moment that all of them share.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.contract.energy import Energy, EnergyRules, best_method, energy_of
from runner.contract.telemetry_row import Window
from runner.contract.throttling import ThrottleClass, throttle_class
from runner.sensors.sampler import Sampler, Sensed
from tests.runner.fake_nvml import compiled, scenario_environ

MS, S = 10**6, 10**9
REST_MW, LOAD_MW, TICK_MS = 60_000, 300_000, 50
REST_MS, LOADED_MS = 1_800, 5_000
AT_ONCE = 18
# The rules at a fiftieth of their length, but for the gap: this machine may be busy.
SHORT = EnergyRules(window_least_ns=2 * S, slice_least_ns=200 * MS, slice_least_ticks=8, longest_gap_ns=S)
Scenario = Mapping[str, object]


@dataclass(frozen=True)
class Board:
    """What was sensed of one board, and the mark on its clock."""

    sensed: Sensed
    mark_ns: int
    devices: int

    def window(self, from_ms: float = 500, to_ms: float = 4_500) -> Window:
        """A window by its distance from the mark."""
        return self.mark_ns + round(from_ms * MS), self.mark_ns + round(to_ms * MS)

    def energy(self, window: Window | None = None, rules: EnergyRules = SHORT, **given: Any) -> Energy:
        """The energy of a window in which an inference was completed each 10 ms, by the method that the rows carry."""
        chosen = window or self.window()
        completed = np.arange(chosen[0], chosen[1], 10 * MS, dtype=np.int64)
        method = best_method(self.sensed.rows, chosen, self.devices, scope="gpu_board")
        idle = given.pop("idle", (self.window(-REST_MS + 200, -100), self.window(LOADED_MS + 100, LOADED_MS + REST_MS - 200)))
        return energy_of(
            self.sensed.rows, chosen, self.devices, completed, idle, scope="gpu_board", method=method, tick_ns=TICK_MS * MS,
            refusals=self.sensed.refusals, rules=rules,
        )  # fmt: skip

    def throttled(self, from_ms: float = 500, to_ms: float = 4_500) -> ThrottleClass:
        """The throttle class of a window."""
        return throttle_class(self.sensed.rows, self.window(from_ms, to_ms), self.devices)


def sampled(scenarios: Mapping[str, Scenario], folder: Path) -> dict[str, Board]:
    """Every scenario played through to its end, many side by side, each with a sampler of its own."""
    names, found = list(scenarios), dict[str, Board]()
    compiled(folder)
    for first in range(0, len(names), AT_ONCE):
        found |= _together({name: scenarios[name] for name in names[first : first + AT_ONCE]}, folder, folder / f"mark-{first}")
    return found


def _together(scenarios: Mapping[str, Scenario], library: Path, mark: Path) -> dict[str, Board]:
    origin_ns = time.perf_counter_ns()
    with ExitStack() as stack:
        samplers = {}
        for place, (name, scenario) in enumerate(scenarios.items()):
            steps = f"0:{LOAD_MW},{LOADED_MS}:{REST_MW}"
            keys = {"mark": mark, "power_mw": REST_MW, "power_steps": steps, "tick_ms": TICK_MS, "own_pid": os.getpid()} | dict(scenario)
            environ = scenario_environ(library, mark.with_suffix(f".{place}"), **keys)
            samplers[name] = stack.enter_context(Sampler("nvml", origin_ns, environ=environ, answer_s=60))
        for sampler in samplers.values():
            sampler.edge()
        time.sleep(REST_MS / 1000)
        mark_ns = time.perf_counter_ns()
        mark.with_suffix(".part").write_text(str(mark_ns), "utf-8")
        mark.with_suffix(".part").rename(mark)
        time.sleep((LOADED_MS + REST_MS) / 1000)
        return {name: Board(sampler.ended(), mark_ns - origin_ns, int(str(scenarios[name].get("count", 1)))) for name, sampler in samplers.items()}
