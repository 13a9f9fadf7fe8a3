"""What a gate says about a run: one table maps each finding code to its gate, level and scope; a code not in it is a bug."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["reject", "invalid", "warn", "cap"]
Scope = Literal["run", "latency", "metric"]
Validity = Literal["valid", "valid_with_warnings", "invalid"]
CHECKER = "gates@2"
HEADLINE = "p0"  # the operating point whose metrics lists and comparisons show


@dataclass(frozen=True)
class Rule:
    """One row of the table: which gate, how grave, what it reaches, and the sentence a reader sees."""

    gate: str
    level: Level
    scope: Scope
    text: str


RULES: dict[str, Rule] = {
    "unreadable-mandatory": Rule("G-01", "cap", "run", "Mandatory facts could not be read; the grade stays at measured."),
    "executor-changed": Rule("G-03", "invalid", "run", "The executor changed while it was measured."),
    "window-too-short": Rule("G-04", "invalid", "run", "A trial's window is shorter than the methodology asks."),
    "too-few-requests": Rule("G-04", "invalid", "run", "A trial completed fewer requests than the methodology asks."),
    "too-few-trials": Rule("G-04", "warn", "metric", "Fewer trials than the methodology asks."),
    "foreign-gpu-process": Rule("G-05", "invalid", "run", "Another process used the accelerator."),
    "cpu-steal": Rule("G-05", "warn", "run", "The hypervisor took processor time away from this machine."),
    "cpu-pressure": Rule("G-05", "warn", "run", "Other work competed for the processor."),
    "isolation-unknown": Rule("G-05", "warn", "run", "Whether other work competed could not be read."),
    "link-below-maximum": Rule("G-06", "warn", "run", "The PCIe link ran below its maximum."),
    "hardware-slowdown": Rule("G-07", "warn", "run", "The accelerator slowed itself down: investigate."),
    "generator-limited": Rule("G-09", "invalid", "run", "The load generator, not the system, set the pace."),
    "rate-not-offered": Rule("G-09", "invalid", "run", "The achieved rate misses the target."),
    "over-saturated": Rule("G-09", "invalid", "latency", "Requests piled up: the latencies describe the backlog."),
    "requests-failed": Rule("G-10", "invalid", "latency", "Too many requests failed or timed out."),
    "quality-below-gate": Rule("G-11", "warn", "run", "Quality is below the methodology's bound."),
    "quality-missing": Rule("G-11", "warn", "run", "Quality was not evaluated."),
    "variation-high": Rule("G-13", "warn", "metric", "Trials of the primary metric differ more than is usual."),
    "variation-excessive": Rule("G-13", "invalid", "run", "Trials of the primary metric differ too much to be one measurement."),
    "faster-than-floor": Rule("G-12", "invalid", "run", "Requests took less time than a backend that does nothing."),
    "samples-reused": Rule("G-17", "invalid", "run", "The same raw samples were uploaded as another run before."),
    "clock-offset-unknown": Rule("G-14", "warn", "run", "The wall clock's offset could not be read."),
    "ecc-error": Rule("G-15", "invalid", "run", "The accelerator counted an uncorrectable memory error."),
    "runner-unreleased": Rule("G-16", "cap", "run", "The runner was not a released, clean build."),
    "runner-not-permitted": Rule("G-16", "invalid", "run", "The methodology does not permit this version of the runner."),
    "undeclared": Rule("G-18", "warn", "run", "The run was not declared before it was measured."),
    "late-upload": Rule("G-18", "warn", "run", "The bundle arrived long after its declaration."),
    "nothing-completed": Rule("G-04", "invalid", "run", "No request completed inside a window."),
    "clock-offset": Rule("G-14", "warn", "run", "The wall clock is far from the true time; durations do not depend on it."),
    "clock-slewed": Rule("G-14", "warn", "run", "The monotonic clock did not keep the rate of the raw one."),
    "clock-stepped": Rule("G-14", "warn", "run", "The wall clock was set while a trial went on; durations do not depend on it."),
    "sampler-died": Rule("G-05", "warn", "run", "The process that reads the sensors died; what it had read is kept."),
    "sensor-error": Rule("G-05", "warn", "run", "A sensor stopped answering; its later values are absent."),
    "sample-gap": Rule("G-05", "warn", "run", "The sensors were not read for longer than they should be."),
    "device-lost": Rule("G-15", "invalid", "run", "A device disappeared while it was measured."),
    "telemetry-missing": Rule("G-05", "warn", "run", "No sensor reading brackets a window."),
    "telemetry-gap": Rule("G-05", "warn", "run", "Sensor readings have a gap inside a window."),
    "schedule-repeats": Rule("G-09", "invalid", "run", "Gaps between requests repeat more often than chance allows."),
    "not-settled": Rule("G-08", "invalid", "latency", "The warm-up was still drifting when the window opened."),
    "not-steady": Rule("G-08", "invalid", "run", "The methodology asks for a steady thermal regime, and it was not."),
    "drifting": Rule("G-08", "warn", "run", "Latencies drift over a window: its percentiles describe no one state."),
    "heat-governed": Rule("G-07", "warn", "run", "The accelerator slowed down because of its temperature."),
    "throttle-unknown": Rule("G-07", "warn", "run", "Whether the accelerator slowed itself down could not be read."),
    "enqueue-bound": Rule("G-12", "warn", "run", "Launching and copying take much of the time: the host sets the pace."),
    "device-time-unstable": Rule("G-13", "warn", "run", "The device's own time varies much."),
    "energy-invalid": Rule("G-12", "warn", "metric", "Energy is not stated: the readings do not carry it."),
    "audit-missing": Rule("G-11", "warn", "run", "An audit test that the methodology asks for was not carried out."),
    "caches-results": Rule("G-12", "invalid", "run", "One sample repeated is served much faster than all of them: answers are kept."),
    "seed-contradicted": Rule("G-13", "invalid", "run", "Another seed tells another story."),
    "accuracy-in-performance": Rule("G-11", "invalid", "run", "Answers under load differ from the quality evaluation."),
    "not-confirmed": Rule("G-04", "warn", "metric", "No rate could be confirmed under the latency budget."),
    "runtime-not-permitted": Rule("G-01", "invalid", "run", "The methodology does not permit this runtime."),
    "tuning-not-permitted": Rule("G-01", "invalid", "run", "More tuning effort than the methodology permits."),
    "run-unfinished": Rule("G-04", "invalid", "run", "The run did not reach its end."),
}


@dataclass(frozen=True)
class Finding:
    """One finding: its code, the place it speaks of and what was seen against what was asked."""

    code: str
    path: str
    seen: str

    @property
    def rule(self) -> Rule:
        """Gate, level, scope and text of this code."""
        return RULES[self.code]

    def as_dict(self) -> dict[str, str]:
        """The finding as API, CLI and stored row carry it."""
        rule = self.rule
        return {
            "code": self.code,
            "gate": rule.gate,
            "level": rule.level,
            "scope": rule.scope,
            "path": self.path,
            "seen": self.seen,
            "text": rule.text,
        }


def validity(findings: Iterable[Finding]) -> Validity:
    """What findings add up to: one that invalidates the whole run makes it invalid, anything else is a warning."""
    rules = [finding.rule for finding in findings]
    if any(rule.level in ("invalid", "reject") and rule.scope == "run" for rule in rules):
        return "invalid"
    return "valid_with_warnings" if rules else "valid"


def latency_withheld(findings: Iterable[Finding], point: str = HEADLINE) -> bool:
    """Whether a finding takes the latency metrics, and only them, of one operating point out of every page and comparison.

    One load of a sweep may be more than the system bears; the others' latencies stand. A finding that names no point reaches them all.
    """
    places = (_point_of(finding.path) for finding in findings if finding.rule.level == "invalid" and finding.rule.scope == "latency")
    return any(place in (None, point) for place in places)


def _point_of(path: str) -> str | None:
    """The operating point that a path names, as `windows[3]` or `operating_points.p3`; None where it names none."""
    found = re.search(r"\.windows\[(\d+)\]|\.operating_points\.p(\d+)\b", path)
    return None if found is None else f"p{found[1] or found[2]}"
