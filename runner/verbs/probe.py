"""`lynxweb probe`: this machine's executor document, without a runtime loaded."""

from __future__ import annotations

import os
from pathlib import Path

from runner.contract.executor import Executor, build
from runner.contract.fields import Text, facts
from runner.node import home
from runner.probe import Machine, probe
from runner.report.executors import UNLOADED, executor_lines
from runner.sensors import open_sensor
from runner.talk import Talk
from runner.verbs.result import DONE, Result

OF_A_RUNTIME = ("sw.framework.", "sw.runtime.", "sw.kernel_libs", "sw.cuda.framework_build", "compile.", "precision.", "serving.")
ABSENT = Text(status=UNLOADED, source="lynxweb probe")


def of_a_runtime(executor: Executor) -> list[str]:
    """Paths of the leaves that only a loaded runtime can answer, and that nothing has answered."""
    return [path for path, _, leaf in facts(executor) if path.startswith(OF_A_RUNTIME) and not leaf.answered]


def perform(talk: Talk) -> Result:
    """The executor document; leaves that belong to a runtime say that none is loaded here, which only a run does."""
    node = home().identity()
    sensor = open_sensor()
    try:
        leaves = probe(Machine(root=Path("/"), environ=os.environ, sensor=sensor), node.salt, node.declared)
    finally:
        sensor.close()
    executor = build({**leaves, **dict.fromkeys(of_a_runtime(build(leaves)), ABSENT)})
    return Result(DONE, executor.model_dump(mode="json"), executor_lines(executor))
