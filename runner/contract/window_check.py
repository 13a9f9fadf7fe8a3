"""Whether a run's trials and windows are those that its methodology asks for: points, rates, seeds, and rows that belong to a window."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from runner.contract.evidence import Evidence
from runner.contract.loads import Load
from runner.contract.methodology import GROWN_SEMANTICS
from runner.contract.point_energy import IDLE, resting
from runner.contract.problems import Problem
from runner.contract.run import SearchOutcome, Trial
from runner.contract.samples import lag_queue_service
from runner.contract.surroundings import MOST_DEVICES, device_count
from runner.contract.telemetry_row import stretch

SAMPLES, TELEMETRY = "samples.parquet", "telemetry.parquet"
LONGEST_RUN_NS = 31 * 86_400 * 10**9
MOST_READINGS = 6_000_000  # readings to look at, each for every device and window that it is near to
AUDITS = ("repeat-one-sample", "alternate-seed")
UNTRIED_PER_S = "1"


def alternate_seed(nonce: str | None, methodology_sha256: str, fingerprint: str) -> str:
    """The root seed of an alternate-seed trial, as decimal digits: nobody can choose it, and with a declared nonce nobody could foresee it.

    The first 63 bits of SHA-256 over nonce (64 zeros where none was declared), methodology and executor, in ASCII.
    """
    label = "\0".join((nonce or "0" * 64, methodology_sha256, fingerprint)).encode("ascii")
    return str(int.from_bytes(hashlib.sha256(label).digest()[:8], "big") >> 1)


def window_problems(evidence: Evidence) -> Iterator[Problem]:
    """Every trial whose purpose, seed or windows are not those of the methodology, and rows of no window."""
    if evidence.methodology.protocol.measurement_semantics >= GROWN_SEMANTICS:
        yield from _one_after_the_other(evidence)
        yield from _phases(evidence)
        yield from _readable(evidence)
        yield from _waits(evidence)
    if evidence.trace is not None and evidence.methodology.load.process != "trace":
        yield Problem("arrivals.parquet", "a recording", "none: the load replays none", "leave it out", "identity")
    yield from _purposes(evidence)
    for trial in evidence.run.trials:
        yield from _seed(evidence, trial)
        yield from _loads(evidence, trial)
    if not any(trial.purpose == "measure" for trial in evidence.run.trials):
        yield Problem("run.json:trials", "none that measures", "at least one", "send the measuring trials", "numbers-differ")
    if evidence.methodology.load.search is None and (evidence.run.search or any(trial.purpose == "search" for trial in evidence.run.trials)):
        yield Problem("run.json:search", "a search", "none: the methodology asks for none", "leave it out", "numbers-differ")
    if evidence.methodology.load.search is not None and evidence.run.search is None:
        yield Problem("run.json:search", "none", "a search", "search before measuring", "numbers-differ")
    yield from _strays(evidence)


def _purposes(evidence: Evidence) -> Iterator[Problem]:
    """A search first where one is asked for, then what measures, then the audits asked for, each once: nobody chooses what enters a headline.

    An audit that is missing is a finding; one that nobody asked for could be a slow trial under another name.
    """
    found, asked = [trial.purpose for trial in evidence.run.trials], evidence.methodology.protocol.audits
    grown = evidence.methodology.protocol.measurement_semantics >= GROWN_SEMANTICS
    first = ["search"] if grown and evidence.methodology.load.search is not None else []
    rest = found[len(first) :] if found[: len(first)] == first else found
    measured = sum(purpose == "measure" for purpose in rest)
    audits = [audit for audit in AUDITS if grown and audit in asked and audit in rest]
    if found != [*first, *(["measure"] * measured), *audits]:
        expected = ", ".join([*first, "measure …", *(audit for audit in AUDITS if grown and audit in asked)])
        yield Problem("run.json:trials.purpose", ", ".join(found)[:80], expected, "state what each trial was for", "numbers-differ")


def _phases(evidence: Evidence) -> Iterator[Problem]:
    """The phases of a trial follow one another, and rest is as long as the methodology asks: a short one, or one under load, flatters net energy."""
    least = evidence.methodology.protocol.idle_ns
    for trial in evidence.run.trials:
        free = 0
        for place, phase in enumerate(trial.phases):
            path, length = f"run.json:trials[{trial.index}].phases[{place}]", phase.end_ns - phase.start_ns
            if phase.start_ns < free:
                found = f"{phase.name} from {phase.start_ns} ns on"
                yield Problem(path, found, f"from {free} ns on", "state one phase after the other", "numbers-differ")
            if phase.name in IDLE and (not least or length < least):
                expected = f"{least} ns at least" if least else "no rest: the methodology asks for none"
                yield Problem(path, f"{phase.name} of {length} ns", expected, "rest as the methodology asks", "numbers-differ")
            free = max(free, phase.end_ns)


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
    """The rate at which the trials after a search are measured: the confirmed one, or the lowest that was tried where none could be.

    One request a second where there was nothing to try: no request of the closed loop before the search was answered.
    """
    return search.confirmed_per_s or min((step.rate_per_s for step in search.steps), key=Fraction, default=UNTRIED_PER_S)


def stated(load: Load) -> tuple[str | None, int | None]:
    """What a window states of its load: the rate in open loop, the concurrency in closed loop."""
    return (load.rate_per_s, None) if load.loop == "open" else (None, load.concurrency)


def _one_after_the_other(evidence: Evidence) -> Iterator[Problem]:
    """Trials follow one another, and rest lies in no window of any."""
    free, windows = 0, sorted((one.start_ns, one.end_ns) for trial in evidence.run.trials for one in trial.points)
    starts, busy = np.array([start for start, _ in windows]), np.maximum.accumulate([end for _, end in windows])
    for trial in evidence.run.trials:
        start, end, path = trial.window_start_ns, trial.window_end_ns, f"run.json:trials[{trial.index}]"
        if start < free:
            yield Problem(path, f"a window from {start} ns on", f"from {free} ns on", "measure one trial after the other", "numbers-differ")
        for place, phase in enumerate(trial.phases):
            begun = int(np.searchsorted(starts, phase.end_ns))  # windows that began before the phase ended
            if phase.name in IDLE and begun and busy[begun - 1] > phase.start_ns:
                found = f"{phase.name} from {phase.start_ns} to {phase.end_ns} ns"
                yield Problem(f"{path}.phases[{place}]", found, "rest outside of every window", "state when nobody asked", "numbers-differ")
        free = max(free, end)
    if free > LONGEST_RUN_NS:
        yield Problem("run.json:trials", f"windows up to {free} ns", f"{LONGEST_RUN_NS} ns at most", "measure for a shorter time", "too-large")


def _readable(evidence: Evidence) -> Iterator[Problem]:
    """Telemetry of the devices that the executor has, and no more of it than can be looked through."""
    devices, rows = device_count(evidence.before), evidence.telemetry
    if devices > MOST_DEVICES:
        found = str(devices)
        yield Problem("executor.before.json:hw.count", found, f"{MOST_DEVICES} at most", "state the devices that were used", "too-large")
        return
    strange = sorted({row.device for row in rows if devices and row.device >= devices})
    if strange:
        found = str(strange)[:80]
        yield Problem(f"{TELEMETRY}:device", found, f"below {devices}", "read the devices that the executor has", "numbers-differ")
    looked = 0
    for trial in evidence.run.trials:
        for one in trial.points:
            window = one.start_ns, one.end_ns
            looked += sum(len(stretch(rows, span)) for span in (window, *resting(trial, window)))
            if looked * (devices + 1) > MOST_READINGS:
                break
    if looked * (devices + 1) > MOST_READINGS:
        found = f"{looked} readings around windows and rests, {devices} devices"
        yield Problem(TELEMETRY, found, f"{MOST_READINGS} in all", "read the sensors at a lower rate", "too-large")


def _waits(evidence: Evidence) -> Iterator[Problem]:
    """Rows of requests that were in flight together state their waits: one thread can send none before the one before it has ended."""
    if evidence.samples.queue_ns is not None:
        return
    for trial, point, rows in evidence.samples.groups():
        lag, _, _ = lag_queue_service(rows)
        if (lag < 0).any():
            path, row = (
                f"{SAMPLES}:t_sent_ns (trial {trial}, point {point}, row {int(np.argmax(lag < 0))})",
                "sent before the one before it had ended",
            )
            yield Problem(path, row, "one request at a time, or queue_ns", "write the wait of every request", "queue-unfounded")


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
