"""Every gate as a row: what it asks under this methodology and how the run came out of it, so that a reader sees what was checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lynxweb.registry.cards import RunView
from lynxweb.words import formatting
from lynxweb.words.measured_words import GATE_OUTCOMES, THROTTLING
from lynxweb.words.wording import Chip, chip, status_chip
from runner.contract.fields import AnyField
from runner.contract.findings import RULES, Finding
from runner.contract.methodology import Methodology

STATIONARY_SEMANTICS: Final = 2  # from here on a run is tested for drift
BY_LEVEL: Final = {"reject": "invalid", "invalid": "invalid", "warn": "warned", "cap": "capped"}
GRAVEST: Final = ("reject", "invalid", "warn", "cap")
AT_THE_DOOR: Final = "A bundle that fails it is refused on arrival."
# gate -> (title, the sentence; a name in braces is a limit of the methodology, in words)
GATES: Final = {
    "G-01": ("Disclosure", "Every mandatory fact was asked for and answered; what could not be read is listed. Runtime and tuning are permitted."),
    "G-02": ("Manifest", f"Every file of the bundle has the digest that was signed, and no other file is in it. {AT_THE_DOOR}"),
    "G-03": ("Executor unchanged", "Before, warm in every trial, and after, the executor has one fingerprint."),
    "G-04": ("Amount", "Every window lasts at least {min_duration} and completes at least {min_requests} requests, in at least {min_trials} trials; "
                       "the run reached its end."),
    "G-05": ("Isolation", "No foreign process on the accelerator, steal at most {steal}, processor pressure at most {pressure}, and sensors that "
                          "answered without a gap."),
    "G-06": ("Link", "The PCIe link runs at its highest generation and width while warm."),
    "G-07": ("Throttling", "The accelerator did not slow itself down; held back by its power limit is a regime and is labelled."),
    "G-08": ("Steadiness", "The warm-up had settled, and latencies drift by at most {drift} over a window."),
    "G-09": ("Load generator", "Lag p99 at most {lag_floor} or {lag_share} of the median service time, whichever is more; the achieved rate within "
                               "{rate_error} of the offered one; no backlog; gaps as random as they claim."),
    "G-10": ("Errors", "At most {failed} of the requests failed or timed out."),
    "G-11": ("Quality", "Accuracy at least {accuracy} of the reference’s, agreement with the reference at least {agreement}, audits carried out."),
    "G-12": ("Physics", "Nothing is faster than a backend that does nothing, no answers come from a store, and energy readings carry what "
                         "they state."),
    "G-13": ("Variation", "The trials of the primary metric vary by at most {variation_warn} (above {variation_invalid} they are not one "
                          "measurement), and another seed tells the same story."),
    "G-14": ("Clock", "The wall clock’s offset is known and was not set during the run; durations come from the monotonic clock."),
    "G-15": ("Health", "No uncorrectable memory error, and no device lost, between the two captures."),
    "G-16": ("Runner", "A released, clean build of the runner, of a version in {runner_versions}."),
    "G-17": ("Recomputation", f"Every stated number was computed again from the raw samples and agrees. {AT_THE_DOOR}"),
    "G-18": ("Signature, declaration", "An enrolled key of the node signed the bundle, and the run was declared before it was measured."),
}  # fmt: skip


@dataclass(frozen=True)
class GateRow:
    """One gate: what it asks, how it came out, and in a few words what was found or why it does not apply."""

    gate: str
    title: str
    asks: str
    outcome: Chip
    told: str


def gate_rows(view: RunView) -> tuple[GateRow, ...]:
    """Every gate in order, whether it found something or not; a finding of a gate that the table lacks comes last, never hidden."""
    limits = _limits(view.methodology)
    unknown = {found.rule.gate: (found.rule.gate, found.rule.text) for found in view.findings if found.rule.gate not in GATES}
    return tuple(_row(gate, title, asks.format_map(limits), view) for gate, (title, asks) in (GATES | unknown).items())


def _row(gate: str, title: str, asks: str, view: RunView) -> GateRow:
    found = [one for one in view.findings if one.rule.gate == gate]
    if found:
        level = min((one.rule.level for one in found), key=GRAVEST.index)
        return GateRow(gate, title, asks, GATE_OUTCOMES[BY_LEVEL[level]], _counted(found))
    outcome, told = UNJUDGED[gate](view) if gate in UNJUDGED else ("passed", "")
    return GateRow(gate, title, asks, GATE_OUTCOMES[outcome], told)


def _counted(found: Sequence[Finding]) -> str:
    codes = dict.fromkeys(one.code for one in found)
    times = {code: sum(one.code == code for one in found) for code in codes}
    return ", ".join(f"{code} ({times[code]} times)" if times[code] > 1 else code for code in codes)


def tested() -> frozenset[str]:
    """The gates that some finding belongs to."""
    return frozenset(rule.gate for rule in RULES.values())


def _limits(how: Methodology) -> dict[str, str]:
    """Every limit that a sentence may name, in words."""
    gates, protocol, quality = how.gates, how.protocol, how.quality
    shares = {
        "steal": gates.max_cpu_steal_ppm, "pressure": gates.max_psi_cpu_some_ppm, "drift": gates.max_drift_ppm, "lag_share": gates.lag_share_ppm,
        "rate_error": gates.max_rate_error_ppm, "failed": gates.max_failed_ppm, "accuracy": quality.min_accuracy_ratio_ppm,
        "agreement": quality.min_agreement_ppm, "variation_warn": gates.variation_warn_ppm, "variation_invalid": gates.variation_invalid_ppm,
    }  # fmt: skip
    return {name: formatting.percent(share) for name, share in shares.items()} | {
        "min_duration": formatting.duration(protocol.min_duration_ns),
        "min_requests": formatting.whole(protocol.min_requests),
        "min_trials": formatting.whole(protocol.min_trials),
        "lag_floor": formatting.duration(gates.lag_floor_ns),
        "runner_versions": how.runner_versions,
    }


def _by_leaves(leaves: Sequence[AnyField]) -> tuple[str, str]:
    """How a gate that looks at these leaves stands where it found nothing: passed if one was read, else why none was."""
    if any(leaf.known for leaf in leaves):
        return "passed", ""
    if all(leaf.status == "not_applicable" for leaf in leaves):
        return "not_applicable", ""
    return "not_read", "; ".join(dict.fromkeys(status_chip(leaf.status).text for leaf in leaves))


def _link(view: RunView) -> tuple[str, str]:
    hw = view.executor_after.hw
    return _by_leaves((hw.pcie_gen_cur, hw.pcie_width_cur))


def _throttling(view: RunView) -> tuple[str, str]:
    if any(point.throttle for point in view.run.operating_points):
        return "passed", ", ".join(dict.fromkeys(chip(THROTTLING, point.throttle or "unknown").text for point in view.run.operating_points))
    return _by_leaves([trial.throttle for trial in view.run.trials])


def _steadiness(view: RunView) -> tuple[str, str]:
    if view.methodology.protocol.measurement_semantics < STATIONARY_SEMANTICS:
        return "not_applicable", "this methodology does not ask for it"
    return "passed", ""


def _health(view: RunView) -> tuple[str, str]:
    return _by_leaves((view.executor_before.hw.ecc_uncorrected, view.executor_after.hw.ecc_uncorrected))


def _variation(view: RunView) -> tuple[str, str]:
    return ("passed", "") if sum(trial.purpose == "measure" for trial in view.run.trials) > 1 else ("not_applicable", "one trial does not vary")


UNJUDGED: Final[dict[str, Callable[[RunView], tuple[str, str]]]] = {
    "G-06": _link, "G-07": _throttling, "G-08": _steadiness, "G-13": _variation, "G-15": _health,
}  # fmt: skip
