"""What happens inside one trial process: load, first inference, floor, warm-up, capture, window, capture, and quality if asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.backends import open_backend
from runner.backends.interface import Backend, ExecutorConfig, Prepared
from runner.contract import schedules
from runner.contract.executor import Executor
from runner.contract.methodology import Methodology
from runner.contract.run import Trial
from runner.load.arrivals import due_times, order
from runner.load.clock import Clock, clock_cost, spin_ns
from runner.load.closed import closed_loop
from runner.load.driver import Columns, Integers
from runner.load.floor import Floor, floor
from runner.load.open import open_loop
from runner.quality.classification import items as evaluated
from runner.session.capture import captured
from runner.session.sensing import Senses, Watch
from runner.session.task import Outcome, Task, TrialResult
from runner.session.workload import workload_of
from runner.workloads import Workload

POINT = 0
SECOND_NS = 10**9
ROOM_PPM = 1_250_000  # a window that must hold n requests is planned a quarter longer than the warm-up's rate asks


@dataclass(frozen=True)
class _Ready:
    """A backend that has served once, with every sample prepared and the order in which they will be asked for."""

    backend: Backend
    prepared: Sequence[Prepared]
    order: Integers
    load_time_ns: int
    first_inference_ns: int


@dataclass(frozen=True)
class _Warm:
    """What the warm-up did, and the rate it reached."""

    requests: int
    duration_ns: int


def measured(task: Task) -> TrialResult:
    """Carry out one trial in this process."""
    clock = Clock(task.origin_ns)
    methodology = Methodology.read(task.methodology.encode())
    workload = workload_of(methodology)
    cost = clock_cost(clock.read)
    ready = _loaded(task, methodology, workload, clock)
    ahead = spin_ns(clock) if methodology.load.loop == "open" else None
    lowest = _floor(methodology, ready.prepared[0], clock, ahead)
    with Senses(task.device) as senses:
        (cold,) = senses.host.edge()
        warm = _warmed(ready, methodology, clock, ahead)
        before = captured(task, workload, ready.backend, senses, (cold, senses.host.edge()[0]))
        watch = Watch(senses, clock)
        columns = _window(ready, methodology, task.trial, warm, clock, ahead)
        watched = watch.ended(methodology.protocol.energy.scope)
        after = captured(task, workload, ready.backend, senses, watched.host)
    trial = _stated(task, ready, warm, lowest, columns, before, after, methodology).model_copy(update=watched.facts)
    outcome = Outcome(trial=trial, clock_cost_ns=cost.cost_ns, telemetry_capabilities=watched.capabilities, errors=columns.errors)
    batch = before.serving.max_batch.value or 1
    items = evaluated(ready.backend, workload, batch) if task.evaluate_quality else None
    return TrialResult(outcome, before, after, columns.samples(task.trial, POINT, batch), watched.telemetry, items)


def _loaded(task: Task, methodology: Methodology, workload: Workload, clock: Clock) -> _Ready:
    config = ExecutorConfig(task.precision, "cuda" if task.device == "cuda" else "cpu", task.threads_intra, task.threads_inter)
    backend = open_backend(task.backend)
    artifact = workload.artifact(task.precision, backend.runtime_format)
    begun = clock.read()
    backend.load(artifact, config)
    loaded = clock.read()
    prepared = [backend.prepare(workload.inputs[place : place + 1]) for place in range(len(workload.inputs))]
    sequence = order(methodology.load, len(prepared), POINT, task.trial)
    asked = clock.read()
    backend.run(prepared[int(sequence[0])])
    answered = clock.read()
    backend.warmup(prepared[int(sequence[0])])
    return _Ready(backend, prepared, sequence, loaded - begun, answered - asked)


def _floor(methodology: Methodology, like: Prepared, clock: Clock, ahead: int | None) -> Floor:
    """The driver's own cost on a backend that does nothing, in the same mode and before anything else is timed."""
    nothing = open_backend("null")
    return floor(nothing.run, like, methodology.load, clock, spin=ahead)


def _warmed(ready: _Ready, methodology: Methodology, clock: Clock, ahead: int | None) -> _Warm:
    """Serve as the window will, at least as long and as often as the methodology asks; none of it is kept."""
    load, protocol = methodology.load, methodology.protocol
    begun = clock.read()
    if load.rate_per_s is not None:
        least = max(protocol.warmup_min_ns, schedules.span_ns(protocol.warmup_min_requests + 1, load.rate_per_s))
        due = schedules.offsets("constant", load.rate_per_s, schedules.requests_in(load.rate_per_s, least), load.seed, POINT, 0)
        done = len(open_loop(ready.backend.run, ready.prepared, ready.order, due, least, clock, spin=ahead))
        return _Warm(done, clock.read() - begun)
    done = len(closed_loop(ready.backend.run, ready.prepared, ready.order, max(protocol.warmup_min_ns, 1), clock))
    if done < protocol.warmup_min_requests:
        done += len(closed_loop(ready.backend.run, ready.prepared, ready.order, None, clock, requests=protocol.warmup_min_requests - done))
    return _Warm(done, clock.read() - begun)


def _window(ready: _Ready, methodology: Methodology, trial: int, warm: _Warm, clock: Clock, ahead: int | None) -> Columns:
    load, length = methodology.load, _window_ns(methodology, warm)
    if load.loop == "open":
        due = due_times(load, length, POINT, trial)
        return open_loop(ready.backend.run, ready.prepared, ready.order, due, length, clock, spin=ahead)
    expected = warm.requests * length // max(1, warm.duration_ns)
    return closed_loop(ready.backend.run, ready.prepared, ready.order, length, clock, expected=expected)


def _window_ns(methodology: Methodology, warm: _Warm) -> int:
    """The methodology's least duration, longer where this machine is too slow to complete its least requests in that time."""
    protocol = methodology.protocol
    needed = protocol.min_requests * warm.duration_ns // max(1, warm.requests) * ROOM_PPM // 1_000_000
    return max(protocol.min_duration_ns, needed)


def _stated(
    task: Task, ready: _Ready, warm: _Warm, lowest: Floor, columns: Columns, before: Executor, after: Executor, methodology: Methodology
) -> Trial:
    due = columns.t_scheduled_ns - columns.window_start_ns
    return Trial(
        index=task.trial,
        fingerprint_warm=before.fingerprint,
        fingerprint_end=after.fingerprint,
        window_start_ns=columns.window_start_ns,
        window_end_ns=columns.window_end_ns,
        load_time_ns=ready.load_time_ns,
        first_inference_ns=ready.first_inference_ns,
        warmup_requests=warm.requests,
        warmup_ns=warm.duration_ns,
        schedule_sha256=schedules.digest(due) if methodology.load.loop == "open" else None,
        floor_p50_ns=lowest.p50_ns,
        floor_p99_ns=lowest.p99_ns,
    )
