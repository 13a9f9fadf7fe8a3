"""What the sensors say of a trial and of a run, from the rows of telemetry alone: the node states it, the site computes it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from runner.contract.evidence import Evidence
from runner.contract.fields import Text, Whole
from runner.contract.host_load import host_load
from runner.contract.methodology import GROWN_SEMANTICS
from runner.contract.problems import Problem
from runner.contract.run import Trial
from runner.contract.samples import Samples
from runner.contract.surroundings import device_count
from runner.contract.telemetry_row import TelemetryRow
from runner.contract.thermal import regime
from runner.contract.throttling import worst_class
from runner.contract.window_rows import rows_of

SOURCE = "telemetry.parquet"
NO_READING = "unreadable:no-reading"
NO_DEVICE = "not_applicable"
FACTS = ("cpu_steal_ppm", "psi_cpu_some_avg10_ppm", "foreign_gpu_processes", "throttle", "energy_mj")


def sensor_facts(trial: Trial, rows: Sequence[TelemetryRow], devices: int, refusals: Mapping[str, str]) -> dict[str, Text | Whole]:
    """Fields of the trial document by name: steal and pressure over all its windows, other processes on the devices, and the throttle class.

    `refusals` are the sensors' own words for what they could not read. Energy is a matter of operating points.
    """
    found = host_load(rows, (trial.window_start_ns, trial.window_end_ns), devices)
    throttle = worst_class(rows, [(window.start_ns, window.end_ns) for window in trial.points], devices)
    absent = NO_DEVICE if not devices else None
    return {
        "cpu_steal_ppm": _whole(found.steal_ppm, refusals.get("cpu_steal_ticks", NO_READING)),
        "psi_cpu_some_avg10_ppm": _whole(found.psi_some_ppm, refusals.get("psi_cpu_some_ns", NO_READING)),
        "foreign_gpu_processes": _whole(found.foreign_processes, absent or refusals.get("foreign_processes", NO_READING)),
        "throttle": Text(status=absent or "unreadable:no-counters", source=SOURCE)
        if throttle == "unknown" or absent
        else Text(value=throttle, status="observed", source=SOURCE),
        "energy_mj": Whole(status="not_applicable", source="operating_points.energy"),
    }


def _whole(value: int | None, otherwise: str) -> Whole:
    if value is None:
        return Whole(status=otherwise, source=SOURCE)
    return Whole(value=value, status="observed", source=SOURCE)


def thermal_regime(trials: Sequence[Trial], samples: Samples, rows: Sequence[TelemetryRow], devices: int, *, batched: bool = False) -> Text:
    """The regime of a run: that of its measuring trials where they agree, else transient; unreadable with the reason where one cannot be told.

    `batched` says that each row is one sample whatever the size of its batch.
    """
    if not devices:
        return Text(status="unreadable:no-sensor", source=SOURCE)
    names = set()
    for trial in (one for one in trials if one.purpose == "measure"):
        rested = [phase.end_ns - phase.start_ns for phase in trial.phases if phase.name == "idle_before"]
        for window in trial.points:
            done = rows_of(samples, trial, window, batched=batched).done_ns
            found = regime(rows, (window.start_ns, window.end_ns), done, devices, idle_before_ns=rested[0] if rested else None)
            if found.name is None:
                return Text(status=f"unreadable:{found.reason}", source=SOURCE)
            names.add(found.name)
    return Text(value=names.pop() if len(names) == 1 else "transient", status="observed", source=SOURCE)


def sensor_problems(evidence: Evidence) -> Iterator[Problem]:
    """Every stated fact of a sensor that the rows of telemetry do not give."""
    if evidence.methodology.protocol.measurement_semantics < GROWN_SEMANTICS:
        return
    devices, run = device_count(evidence.before), evidence.run
    for trial in run.trials:
        true = sensor_facts(trial, evidence.telemetry, devices, {})
        for name in FACTS:
            yield from _unequal(f"run.json:trials[{trial.index}].{name}", getattr(trial, name), true[name])
    regime_found = thermal_regime(run.trials, evidence.samples, evidence.telemetry, devices, batched=evidence.batched)
    yield from _unequal("run.json:thermal_regime", run.thermal_regime, regime_found)


def _unequal(path: str, stated: Text | Whole, true: Text | Whole) -> Iterator[Problem]:
    """A value or a status that differs; why something could not be read (what follows `unreadable:`) is the node's to say."""
    found, expected = ((leaf.value, leaf.status.partition(":")[0]) for leaf in (stated, true))
    if found != expected:
        told, right = (str(value) if value is not None else status for value, status in (found, expected))
        if told == right:
            told, right = found[1], expected[1]
        yield Problem(path, told, f"{right}, from {SOURCE}", "state what the rows give", "numbers-differ")
