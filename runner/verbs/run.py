"""`lynxweb run`: measure the sides of a session under one methodology and keep a sealed bundle of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from runner.backends import names
from runner.build import runner_build
from runner.client import Client, SiteError
from runner.contract.methodology import Methodology
from runner.contract.problems import Problem, Problems
from runner.contract.run import Run, RunnerBuild
from runner.node import NodeHome, home
from runner.outbox import Entry, Outbox
from runner.probe.declared import problems_of
from runner.report.runs import run_document, run_lines
from runner.session.measure import Failure, Measured, Session, World, measure
from runner.session.plan import Plan, distinct, parse
from runner.session.stages import stages_of
from runner.session.supported import unmeasurable
from runner.session.workload import workload_of
from runner.talk import Talk
from runner.verbs.opening import methodology_named
from runner.verbs.result import DONE, FAILED, WANTING, Result
from runner.walltime import clock_offset_ns, utc_now

MOST_DIGITS = 16
MOST_LINES = 11
PARTIES: tuple[str, ...] = get_args(Run.model_fields["measuring_party"].annotation)


def perform(
    talk: Talk,
    methodology: str,
    sides: Sequence[str],
    *,
    trials: int,
    threads: int,
    trace: str,
    declare: bool | None,
    party: str,
    out: str,
    dry_run: bool,
) -> Result:
    """Measure and seal: 0 all runs stand, 3 a gate calls one invalid (it is kept), 1 a trial failed."""
    how, node = methodology_named(methodology), home()
    plans = distinct([parse(side, threads) for side in sides])
    build, recorded = runner_build(), offsets_in(trace)
    _refuse(plans, how, trials, build, party, node, recorded)
    workload_of(how)
    if dry_run:
        return _planned(plans, how, trials)
    nonces = _declared(plans, how, node, declare, talk)
    with talk.progress() as told:
        world = World(build=build, utc_now=utc_now, clock_offset_ns=clock_offset_ns, told=told)
        session = measure(plans, how, trials, node.identity(), world, nonces=nonces, measuring_party=party, trace_ns=recorded)
    outbox = Outbox(Path(out) if out else node.outbox)
    return _result(session, {run.plan: outbox.put(run.checked.bundle.digest, run.sealed) for run in session.measured})


def offsets_in(path: str) -> tuple[int, ...]:
    """The recorded arrivals in a file, one offset in ns a line; none without a path; raises `Problems` that name the first line that is wrong."""
    if not path:
        return ()
    try:
        lines = Path(path).read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        remedy = "name a text file, one offset in ns a line"
        raise Problems([Problem("--trace", str(error)[:160], "a file of recorded arrivals", remedy, "usage")]) from error
    wrong = next((place for place, line in enumerate(lines) if not line.isdecimal() or len(line) > MOST_DIGITS), None)
    if wrong is not None or not lines:
        found = "no offset" if wrong is None else f"{lines[wrong][:40]} in line {wrong + 1}"
        expected = "one whole number of ns a line, from the start of the recording"
        raise Problems([Problem("--trace", found, expected, "write the offsets anew", "usage")])
    return tuple(int(line) for line in lines)


def _refuse(plans: Sequence[Plan], how: Methodology, trials: int, build: RunnerBuild, party: str, node: NodeHome, recorded: Sequence[int]) -> None:
    """Raises `Problems` with everything that stands against this session, before anything is declared or measured."""
    problems = [
        Problem("--with", plan.backend[:40], f"one of {', '.join(names())}", "name a backend that is installed", "usage")
        for plan in plans
        if plan.backend not in names()
    ]
    if party not in PARTIES:
        problems.append(Problem("--party", party[:40], f"one of {', '.join(PARTIES)}", "say who measures", "usage"))
    problems += [*unmeasurable(plans, how, trials, build, recorded), *problems_of(node.declared())]
    if problems:
        raise Problems(problems)


def _planned(plans: Sequence[Plan], how: Methodology, trials: int) -> Result:
    protocol = how.protocol
    point = protocol.min_duration_ns + protocol.warmup_min_ns + 2 * protocol.idle_ns + protocol.ramp_ns
    seconds = len(stages_of(how, trials)) * len(plans) * max(1, len(how.load.points)) * point // 10**9
    document = {"would_run": [plan.label for plan in plans], "methodology": how.name, "trials": trials, "at_least_s": seconds}
    head = f"would measure {how.name} v{how.version}, {trials_text(trials, len(plans))}, at least {seconds} s:"
    lines = [head, *(f"  {plan.label}" for plan in plans)]
    return Result(DONE, document, lines)


def trials_text(trials: int, sides: int) -> str:
    """`1 trial`, `3 trials`, `3 trials of each side, interleaved`."""
    many = f"{trials} {'trial' if trials == 1 else 'trials'}"
    return many if sides == 1 else f"{many} of each side, interleaved"


def _declared(plans: Sequence[Plan], how: Methodology, node: NodeHome, declare: bool | None, talk: Talk) -> dict[Plan, str]:
    """A nonce for each run: asked for when wished for, or when the node is enrolled; only an explicit wish makes its failure an error."""
    site = node.site()
    if declare is False or (declare is None and site is None):
        return {}
    if site is None:
        raise Problems([Problem("--declare", "this node is not enrolled", "an enrolled node", "run lynxweb enrol URL first", "usage")])
    client = Client(site.url, site.token, told=talk.say)
    try:
        return {plan: client.declare(how.sha256) for plan in plans}
    except SiteError as error:
        if declare or not how.undeclared_allowed:
            remedy = "try again when the site answers" if not how.undeclared_allowed else "try again, or measure with --no-declare"
            raise Problems([Problem("declaration", str(error), "a nonce from the site", remedy, "not-declared")]) from error
        talk.say(f"not declared: {error}; the run will say so on every page")
        return {}


def _result(session: Session, kept: dict[Plan, Entry]) -> Result:
    runs = [_run(measured, kept[measured.plan]) for measured in session.measured]
    failures = [{"plan": failure.plan.label, "trial": failure.trial, "said": failure.said} for failure in session.failures]
    lines: list[str] = []
    for measured in session.measured:
        lines += [*run_lines(measured.checked), f"  bundle {kept[measured.plan].path}", ""]
    lines += [line for failure in session.failures for line in _failure(failure)]
    invalid = any(measured.checked.validity == "invalid" for measured in session.measured)
    return Result(FAILED if failures else WANTING if invalid else DONE, {"runs": runs, "failures": failures}, lines or ["nothing was measured"])


def _run(measured: Measured, entry: Entry) -> dict[str, object]:
    return {**run_document(measured.checked), "plan": measured.plan.label, "device": measured.plan.device, "path": str(entry.path)}


def _failure(failure: Failure) -> list[str]:
    """What failed and why in the first line, the end of what else was said below it."""
    *before, last = failure.said.splitlines() or [""]
    what = "no bundle" if failure.trial is None else f"trial {failure.trial + 1} failed"
    return [f"{failure.plan.label}: {what}: {last}", *(f"  {line}" for line in before[-MOST_LINES:])]
