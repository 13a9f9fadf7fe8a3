"""The executor as the serving process sees it: the machine's facts, the backend's, and the precision that the model was given."""

from __future__ import annotations

import os
from pathlib import Path

from runner.backends.interface import Backend
from runner.contract.executor import Executor, build
from runner.probe import Machine, probe
from runner.session.sensing import Senses
from runner.session.task import Task
from runner.workloads import Workload


def captured(task: Task, workload: Workload, backend: Backend, senses: Senses) -> Executor:
    """One capture, while the backend is warm; what the backend says of itself wins over what the machine shows."""
    machine = Machine(root=Path("/"), environ=os.environ, sensor=senses.accelerator)
    leaves = probe(machine, bytes.fromhex(task.salt), task.declared)
    return build({**leaves, **workload.precision_fields(task.precision), **backend.describe(), **backend.op_placement()})
