"""What this machine is: collectors that give every leaf of an executor they own a value, or the reason why there is none. Nothing needs root."""

from __future__ import annotations

from collections.abc import Mapping

from runner.contract.fields import AnyField
from runner.probe import accelerator, cuda, host, libraries, power, system
from runner.probe.declared import completed
from runner.probe.machine import Interpreter, Machine
from runner.sensors import Edge

__all__ = ["Interpreter", "Machine", "probe"]


def probe(machine: Machine, salt: bytes, declared: Mapping[str, str], host_edges: tuple[Edge, Edge] | None = None) -> dict[str, AnyField]:
    """Fields by executor leaf path: `hw`, `host`, `env` and the parts of `sw` that no backend owns.

    `machine.sensor` must be open; hand in a `NoSensor` for a run that uses the processor alone, whatever else the machine holds. `salt` turns
    identities into pseudonyms. `declared` completes what nobody could observe and never replaces what was observed; `Problems` for a leaf or
    a word that is not known. `host_edges` are reads of the host's sensor before and after what was measured; without them steal is unreadable.
    """
    described = machine.sensor.describe()
    found = accelerator.fields(machine, described, salt) | host.fields(machine, salt) | power.fields(machine, described, host_edges)
    found |= system.fields(machine) | libraries.fields(machine) | cuda.fields(machine, described)
    return completed(found, declared)
