"""Whether the schedule that was offered is the one that the methodology's seed gives: a re-anchored, thinned or re-drawn one is refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from runner.contract.batch_check import batch_problems
from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.methodology import GROWN_SEMANTICS
from runner.contract.problems import Problem, Problems
from runner.contract.run import Trial, Window
from runner.contract.samples import Samples
from runner.contract.schedules import class_sequence, departure, due_times, requests_due
from runner.contract.slot_check import closed_problems, crowd_problems, queue_problems

DYNAMIC = "dynamic"


def schedule_problems(evidence: Evidence) -> Iterator[Problem]:
    """Every way in which the rows of a window are not those of the schedule, the slots, the batches and the classes that it had.

    `schedule-mismatch` for other due times or classes; `concurrency-exceeded`, `queue-unfounded` and `batch-inconsistent` where the rows contradict
    each other. Open loop: each window is derived again from the trial's seed, the window's point, its rate and its length.
    """
    for trial in evidence.run.trials:
        for window in trial.points:
            path = f"run.trials[{trial.index}]" + (f".windows[{window.point}]" if trial.windows else "")
            load = load_at(evidence.methodology.load, window)
            if load is None:
                stated = f"rate {window.rate_per_s}, concurrency {window.concurrency}"
                yield Problem(path, stated, "a point of the methodology's load", "measure the points that it names", "schedule-mismatch")
            else:
                yield from _window(evidence, trial, window, load, path)


def load_at(load: Load, window: Window) -> Load | None:
    """The load of one window; None where it states what the methodology does not have. A search may try any rate, and a single stream before it."""
    if load.search is not None and window.rate_per_s is not None:
        return load.at_rate(window.rate_per_s) if window.concurrency is None else None
    if load.search is not None:
        single = {"loop": "closed", "process": "single_stream", "concurrency": 1, "search": None, "gamma_shape": None}
        return load.model_copy(update=single) if window.concurrency == 1 else None
    fitting = [one for one in load.points if _states(window.rate_per_s, one.rate_per_s) and _states(window.concurrency, one.concurrency)]
    return fitting[0] if len(fitting) == 1 else None


def _states(stated: object, true: object) -> bool:
    return stated is None or stated == true


def _window(evidence: Evidence, trial: Trial, window: Window, load: Load, path: str) -> Iterator[Problem]:
    mine = evidence.samples.only(trial.index, window.point)
    place = f"samples.parquet (trial {trial.index}, point {window.point})"
    serving = evidence.before.serving
    dynamic = serving.batch_policy.value == DYNAMIC
    workers = max(1, serving.replicas.value or 1, serving.streams.value or 1)
    if load.loop == "closed":
        grown = evidence.methodology.protocol.measurement_semantics >= GROWN_SEMANTICS
        whole = grown and evidence.run.exit_reason == "completed"
        yield from closed_problems(mine, window.start_ns, window.end_ns, load.concurrency or 1, place, whole=whole)
    else:
        yield from _offered(evidence, trial, window, load, mine, path)
        if not dynamic:
            yield from queue_problems(mine, workers, place)
            yield from crowd_problems(mine, workers, place)
    if dynamic:
        yield from batch_problems(mine, serving.max_batch.value, serving.batch_timeout_ns.value, workers, place)
    yield from _classes(mine, load, trial, window, place)


def _offered(evidence: Evidence, trial: Trial, window: Window, load: Load, mine: Samples, path: str) -> Iterator[Problem]:
    place = f"{path}.schedule_sha256"
    length_ns = window.end_ns - window.start_ns
    needed = requests_due(load, length_ns, evidence.trace)
    if needed != len(mine) and (load.process != "trace" or evidence.trace is not None):  # before deriving: a window may be stated however long
        yield Problem(place, f"{len(mine)} requests", f"{needed} requests", "send every request of the schedule", "schedule-mismatch")
        return
    try:
        due = due_times(load, length_ns, window.point, trial.index, seed=trial.seed, trace=evidence.trace)
    except Problems as found:
        yield from found.problems
        return
    if (mine.t_scheduled_ns[1:] < mine.t_scheduled_ns[:-1]).any():
        yield Problem(place, "rows out of due order", "rows in due order", "number the requests as they are due", "schedule-mismatch")
    elif problem := departure(mine.t_scheduled_ns - window.start_ns, due, window.schedule_sha256, place):
        yield problem


def _classes(mine: Samples, load: Load, trial: Trial, window: Window, place: str) -> Iterator[Problem]:
    """Each request's class is the one that was drawn for it; the slots of a closed loop go through the classes at their own pace."""
    if not len(mine) or (mine.klass is None and not load.classes):
        return
    if mine.klass is None or not load.classes:
        found, expected = ("no classes", "a class per request") if load.classes else ("classes", "none: the load has no classes")
        yield Problem(f"{place}:klass", found, expected, "write the classes that the load has", "schedule-mismatch")
        return
    drawn = class_sequence(load, len(mine), window.point, trial.index, seed=trial.seed)
    wrong = mine.klass != drawn if load.loop == "open" else mine.klass >= len(load.classes)
    if wrong.any():
        row = int(np.argmax(wrong))
        found, expected = str(int(mine.klass[row])), f"{int(drawn[row])}, from the seed"
        yield Problem(f"{place}:klass[{row}]", found, expected, "send each request's own class", "schedule-mismatch")
