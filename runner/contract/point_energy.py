"""Energy of each trial's window, and the metric values that follow where every trial has a valid one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from runner.contract.energy import EnergyMethod, energy_of
from runner.contract.methodology import Methodology
from runner.contract.points import EnergyUse
from runner.contract.run import Trial
from runner.contract.telemetry_row import TelemetryRow
from runner.contract.window_rows import WindowRows

IDLE = ("idle_before", "idle_after")


def energy_of_trials(
    trials: Sequence[Trial], rows: Sequence[WindowRows], methodology: Methodology, telemetry: Sequence[TelemetryRow], devices: int
) -> tuple[EnergyUse, ...]:
    """The energy of each trial's window at one operating point, valid or not; none where the methodology asks for none."""
    asked = methodology.protocol.energy
    if asked.scope == "none":
        return ()
    return tuple(_of_trial(trial, one, asked.scope, asked.method, telemetry, devices) for trial, one in zip(trials, rows, strict=True))


def _of_trial(trial: Trial, rows: WindowRows, scope: str, method: EnergyMethod, telemetry: Sequence[TelemetryRow], devices: int) -> EnergyUse:
    idle = [(phase.start_ns, phase.end_ns) for phase in trial.phases if phase.name in IDLE]
    found = energy_of(
        telemetry, (rows.window.start_ns, rows.window.end_ns), devices, rows.done_ns, idle, scope=scope, method=method, tick_ns=trial.tick_ns
    )
    return EnergyUse.model_validate({"trial": trial.index, **{name: getattr(found, name) for name in EnergyUse.model_fields if name != "trial"}})


def energy_values(energy: Sequence[EnergyUse]) -> Mapping[str, Sequence[Decimal]]:
    """Values of the energy metrics, trial by trial, by definition; only where every trial has a valid one."""
    values: dict[str, list[Decimal]] = {}
    for one in energy:
        for kind, value in (("gross", one.gross_per_inference), ("net", one.net_per_inference)):
            if one.valid and value is not None:
                values.setdefault(f"energy_per_inference_{kind}@{one.method}.{one.scope}", []).append(Decimal(value))
    return {name: found for name, found in values.items() if len(found) == len(energy)}
