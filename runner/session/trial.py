"""What happens inside one trial process: load, first inference, floor, then every operating point or a search, and quality if asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.backends import open_backend
from runner.contract.loads import Load
from runner.contract.methodology import Methodology
from runner.contract.quality import Items
from runner.contract.run import SearchOutcome
from runner.contract.streams import generator
from runner.load.clock import Clock, clock_cost, clock_edge, pin_driver, spin_ns
from runner.load.floor import Floor, floor, handoff_ns
from runner.quality.classification import items as evaluated
from runner.session.bench import Bench
from runner.session.capture import captured
from runner.session.one_point import Trial, capture_once, one_point, take
from runner.session.phases import Phases
from runner.session.rows import together
from runner.session.searching import searched
from runner.session.sensing import Senses
from runner.session.stated import Seen, outcome_of
from runner.session.task import Task, TrialResult
from runner.session.warm import warmed
from runner.session.workload import workload_of
from runner.workloads import Workload


def measured(task: Task) -> TrialResult:
    """Carry out one trial in this process."""
    clock, methodology = Clock(task.origin_ns), Methodology.read(task.methodology.encode())
    workload, phases, cost = workload_of(methodology), Phases(clock), clock_cost(clock.read)
    loads = _loads(methodology, task)
    first = loads[0] if loads else methodology.load
    bench = _loaded(task, workload, first, clock, phases)
    with Senses(task.device, clock.origin_ns, methodology.protocol.telemetry_hz) as senses:
        pinned = pin_driver(max(task.threads_intra, task.workers))
        lowest = _floor(bench, first, phases)
        handed = handoff_ns(first, clock, spin=bench.ahead_ns, workers=task.workers)
        trial = Trial(task, methodology, workload, phases, bench, senses)
        begun = clock_edge()
        search = _measure(trial, loads)
        clocks = begun, clock_edge()
        after = captured(task, workload, bench.backend, senses.accelerator, senses.host_edges())
        items = _quality(trial) if task.evaluate_quality else None
        assert trial.before is not None
        seen = Seen(
            before=trial.before, after=after, floor=lowest, warmups=trial.warmups, windows=trial.windows, phases=phases.passed,
            clock_cost_ns=cost.cost_ns, clocks=clocks, driver_cpu=pinned, spin_ns=bench.ahead_ns, handoff_ns=handed, errors=trial.errors,
            search=search,
        )  # fmt: skip
        outcome, telemetry = outcome_of(task, methodology, seen, senses.ended())
    return TrialResult(outcome, trial.before, after, together(sorted(trial.samples, key=lambda rows: int(rows.point[0]))), telemetry, items)


def _loads(methodology: Methodology, task: Task) -> tuple[Load, ...]:
    """The load of each operating point of this trial; none for a search, which finds them."""
    if task.purpose == "search":
        return ()
    if task.rate_per_s is not None:
        return (methodology.load.at_rate(task.rate_per_s),)
    return methodology.load.points


def _loaded(task: Task, workload: Workload, load: Load, clock: Clock, phases: Phases) -> Bench:
    backend = open_backend(task.backend)
    artifact = workload.artifact(task.precision, backend.runtime_format)
    with phases.during("load"):
        backend.load(artifact, task.config)
    bench = Bench(backend, workload, task, load, clock, spin_ns(clock) if load.loop == "open" else None)
    prepared, first = bench.prepared(1)[0], int(bench.order(task.seed or load.seed, 0)[0])
    with phases.during("first_inference") as count:
        backend.run(prepared[first])
        count.requests = 1
    for size in range(len(bench.sizes)):
        backend.warmup(prepared[size * len(workload.inputs) + first])
    return bench


def _floor(bench: Bench, load: Load, phases: Phases) -> Floor:
    """The driver's own cost on a backend that does nothing, in the same mode and before anything else is timed."""
    nothing = open_backend("null")
    with phases.during("floor"):
        return floor(nothing.run, bench.prepared(1)[0][0], load, bench.clock, spin=bench.ahead_ns, workers=bench.task.workers, rule=bench.rule)


def _measure(trial: Trial, loads: Sequence[Load]) -> SearchOutcome | None:
    """Every point, or the search."""
    if trial.task.purpose == "search":
        return _searched(trial)
    for point in _in_order(len(loads), trial):
        one_point(trial, loads[point], point)
    return None


def _in_order(points: int, trial: Trial) -> list[int]:
    """The points in an order drawn by stream `blocks`, so that heat and drift spread over all of them."""
    words = generator(trial.seed, "blocks", 0, trial.task.trial).random_raw(points)
    return [int(place) for place in np.argsort(words, kind="stable")]


def _searched(trial: Trial) -> SearchOutcome:
    """Look for the highest load under the latency budget; its windows and rows are the trial's."""
    load = trial.methodology.load
    closed = load.model_copy(update={"loop": "closed", "process": "single_stream", "concurrency": 1, "rate_per_s": None, "search": None})
    trial.warmups.append(warmed(trial.bench, closed, 0, trial.methodology.protocol, trial.seed, trial.phases))
    capture_once(trial)
    trial.senses.edge()
    found = searched(trial.bench, trial.methodology, trial.seed, closed)
    trial.senses.edge()
    for load, point, columns in found.windows:
        take(trial, load, point, columns)
    return found.outcome


def _quality(trial: Trial) -> Items | None:
    """The outputs of every held-out sample; None, with the error before those of requests, where the backend cannot give them any more."""
    with trial.phases.during("quality"):
        try:
            return evaluated(trial.bench.backend, trial.workload, trial.task.batch)
        except Exception as error:  # whatever a runtime raises: what was measured before is kept
            trial.errors.insert(0, f"quality: {type(error).__name__}: {error}"[:300])
            return None
