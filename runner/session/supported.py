"""What this runner can carry out, said before anything is measured: it never signs an operating point that it did not produce."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from runner.backends import precisions
from runner.contract.methodology import MOST_TRIALS, Methodology
from runner.contract.metrics import ENERGIES
from runner.contract.problems import Problem, Problems
from runner.contract.run import RunnerBuild
from runner.contract.schedules import digest
from runner.contract.versions import within
from runner.session.plan import Plan

KINDS = ("inference", "quick", "microbenchmark")
SHAPES = ("point", "sweep", "sustained")
NO_ENERGY = ("none", "none")
REMEDY = "choose another methodology, or a runner that carries this out"


def unsupported(methodology: Methodology, build: RunnerBuild) -> list[Problem]:
    """Every part of `methodology` that this runner, of version `build`, cannot carry out: its client lives in the process that serves."""
    return [
        Problem(f"methodology.{place}", str(asked)[:80], f"{able}, which is what this runner carries out", REMEDY, "usage")
        for place, asked, able, carried_out in _parts(methodology, build)
        if not carried_out
    ]


def _parts(methodology: Methodology, build: RunnerBuild) -> Iterator[tuple[str, object, str, bool]]:
    """(place, what is asked, what this runner does, whether that is the same) of every part that may ask for more."""
    load, protocol = methodology.load, methodology.protocol
    energy, semantics = protocol.energy, build.measurement_semantics
    yield "kind", methodology.kind, f"one of {', '.join(KINDS)}", methodology.kind in KINDS
    yield "shape", methodology.shape, f"one of {', '.join(SHAPES)}", methodology.shape in SHAPES
    yield "load.client_location", load.client_location, "in_process", load.client_location == "in_process"
    yield "load.classes", f"{len(load.classes)} in a {load.loop} loop", "classes in an open loop", not load.classes or load.loop == "open"
    yield "protocol.client_processes", protocol.client_processes, "1", protocol.client_processes == 1
    yield "protocol.restart_policy", protocol.restart_policy, "fresh_process", protocol.restart_policy == "fresh_process"
    yield "protocol.measurement_semantics", protocol.measurement_semantics, str(semantics), protocol.measurement_semantics == semantics
    yield "protocol.latency.scope", protocol.latency.scope, "client_request", protocol.latency.scope == "client_request"
    told = " or ".join(f"{scope} by {method}" for scope, method in (NO_ENERGY, *ENERGIES))
    yield "protocol.energy", f"{energy.scope} by {energy.method}", told, (energy.scope, energy.method) in (NO_ENERGY, *ENERGIES)
    rest = not energy.idle_subtraction or protocol.idle_ns > 0
    yield "protocol.idle_ns", protocol.idle_ns, "a rest around the windows, whose power is subtracted", rest
    yield "runner_versions", methodology.runner_versions, f"a range that holds {build.version}", within(build.version, methodology.runner_versions)


def _servings(plans: Sequence[Plan], methodology: Methodology, trace: Sequence[int]) -> Iterator[Problem]:
    """Serving shapes that do not fit the load, and a recording that is not the methodology's."""
    load = methodology.load
    for plan in plans:
        if load.loop == "closed" and (plan.batch_policy == "dynamic" or plan.workers > 1):
            expected = "single or fixed batches and no workers: a closed loop serves each of its slots itself"
            yield Problem("--with", plan.label[:80], expected, "choose an open-loop methodology, or another way to serve", "usage")
        if load.classes and plan.batch_policy != "single":
            yield Problem("--with", plan.label[:80], "no batch: the classes of the load say how large each request is", "leave batch out", "usage")
    if load.process == "trace":
        found = digest(np.array(trace, np.int64)) if trace else "no recording"
        if found != load.trace_sha256:
            yield Problem("--trace", found, str(load.trace_sha256), "name the file of the recorded arrivals", "usage")
    elif trace:
        yield Problem("--trace", f"{len(trace)} offsets", "none: this methodology replays no recording", "leave it out", "usage")


def unmeasurable(plans: Sequence[Plan], methodology: Methodology, trials: int, build: RunnerBuild, trace: Sequence[int] = ()) -> list[Problem]:
    """Why a session of `trials` trials of `plans` under `methodology` cannot be carried out; empty where it can."""
    return [*unsupported(methodology, build), *_precisions(plans), *_servings(plans, methodology, trace), *_trials(methodology, trials)]


def refuse_unmeasurable(plans: Sequence[Plan], methodology: Methodology, trials: int, build: RunnerBuild, trace: Sequence[int] = ()) -> None:
    """Raises `Problems` with everything that `unmeasurable` finds."""
    problems = unmeasurable(plans, methodology, trials, build, trace)
    if problems:
        raise Problems(problems)


def _precisions(plans: Sequence[Plan]) -> Iterator[Problem]:
    for plan in plans:
        served = precisions(plan.backend)
        if served is not None and plan.precision not in served:
            remedy = f"choose a precision that {plan.backend} serves, or another backend"
            yield Problem("--with", plan.label[:80], f"{plan.backend} in {' or '.join(served)}", remedy, "usage")


def _trials(methodology: Methodology, trials: int) -> Iterator[Problem]:
    least = methodology.protocol.min_trials
    if not least <= trials <= MOST_TRIALS:
        yield Problem("--trials", str(trials), f"{least} to {MOST_TRIALS}", f"choose a number between; {methodology.name} sets the least", "usage")
