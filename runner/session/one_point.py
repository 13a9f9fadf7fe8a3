"""One operating point of a trial: warm up, rest if asked, ramp if asked, measure, and keep what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runner.backends.interface import Backend
from runner.contract.audit_answers import answers_of, drawn_requests
from runner.contract.executor import Executor
from runner.contract.loads import Load
from runner.contract.methodology import Methodology
from runner.contract.run import Window
from runner.contract.samples import NOT_KEPT, STATUS, Samples
from runner.contract.schedules import digest, due_times
from runner.contract.window_check import stated
from runner.load.driver import Columns, Integers, Keep
from runner.quality.classification import OUTPUT
from runner.session.bench import Bench, Stretch
from runner.session.capture import captured
from runner.session.idle import rested
from runner.session.phases import Phases
from runner.session.sensing import Senses
from runner.session.task import Task
from runner.session.warm import Warmed, warmed
from runner.workloads import Workload

ROOM_PPM = 1_250_000  # a window that must hold n requests is planned a quarter longer than the warm-up's rate asks
LEAD_NS = 250_000_000  # of work right before a window, so that it opens on a live system
LEAST_DRAWN, MOST_DRAWN = 1_000_000, 20_000_000


@dataclass
class Trial:
    """One trial under way."""

    task: Task
    methodology: Methodology
    workload: Workload
    phases: Phases
    bench: Bench
    senses: Senses
    warmups: list[Warmed] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    samples: list[Samples] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    before: Executor | None = None

    @property
    def seed(self) -> str:
        """The root seed of this trial."""
        return self.task.seed or self.methodology.load.seed


def one_point(trial: Trial, load: Load, point: int) -> None:
    """Warm up, rest if asked, and measure one operating point."""
    protocol = trial.methodology.protocol
    warm = warmed(trial.bench, load, point, protocol, trial.seed, trial.phases)
    trial.warmups.append(warm)
    capture_once(trial)
    rested(protocol.idle_ns, "idle_before", trial.phases, trial.senses)
    if protocol.ramp_ns:
        _ramped(trial, load, point, protocol.ramp_ns)
    length = _window_ns(trial.methodology, warm)
    due = _due(trial, load, length, point)
    keep = _keep(trial, point, due, warm.expected(length))
    trial.senses.edge()
    columns = trial.bench.serve(Stretch(load, point, length, trial.seed, due, warm.expected(length), keep, LEAD_NS))
    trial.senses.edge()
    take(trial, load, point, columns)
    rested(protocol.idle_ns, "idle_after", trial.phases, trial.senses)


def capture_once(trial: Trial) -> None:
    """The executor as it is warm, before the first window."""
    if trial.before is None:
        trial.before = captured(trial.task, trial.workload, trial.bench.backend, trial.senses.accelerator, trial.senses.host_edges())


def take(trial: Trial, load: Load, point: int, columns: Columns) -> None:
    """Keep the rows, the window and the first errors of what was served."""
    batch = trial.task.batch if trial.task.batch_policy == "fixed" else 1
    rows = columns.samples(trial.task.trial, point, batch)
    if "quality-in-performance" in trial.methodology.protocol.audits:
        rows = _with_answers(rows, columns, told=_shared_order(trial.methodology))
    trial.samples.append(rows)
    trial.errors += columns.errors
    schedule = digest(columns.t_scheduled_ns - columns.window_start_ns) if load.loop == "open" else None
    rate, concurrency = stated(load)
    trial.windows.append(Window(
        point=point, start_ns=columns.window_start_ns, end_ns=columns.window_end_ns, rate_per_s=rate, concurrency=concurrency,
        schedule_sha256=schedule,
    ))  # fmt: skip
    trial.phases.window(columns.window_start_ns, columns.window_end_ns, len(columns))


def _due(trial: Trial, load: Load, length: int, point: int) -> Integers | None:
    if load.loop == "closed":
        return None
    trace = np.array(trial.task.trace_ns, np.int64) if trial.task.trace_ns else None
    return due_times(load, length, point, trial.task.trial, seed=trial.seed, trace=trace)


def _keep(trial: Trial, point: int, due: Integers | None, expected: int) -> Keep | None:
    """Outputs of drawn requests are kept where the methodology samples quality while the load runs."""
    if "quality-in-performance" not in trial.methodology.protocol.audits:
        return None
    most = len(due) if due is not None else min(max(expected * 4, LEAST_DRAWN), MOST_DRAWN)
    backend = trial.bench.backend
    return Keep(drawn_requests(trial.seed, most, point, trial.task.trial).tolist(), lambda done, place: _output(backend, done, place))


def _output(backend: Backend, done: object, place: int) -> npt.NDArray[np.float32]:
    """A copy of the outputs of one sample of an answered batch."""
    return np.array(backend.outputs(done)[OUTPUT][place : place + 1], np.float32, copy=True)


def _shared_order(methodology: Methodology) -> bool:
    """Whether slots take turns in the order of samples at any point, so that rows have to say which one they took."""
    return any(point.process == "concurrent_streams" for point in methodology.load.points)


def _with_answers(rows: Samples, columns: Columns, *, told: bool) -> Samples:
    answer = np.full(len(rows), NOT_KEPT, np.int32)
    kept = {number: output for number, output in columns.kept.items() if rows.status[number] == STATUS["ok"]}
    if kept:
        answer[list(kept)] = answers_of(np.concatenate([np.asarray(output) for output in kept.values()]))
    sample = columns.place.astype(np.int32) if told and columns.place is not None else None
    return Samples(**(rows.present() | {"answer": answer} | ({} if sample is None else {"sample": sample})))


def _ramped(trial: Trial, load: Load, point: int, length: int) -> None:
    """Rise to the load over `length`: at half the concurrency in a closed loop, from one request a second on in an open one; none of it is kept."""
    with trial.phases.during("ramp") as count:
        if load.loop == "closed":
            columns = trial.bench.serve(Stretch(load.at_concurrency(max(1, (load.concurrency or 1) // 2)), point, length, trial.seed))
        else:
            rising = load.model_copy(update={"process": "ramp", "rate_to_per_s": load.rate_per_s, "rate_per_s": "1"})
            due = due_times(rising, length, point, trial.task.trial, seed=trial.seed)
            columns = trial.bench.serve(Stretch(load, point, length, trial.seed, due))
        count.requests = len(columns)


def _window_ns(methodology: Methodology, warm: Warmed) -> int:
    """The methodology's least duration, longer where this machine is too slow to complete its least requests in that time."""
    protocol = methodology.protocol
    needed = protocol.min_requests * warm.duration_ns // max(1, warm.requests) * ROOM_PPM // 1_000_000
    return max(protocol.min_duration_ns, needed)
