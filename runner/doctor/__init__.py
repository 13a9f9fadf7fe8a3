"""Whether this machine is ready to measure: a list of checks, each with what was seen and what to do about it. Nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from runner.contract.executor import build
from runner.contract.fields import AnyField, facts
from runner.doctor import board, software, surroundings
from runner.doctor.check import Check, Outcome, fine, wanting
from runner.probe import Machine, probe
from runner.sensors.host import HostSensor

__all__ = ["Check", "Outcome", "checks"]

# Leaves that a runtime answers when it is loaded, which the doctor does not do.
OF_A_RUNTIME = ("sw.framework.", "sw.runtime.", "sw.kernel_libs", "sw.cuda.framework_build", "sw.cuda.runtime_loaded", "sw.cuda.forward_compat",
                "compile.", "precision.", "serving.", "env.cotenancy.foreign_gpu_processes")  # fmt: skip
INTERVAL_S = 0.25


def checks(
    machine: Machine, outbox: Path | None = None, declared: Mapping[str, str] | None = None, sleep: Callable[[float], None] = time.sleep
) -> list[Check]:
    """All checks of `machine`, whose sensor is open, in the order in which the chain breaks: software, board, host, facts.

    `outbox` is where sealed bundles will wait (no disk is judged without it), `declared` what the node's owner declares. Takes about
    a quarter of a second, `sleep` between two reads of the host's counters.
    """
    host = HostSensor(root=machine.root)
    before = host.edge()[0]
    sleep(INTERVAL_S)
    leaves = probe(machine, b"", declared or {}, (before, host.edge()[0]))
    found = [*software.checks(machine), *board.checks(machine, leaves), *surroundings.checks(leaves)]
    if outbox is not None:
        found.append(surroundings.disk(outbox))
    return [*found, unread(leaves)]


def unread(leaves: Mapping[str, AnyField]) -> Check:
    """The mandatory facts that cannot be read here, with their reasons; they may hold a run's grade at `measured`."""
    name = "mandatory facts"
    silent = list(_unread(leaves))
    if not silent:
        return fine(name, "each one answered with a value, or does not apply")
    remedy = "declare what only you know in declared.json of the node's home (env.cooling, host.product, …); run outside the container for the rest"
    return wanting(name, "warn", ", ".join(silent), remedy)


def _unread(leaves: Mapping[str, AnyField]) -> Iterator[str]:
    executor = build(leaves)
    for path, fact, leaf in facts(executor):
        if fact.need == "M" and not path.startswith(OF_A_RUNTIME) and (leaf.status.startswith("unreadable:") or not leaf.answered):
            yield f"{path} ({leaf.status.removeprefix('unreadable:')})"
