"""Energy of each trial's window, and the metric values that follow where every trial has a valid one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from runner.contract.energy import Energy, energy_of
from runner.contract.methodology import Methodology
from runner.contract.points import EnergyUse
from runner.contract.run import Trial
from runner.contract.telemetry_row import TelemetryRow
from runner.contract.window_rows import WindowRows

IDLE = ("idle_before", "idle_after")


def energy_of_trials(
    trials: Sequence[Trial], rows: Sequence[WindowRows], methodology: Methodology, telemetry: Sequence[TelemetryRow], devices: int,
    hidden: Mapping[str, str],
) -> tuple[EnergyUse, ...]:  # fmt: skip
    """The energy of each trial's window at one operating point, valid or not; none where the methodology asks for none.

    `hidden` are statuses of readings that an executor cannot have, such as the board's energy behind an instance of it.
    """
    asked = methodology.protocol.energy
    if asked.scope == "none":
        return ()
    found = []
    for trial, one in zip(trials, rows, strict=True):
        window = one.window.start_ns, one.window.end_ns
        tick_ns = None if asked.method == "rapl" else trial.tick_ns
        energy = energy_of(
            telemetry, window, devices, one.done_ns, resting(trial, window), scope=asked.scope, method=asked.method, tick_ns=tick_ns, refusals=hidden
        )
        found.append(_stated(trial, energy))
    return tuple(found)


def resting(trial: Trial, window: tuple[int, int]) -> list[tuple[int, int]]:
    """The last rest that ended before the window and the first that began after it."""
    spans = {name: [(phase.start_ns, phase.end_ns) for phase in trial.phases if phase.name == name] for name in IDLE}
    before = [span for span in spans["idle_before"] if span[1] <= window[0]]
    after = [span for span in spans["idle_after"] if span[0] >= window[1]]
    return [*before[-1:], *after[:1]]


def _stated(trial: Trial, found: Energy) -> EnergyUse:
    return EnergyUse.model_validate({"trial": trial.index, **{name: getattr(found, name) for name in EnergyUse.model_fields if name != "trial"}})


def energy_values(energy: Sequence[EnergyUse]) -> Mapping[str, Sequence[Decimal]]:
    """Values of the energy metrics, trial by trial, by definition; only where every trial has a valid one."""
    values: dict[str, list[Decimal]] = {}
    for one in energy:
        for kind, value in (("gross", one.gross_per_inference), ("net", one.net_per_inference)):
            if one.valid and value is not None:
                values.setdefault(f"energy_per_inference_{kind}@{one.method}.{one.scope}", []).append(Decimal(value))
    return {name: found for name, found in values.items() if len(found) == len(energy)}
