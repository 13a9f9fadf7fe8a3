"""The executor as the serving process sees it: the machine's facts, the backend's, and the precision that the model was given."""

from __future__ import annotations

import os
from pathlib import Path

from runner.backends.interface import Backend
from runner.contract.executor import Executor, build
from runner.probe import Machine, probe
from runner.sensors import Edge, Sensor
from runner.session.task import Task
from runner.workloads import Workload


def captured(task: Task, workload: Workload, backend: Backend, accelerator: Sensor, host: tuple[Edge, Edge]) -> Executor:
    """One capture, while the backend is warm; `host` are the host's edges around what it served just before.

    What the backend says of itself wins over what the machine shows.
    """
    machine = Machine(root=Path("/"), environ=os.environ, sensor=accelerator)
    leaves = probe(machine, bytes.fromhex(task.salt), task.declared, host)
    return build({**leaves, **workload.precision_fields(task.precision), **backend.describe(), **backend.op_placement()})
