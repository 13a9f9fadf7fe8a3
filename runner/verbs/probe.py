"""`lynxweb probe`: this machine's executor document, without a runtime loaded."""

from __future__ import annotations

import os
from pathlib import Path

from runner.contract.executor import build
from runner.node import home
from runner.probe import Machine, probe
from runner.report.executors import executor_lines
from runner.sensors import open_sensor
from runner.talk import Talk
from runner.verbs.result import DONE, Result


def perform(talk: Talk) -> Result:
    """The executor document; leaves that belong to a runtime stay `not_collected` until one is loaded by a run."""
    node = home().identity()
    sensor = open_sensor()
    try:
        leaves = probe(Machine(root=Path("/"), environ=os.environ, sensor=sensor), node.salt, node.declared)
    finally:
        sensor.close()
    executor = build(leaves)
    return Result(DONE, executor.model_dump(mode="json"), executor_lines(executor))
