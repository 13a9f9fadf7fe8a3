"""The words of requirements and decisions: answers, badges, triggers and thresholds as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from lynxweb.words import formatting
from lynxweb.words.wording import GRADES, Chip, chip
from runner.contract.decision import Trigger
from runner.contract.metrics import DEFINITIONS
from runner.contract.requirement import AskedQuality, Requirement

ANSWERS: Final = {
    "meets": Chip("MEETS", "good", "✓", "Runs that may be cited show the service level at the asked load, and the quality."),
    "fails": Chip("FAILS", "bad", "✕", "Runs that may be cited show that the service level or the quality is not reached."),
    "no_evidence": Chip("NO EVIDENCE", "quiet", "∅", "Nothing that may be cited says yes or no. It is not a failure: measure, and ask again."),
}
BADGES: Final = {
    "valid": Chip("still valid", "good", "✓", "Nothing that this decision rests on has changed."),
    "re-check": Chip("re-check", "warn", "!", "Something that this decision rests on has changed: look again."),
    "expired": Chip("expired", "bad", "✕", "The day until which it was to hold has passed."),
}
REASONS: Final = {
    "met-by-certificate": Chip("load met, by certificate", "good", "✓"),
    "met-by-interval": Chip("load met, by interval", "good", "✓"),
    "refuted-by-certificate": Chip("load refuted, by certificate", "bad", "✕"),
    "refuted-by-interval": Chip("load refuted, by interval", "bad", "✕"),
    "undetermined": Chip("undetermined", "warn", "?"),
    "contradictory": Chip("contradictory", "warn", "≠"),
    "quality-met": Chip("quality met", "good", "✓"),
    "quality-below": Chip("quality below", "bad", "✕"),
    "no-run": Chip("nothing to cite", "quiet", "∅"),
    "R-41": Chip("R-41 no point at this load", "quiet", "∅"),
    "R-34": Chip("R-34 quality not evaluated", "quiet", "∅"),
    "R-31": Chip("R-31 another evaluation", "warn", "?"),
}
TRIGGERS: Final[Mapping[str, str]] = {
    "run_withdrawn": "a run that it cites is withdrawn, superseded, excluded or gone",
    "requirement_superseded": "a later version of the requirement takes its place",
    "notice": "a notice is posted on a run that it cites",
    "driver_change": "a unit that was measured is seen under another driver",
    "new_executor_version": "a unit that was measured is seen in another configuration",
    "model_change": "a later version of a cited methodology asks for another model",
    "date": "the day comes that the committee set for a new look",
}
_INTERVAL = re.compile(r"\b(\d+) ns between (\d+) and (\d+)\b")
_TIME = re.compile(r"\b(\d+) ns\b")
_SHARE = re.compile(r"\b(\d+) (ppm|per mille)\b")


def pre_registered_chip(answer: bool | None) -> Chip:
    """Whether the question stood in the log before the first cited run was declared."""
    if answer is None:
        return Chip("no run is cited", "quiet", "∅", "Nothing was measured, so nothing could be asked before it.")
    if answer:
        return Chip("asked before it was measured", "good", "✓", "Requirement and methodologies stood in the log before the first cited declaration.")
    return Chip("measured before it was asked", "warn", "!", "A cited run was declared before requirement or methodology stood in the log.")


def grade_chip(word: str) -> Chip:
    """The chip of a grade."""
    return chip(GRADES, word)


def reason_chip(code: str) -> Chip:
    """The chip of a reason's code."""
    return chip(REASONS, code)


def readable(text: str) -> str:
    """A sentence of an answer with its nanoseconds and shares in the units that people read; the signed document keeps the exact ones."""
    told = _INTERVAL.sub(lambda found: f"{_time(found[1])}, between {_time(found[2])} and {_time(found[3])}", text)
    told = _TIME.sub(lambda found: _time(found[1]), told)
    return _SHARE.sub(lambda found: formatting.percent(int(found[1]) * (1 if found[2] == "ppm" else 1000)), told)


def _time(nanoseconds: str) -> str:
    return formatting.duration(int(nanoseconds))


def trigger_text(trigger: Trigger) -> str:
    """What asks for a new look, in a sentence that begins with a small letter."""
    told = TRIGGERS[trigger.kind]
    return f"{told}: {trigger.at[:10]}" if trigger.at else told


def rate_text(requirement: Requirement) -> str:
    """The asked load."""
    return f"{_plain(Decimal(requirement.rate_milli_per_s) / 1000)} requests/s"


def level_text(requirement: Requirement) -> str:
    """The asked service level."""
    slo = requirement.slo
    return f"{formatting.percent(slo.percentile_permille * 1000)} of the requests answered within {formatting.duration(slo.limit_ns)}"


def quality_text(asked: AskedQuality) -> str:
    """One quality bound."""
    if asked.min is not None:
        bound = f"{formatting.percent(int(Decimal(asked.min) * 1_000_000))} of the items"
    else:
        bound = f"{formatting.percent(asked.min_ratio_ppm or 0)} of the reference’s accuracy"
    return f"{asked.metric} on {'all items' if asked.slice == 'all' else asked.slice} of {asked.task}: at least {bound}"


def requirement_facts(requirement: Requirement) -> tuple[tuple[str, str], ...]:
    """The document in words: (heading, sentence)."""
    slo, floor = requirement.slo, GRADES[requirement.grade_floor]
    named = f"{formatting.metric_name(slo.metric)} ({slo.metric}). {DEFINITIONS[slo.metric].text}"
    return (
        ("Work", requirement.workload.name),
        ("Load", f"{rate_text(requirement)} in all, offered whether or not the system keeps up (open loop)"),
        ("Service level", level_text(requirement)),
        ("Metric", named),
        ("Quality", "; ".join(quality_text(one) for one in requirement.quality_min) or "none asked for"),
        ("Evidence", f"of grade {floor.text} or better. {floor.title}"),
        ("Horizon", requirement.horizon or "not stated"),
        ("Constraints", requirement.constraints or "none stated"),
    )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
