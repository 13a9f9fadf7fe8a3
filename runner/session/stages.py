"""The trials of a run in order: what each is for, what it is asked to do, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.contract.methodology import Methodology
from runner.contract.run import Purpose
from runner.contract.window_check import alternate_seed, rate_to_measure
from runner.node import NodeIdentity
from runner.session.plan import Plan
from runner.session.task import Task, TrialResult

SECOND_NS = 10**9
SLACK_S = 600.0  # for importing a framework, loading a model and evaluating quality on a slow machine
MEASURE: Purpose = "measure"
AUDITS: tuple[Purpose, ...] = ("repeat-one-sample", "alternate-seed")


@dataclass(frozen=True)
class Asked:
    """What a session was given: the methodology, who measures, a nonce for each declared run, and recorded arrivals."""

    methodology: Methodology
    node: NodeIdentity
    nonces: Mapping[Plan, str]
    trace_ns: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """One trial of every side: its number, what it is for, and whether it is the last."""

    index: int
    purpose: Purpose
    last: bool


def stages_of(methodology: Methodology, trials: int) -> tuple[Purpose, ...]:
    """What each trial is for, in order: a search comes first, audit tests come last and enter no headline."""
    search: tuple[Purpose, ...] = ("search",) if methodology.load.search is not None else ()
    return (*search, *(MEASURE for _ in range(trials)), *(audit for audit in AUDITS if audit in methodology.protocol.audits))


def task_of(plan: Plan, stage: Stage, asked: Asked, origin_ns: int, before: Sequence[TrialResult]) -> Task:
    """One trial of `plan`, after those in `before`."""
    methodology, node = asked.methodology, asked.node
    classes = methodology.load.classes
    return Task(
        backend=plan.backend, precision=plan.precision, device=plan.device, threads_intra=plan.threads_intra, threads_inter=plan.threads_inter,
        trial=stage.index, origin_ns=origin_ns, methodology=methodology.canonical().decode(), salt=node.salt.hex(), declared=dict(node.declared),
        evaluate_quality=stage.last, purpose=stage.purpose, batch=max((one.batch for one in classes), default=plan.batch),
        batch_policy="as_requested" if classes else plan.batch_policy, batch_timeout_ns=plan.batch_timeout_ns,
        workers=_slots(methodology) or plan.workers, trace_ns=asked.trace_ns, rate_per_s=_rate(stage, before),
        seed=alternate_seed(asked.nonces.get(plan), methodology.sha256, before[0].warm.fingerprint) if stage.purpose == "alternate-seed" else None,
    )  # fmt: skip


def _slots(methodology: Methodology) -> int:
    """A closed loop serves each of its slots in a thread of its own; 0 in open loop."""
    return max((point.concurrency or 0 for point in methodology.load.points), default=0)


def _rate(stage: Stage, before: Sequence[TrialResult]) -> str | None:
    """The rate that a search confirmed, or the lowest that it tried: what the trials after it are measured at."""
    found = before[0].outcome.search if before and stage.purpose != "search" else None
    return None if found is None else rate_to_measure(found)


def patience_s(methodology: Methodology) -> float:
    """How long a trial process may take: twice what its protocol asks for, and room for loading and evaluating on a slow machine."""
    protocol, search = methodology.protocol, methodology.load.search
    warm = protocol.warmup_min_ns * (1 + protocol.settle_extensions)
    asked = max(1, len(methodology.load.points)) * (protocol.min_duration_ns + warm + protocol.ramp_ns + 2 * protocol.idle_ns)
    if search is not None:
        asked += search.most_steps * search.longest_step_ns + 4 * protocol.min_duration_ns
    return asked / SECOND_NS * 2 + SLACK_S
