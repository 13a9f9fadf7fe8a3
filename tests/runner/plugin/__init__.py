"""Real sessions with backends whose truth is known: another distribution registers them, on the path of the trial processes alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from runner.build import runner_build
from runner.contract.builtin import builtin
from runner.contract.canonical import decode, encode
from runner.contract.check import Checked
from runner.contract.fields import Whole
from runner.contract.keys import SigningKey
from runner.contract.methodology import Methodology
from runner.contract.run import OperatingPoint
from runner.node import NodeIdentity
from runner.session.measure import Session, World, measure
from runner.session.plan import parse
from runner.session.spawn import spawn
from runner.session.task import Task
from runner.walltime import utc_now

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[2]
PATHS = f"{FOLDER}:{ROOT}"
BACKENDS = tuple(
    line.partition(" = ")[0] for line in (FOLDER / "lynxweb_known_truth-1.0.dist-info/entry_points.txt").read_text("utf-8").splitlines()[1:]
)
MS, SECOND = 10**6, 10**9
NODE = NodeIdentity(SigningKey(b"\x07" * 32), b"\x01" * 32, "local", {})
SHORT = {
    "min_duration_ns": 700 * MS, "min_requests": 20, "warmup_min_ns": 250 * MS, "warmup_min_requests": 40, "min_trials": 1,
    "settle_extensions": 1,
}  # fmt: skip
OPEN = {"load__loop": "open", "load__process": "constant", "load__concurrency": None, "load__rate_per_s": "200"}
POISSON = {**OPEN, "load__process": "poisson"}
BUDGET = {"metric": "latency_p90@1", "permille": 900, "limit_ns": 20 * MS, "confidence_permille": 950, "least_effective": 20}


def how(**changes: Any) -> Methodology:
    """The built-in quick look as a microbenchmark with short windows that permits these backends; keys in `changes` are dotted paths with `__`."""
    tree: Any = decode(builtin()["digits-quick"])
    tree.update(kind="microbenchmark", name="known-truth", permitted_runtimes=list(BACKENDS))
    tree["protocol"].update(SHORT)
    del tree["protocol"]["audits"]
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = tree
        for parent in parents:
            place = place[parent]
        place[name] = value
    return Methodology.read(encode(tree))


@dataclass(frozen=True)
class Case:
    """One session: a side, its methodology and the backend's numbers; `later` are other numbers for trials from a number on."""

    side: str
    methodology: Methodology
    settings: Mapping[str, object] = field(default_factory=dict)
    trials: int = 1
    later: Mapping[int, Mapping[str, object]] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    trace_ns: tuple[int, ...] = ()
    scratch: Path | None = None
    patience_s: float = 300

    def environ_of(self, trial: int) -> dict[str, str]:
        """The environment of the process of one trial."""
        settings = {name: value for at, said in ((0, self.settings), *self.later.items()) if trial >= at for name, value in said.items()}
        return {**self.environ, "PYTHONPATH": PATHS, "LYNXWEB_KNOWN_TRUTH": json.dumps(settings)}


def held(case: Case) -> Session:
    """The session of a case, carried out here and in real processes."""

    def started(task: Task, folder: Path, patience_s: float) -> None:
        spawn(task, folder, min(case.patience_s, patience_s), case.environ_of(task.trial))

    world = World(runner_build(), utc_now, lambda: Whole(value=0, status="observed", source="test"), spawn=started, scratch=case.scratch)
    return measure([parse(case.side)], case.methodology, case.trials, NODE, world, trace_ns=case.trace_ns)


def at_once(cases: Mapping[str, Case], together: int = 3) -> dict[str, Session]:
    """Every session, some of them at the same time: they sleep more than they work."""
    with ThreadPoolExecutor(together) as pool:
        begun = {name: pool.submit(held, case) for name, case in cases.items()}
        return {name: future.result() for name, future in begun.items()}


def run_of(session: Session) -> Checked:
    """The one run of a session that was sealed and that the check accepts."""
    assert session.measured, [failure.said for failure in session.failures]
    (measured,) = session.measured
    return measured.checked


def codes(session: Session) -> set[str]:
    """The codes of all findings of its run."""
    return {finding.code for finding in run_of(session).findings}


def point(session: Session, name: str = "p0") -> OperatingPoint:
    """One operating point of its run."""
    return next(one for one in run_of(session).evidence.run.operating_points if one.name == name)


def value(session: Session, definition: str, name: str = "p0") -> float:
    """A stated number."""
    return next(float(metric.value) for metric in point(session, name).metrics if metric.definition == definition)


def p50_ns(session: Session, name: str = "p0") -> int:
    """Median latency from schedule of a point's requests, from the rows: where this machine is busy the stated one may be withheld."""
    found = run_of(session).evidence
    measuring = [trial.index for trial in found.run.trials if trial.purpose == "measure"]
    rows = [found.samples.only(index, int(name[1:])) for index in measuring]
    return int(np.median(np.concatenate([one.t_last_ns - one.t_scheduled_ns for one in rows])))
