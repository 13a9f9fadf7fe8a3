"""The load and the energy of a methodology in sentences."""

from __future__ import annotations

from typing import Final

from lynxweb.words import formatting
from lynxweb.words.measured_words import PURPOSES, source_words
from runner.contract.loads import Load
from runner.contract.methodology import Methodology, Protocol

PROCESSES: Final = {
    "constant": "evenly spaced arrivals", "poisson": "poisson arrivals", "gamma": "gamma arrivals", "ramp": "a ramp of evenly spaced arrivals",
    "ramp_poisson": "a ramp of poisson arrivals", "trace": "recorded arrivals replayed",
}  # fmt: skip
AUDITS: Final = PURPOSES | {"quality-in-performance": "answers checked while the load runs"}


def load_text(load: Load) -> str:
    """How requests arrive, in sentences."""
    return " ".join(part for part in (_arrivals(load), _mix(load)) if part)


def _arrivals(load: Load) -> str:
    if load.loop == "closed":
        flying = ", then ".join(map(str, load.concurrencies)) or str(load.concurrency)
        return f"Closed loop: {flying} in flight at a time, the next request is scheduled when one ends."
    shape = f" of shape {load.gamma_shape}" if load.gamma_shape else ""
    if load.process == "trace":
        shape, rate = f" (schedule {(load.trace_sha256 or '')[:12]})", f"with gaps scaled by {load.trace_scale}"
    elif load.search is not None:
        rate = "at rates that a search for the highest load under the latency budget chooses"
    elif load.rates_per_s:
        rate = f"at {', then '.join(load.rates_per_s)} req/s, one after the other"
    else:
        rate = f"at {load.rate_per_s} req/s" if load.rate_to_per_s is None else f"from {load.rate_per_s} to {load.rate_to_per_s} req/s"
    return f"Open loop: {PROCESSES.get(load.process, load.process)}{shape} {rate} from seed {load.seed}, whether or not the system keeps up."


def _mix(load: Load) -> str:
    total = sum(one.weight for one in load.classes)
    parts = [f"{one.name} (batch {one.batch}) {formatting.percent(one.weight * 1000 // total * 1000)}" for one in load.classes]
    return f"A mix of {', '.join(parts)}." if parts else ""


def energy_text(protocol: Protocol) -> str:
    """Which energy, of what and by what, in a sentence."""
    asked = protocol.energy
    if asked.scope == "none":
        return "Not measured."
    rest = f", with {formatting.duration(protocol.idle_ns)} of rest before and after" if protocol.idle_ns else ""
    return f"{source_words(asked.scope, asked.method)}, gross and net of idle{rest}; absent where no sensor gives it, never estimated."


def audits_text(protocol: Protocol) -> str:
    """Which audit tests are part of a run; empty where none is."""
    return ", ".join(AUDITS.get(one, one) for one in protocol.audits)


def budget_text(methodology: Methodology) -> str:
    """The latency budget in words; none is said aloud."""
    slo = methodology.slo
    if slo.limit_ns is None:
        return "none"
    share = formatting.percent((slo.permille or 0) * 1000)
    return f"{share} of the requests within {formatting.duration(slo.limit_ns)}, at {formatting.percent(slo.confidence_permille * 1000)} confidence"
