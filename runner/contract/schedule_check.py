"""Whether the schedule that was offered is the one that the methodology's seed gives: a re-anchored, thinned or re-seeded one is refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from runner.contract.batch_check import batch_problems
from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.problems import Problem, Problems
from runner.contract.recompute import GROWN_SEMANTICS
from runner.contract.run import Trial, Window
from runner.contract.samples import Samples
from runner.contract.schedules import class_sequence, departure, due_times
from runner.contract.slot_check import closed_problems, queue_problems

DYNAMIC = "dynamic"


def schedule_problems(evidence: Evidence) -> Iterator[Problem]:
    """Every way in which the rows of a window are not those of the schedule, the slots, the batches and the classes that it had.

    `schedule-mismatch` for other due times, seeds, rates or classes; `concurrency-exceeded`, `queue-unfounded` and `batch-inconsistent` where the
    rows contradict each other. Open loop: each window is derived again from the seed, its point, its rate and its length.
    """
    for trial in evidence.run.trials:
        yield from _seed(trial, evidence.methodology.load)
        yield from _strays(trial, evidence.samples)
        for window in trial.points:
            path = f"run.trials[{trial.index}]" + (f".windows[{window.point}]" if trial.windows else "")
            load = load_at(evidence.methodology.load, window)
            if load is None:
                stated = f"rate {window.rate_per_s}, concurrency {window.concurrency}"
                yield Problem(path, stated, "a point of the methodology's load", "measure the points that it names", "schedule-mismatch")
                continue
            yield from _window(evidence, trial, window, load, path)


def load_at(load: Load, window: Window) -> Load | None:
    """The load of one window; None where the window states a point that the methodology does not have."""
    if load.search is not None:
        return load.at_rate(window.rate_per_s) if window.rate_per_s is not None and window.concurrency is None else None
    fitting = [one for one in load.points if _states(window.rate_per_s, one.rate_per_s) and _states(window.concurrency, one.concurrency)]
    return fitting[0] if len(fitting) == 1 else None


def _states(stated: object, true: object) -> bool:
    return stated is None or stated == true


def _seed(trial: Trial, load: Load) -> Iterator[Problem]:
    """Only the audit that asks for another seed may have one: whoever chooses the seed chooses the luck."""
    if trial.seed is not None and (trial.purpose == "alternate-seed") == (trial.seed == load.seed):
        place, expected = f"run.trials[{trial.index}].seed", "the methodology's, and another one for an alternate-seed trial alone"
        yield Problem(place, trial.seed, expected, "measure with the methodology's seed", "schedule-mismatch")


def _strays(trial: Trial, samples: Samples) -> Iterator[Problem]:
    strays = set(np.unique(samples.only(trial.index).point).tolist()) - {window.point for window in trial.points}
    if strays:
        found = f"points {sorted(strays)}"[:80]
        yield Problem(f"samples.parquet:point (trial {trial.index})", found, "points with a window", "state every window", "schedule-mismatch")


def _window(evidence: Evidence, trial: Trial, window: Window, load: Load, path: str) -> Iterator[Problem]:
    mine = evidence.samples.only(trial.index, window.point)
    place = f"samples.parquet (trial {trial.index}, point {window.point})"
    serving = evidence.before.serving
    dynamic = serving.batch_policy.value == DYNAMIC
    workers = max(1, serving.replicas.value or 1, serving.streams.value or 1)
    if load.loop == "closed":
        grown = evidence.methodology.protocol.measurement_semantics >= GROWN_SEMANTICS
        whole = grown and evidence.run.exit_reason == "completed" and not trial.faults
        yield from closed_problems(mine, window.start_ns, window.end_ns, load.concurrency or 1, place, whole=whole)
    else:
        yield from _offered(evidence, trial, window, load, mine, path)
        if not dynamic:
            yield from queue_problems(mine, workers, place)
    if dynamic:
        yield from batch_problems(mine, serving.max_batch.value, serving.batch_timeout_ns.value, workers, place)
    yield from _classes(mine, load, trial, window, place, dynamic=dynamic)


def _offered(evidence: Evidence, trial: Trial, window: Window, load: Load, mine: Samples, path: str) -> Iterator[Problem]:
    place = f"{path}.schedule_sha256"
    length_ns = window.end_ns - window.start_ns
    try:
        due = due_times(load, length_ns, window.point, trial.index, seed=trial.seed, trace=evidence.trace)
    except Problems as found:
        yield from found.problems
        return
    if (mine.t_scheduled_ns[1:] < mine.t_scheduled_ns[:-1]).any():
        yield Problem(place, "rows out of due order", "rows in due order", "number the requests as they are due", "schedule-mismatch")
    elif problem := departure(mine.t_scheduled_ns - window.start_ns, due, window.schedule_sha256, place):
        yield problem


def _classes(mine: Samples, load: Load, trial: Trial, window: Window, place: str, *, dynamic: bool) -> Iterator[Problem]:
    """Each request's class is the one that was drawn for it; parallel slots of a closed loop share them out at their own pace."""
    if (mine.klass is not None) != bool(load.classes) and len(mine):
        found, expected = ("no classes", "a class per request") if load.classes else ("classes", "none: the load has no classes")
        yield Problem(f"{place}:klass", found, expected, "write the classes that the load has", "schedule-mismatch")
    if mine.klass is None or not load.classes or not len(mine):
        return
    drawn = class_sequence(load, len(mine), window.point, trial.index, seed=trial.seed)
    wrong = mine.klass >= len(load.classes) if load.process == "concurrent_streams" else mine.klass != drawn
    if wrong.any():
        row = int(np.argmax(wrong))
        found, expected = str(int(mine.klass[row])), f"{int(drawn[row])}, from the seed"
        yield Problem(f"{place}:klass[{row}]", found, expected, "send each request's own class", "schedule-mismatch")
    elif not dynamic and (wrong := mine.batch_size != np.array([one.batch for one in load.classes])[mine.klass]).any():
        row = int(np.argmax(wrong))
        expected = f"{load.classes[int(mine.klass[row])].batch}, the batch of its class"
        yield Problem(f"{place}:batch_size[{row}]", str(int(mine.batch_size[row])), expected, "send the batch of the class", "batch-inconsistent")
