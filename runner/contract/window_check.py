"""Whether a run's trials and windows are those that its methodology asks for: points, rates, seeds, and rows that belong to a window."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.problems import Problem
from runner.contract.run import SearchOutcome, Trial

SAMPLES = "samples.parquet"


def alternate_seed(nonce: str | None, methodology_sha256: str, fingerprint: str) -> str:
    """The root seed of an alternate-seed trial, as decimal digits: nobody can choose it, and with a declared nonce nobody could foresee it.

    The first 63 bits of SHA-256 over nonce (64 zeros where none was declared), methodology and executor, in ASCII.
    """
    label = "\0".join((nonce or "0" * 64, methodology_sha256, fingerprint)).encode("ascii")
    return str(int.from_bytes(hashlib.sha256(label).digest()[:8], "big") >> 1)


def window_problems(evidence: Evidence) -> Iterator[Problem]:
    """Every trial whose purpose, seed or windows are not those of the methodology, and rows of no window."""
    for trial in evidence.run.trials:
        yield from _seed(evidence, trial)
        yield from _loads(evidence, trial)
    if not any(trial.purpose == "measure" for trial in evidence.run.trials):
        yield Problem("run.json:trials", "none that measures", "at least one", "send the measuring trials", "numbers-differ")
    if evidence.methodology.load.search is None and (evidence.run.search or any(trial.purpose == "search" for trial in evidence.run.trials)):
        yield Problem("run.json:search", "a search", "none: the methodology asks for none", "leave it out", "numbers-differ")
    yield from _strays(evidence)


def _seed(evidence: Evidence, trial: Trial) -> Iterator[Problem]:
    run = evidence.run
    expected = alternate_seed(run.nonce, run.methodology_sha256, run.fingerprint) if trial.purpose == "alternate-seed" else None
    if trial.seed != expected:
        path = f"run.json:trials[{trial.index}].seed"
        yield Problem(path, str(trial.seed), str(expected), "take the methodology's seed, or the one that the nonce gives", "schedule-mismatch")


def _loads(evidence: Evidence, trial: Trial) -> Iterator[Problem]:
    if trial.purpose == "search":
        return
    load, search = evidence.methodology.load, evidence.run.search
    expected: list[tuple[int, str | None, int | None]]
    if load.search is not None:
        expected = [(0, rate_to_measure(search) if search else None, None)]
    else:
        expected = [(place, *stated(point)) for place, point in enumerate(load.points)]
    single = evidence.methodology.shape != "sweep"
    found = [(window.point, window.rate_per_s, window.concurrency) for window in trial.windows]
    if found if single else sorted(found) != sorted(expected):
        path = f"run.json:trials[{trial.index}].windows"
        told = "none: one point, whose load is the methodology's" if single else str(expected)
        yield Problem(path, str(found)[:80], told[:80], "measure every point of the methodology and no other", "numbers-differ")


def rate_to_measure(search: SearchOutcome) -> str:
    """The rate at which the trials after a search are measured: the confirmed one, or the lowest that was tried where none could be."""
    return search.confirmed_per_s or min((step.rate_per_s for step in search.steps), key=Fraction)


def stated(load: Load) -> tuple[str | None, int | None]:
    """What a window states of its load: the rate in open loop, the concurrency in closed loop."""
    return (load.rate_per_s, None) if load.loop == "open" else (None, load.concurrency)


def _strays(evidence: Evidence) -> Iterator[Problem]:
    """Rows of a trial or a point that the run does not state."""
    samples = evidence.samples
    strays = {int(trial) for trial in np.unique(samples.trial)} - {trial.index for trial in evidence.run.trials}
    if strays:
        yield Problem(f"{SAMPLES}:trial", str(sorted(strays))[:80], "only trials of run.json", "state every trial", "numbers-differ")
    for trial in evidence.run.trials:
        points = {int(point) for point in np.unique(samples.only(trial.index).point)}
        if unknown := points - {window.point for window in trial.points}:
            path = f"{SAMPLES}:point (trial {trial.index})"
            yield Problem(path, str(sorted(unknown))[:80], "only points that have a window", "state the window of every point", "numbers-differ")
