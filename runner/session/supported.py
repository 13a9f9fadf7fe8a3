"""What this runner can carry out, said before anything is measured: it never signs an operating point that it did not produce."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.backends import precisions
from runner.contract.methodology import MOST_TRIALS, Methodology
from runner.contract.problems import Problem, Problems
from runner.contract.run import RunnerBuild
from runner.contract.versions import within
from runner.session.plan import Plan

KINDS = ("inference", "quick", "microbenchmark")
# Scope and method together: nothing, or the counter of the boards, read at both edges of a window.
ENERGIES = (("none", "none"), ("gpu_board", "nvml_counter"))
REMEDY = "choose another methodology, or a runner that carries this out"


def unsupported(methodology: Methodology, build: RunnerBuild) -> list[Problem]:
    """Every part of `methodology` that this runner (one stream in one fresh process a trial, of version `build`) cannot carry out."""
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
    yield "shape", methodology.shape, "point", methodology.shape == "point"
    yield "load.concurrency", load.concurrency, "1", load.concurrency in (None, 1)
    yield "load.client_location", load.client_location, "in_process", load.client_location == "in_process"
    yield "protocol.client_processes", protocol.client_processes, "1", protocol.client_processes == 1
    yield "protocol.restart_policy", protocol.restart_policy, "fresh_process", protocol.restart_policy == "fresh_process"
    yield "protocol.required_thermal_regime", protocol.required_thermal_regime, "any", protocol.required_thermal_regime == "any"
    yield "protocol.measurement_semantics", protocol.measurement_semantics, str(semantics), protocol.measurement_semantics == semantics
    yield "protocol.latency.scope", protocol.latency.scope, "client_request", protocol.latency.scope == "client_request"
    told = " or ".join(f"{scope} by {method}" for scope, method in ENERGIES)
    yield "protocol.energy", f"{energy.scope} by {energy.method}", told, (energy.scope, energy.method) in ENERGIES
    yield "protocol.energy.idle_subtraction", energy.idle_subtraction, "False", not energy.idle_subtraction
    yield "runner_versions", methodology.runner_versions, f"a range that holds {build.version}", within(build.version, methodology.runner_versions)


def unmeasurable(plans: Sequence[Plan], methodology: Methodology, trials: int, build: RunnerBuild) -> list[Problem]:
    """Why a session of `trials` trials of `plans` under `methodology` cannot be carried out; empty where it can."""
    return [*unsupported(methodology, build), *_precisions(plans), *_trials(methodology, trials)]


def refuse_unmeasurable(plans: Sequence[Plan], methodology: Methodology, trials: int, build: RunnerBuild) -> None:
    """Raises `Problems` with everything that `unmeasurable` finds."""
    problems = unmeasurable(plans, methodology, trials, build)
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
