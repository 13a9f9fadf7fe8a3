"""The words of the pages: what a verdict, grade, status, kind or policy is called, with an icon, so that no meaning rests on colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runner.contract.policies import POLICIES, Policy


@dataclass(frozen=True)
class Chip:
    """A word with a tone and an icon; `tone` is one of good, warn, bad, plain, quiet and names a class of the style sheet."""

    text: str
    tone: str
    icon: str
    title: str = ""


VERDICTS: Final = {
    "comparable": Chip(
        "Comparable", "good", "✓", "Every must-match field that could be read agrees, and no other difference was found; unknown ones are listed."
    ),
    "comparable_with_declared_differences": Chip(
        "Comparable with declared differences", "good", "✓", "Every must-match field that could be read agrees; what else differs is printed."
    ),
    "not_comparable": Chip("Not comparable", "bad", "✕", "A field that must match differs. No numbers of this pair are shown."),
    "insufficient_evidence": Chip(
        "Insufficient evidence", "warn", "?", "A field that must match is unknown, or there are too few trials. No numbers of this pair are shown."
    ),
}
VALIDITIES: Final = {
    "valid": Chip("valid", "good", "✓", "No gate found anything."),
    "valid_with_warnings": Chip("valid, with warnings", "warn", "!", "Gates warn; the run may be compared."),
    "invalid": Chip("invalid", "bad", "✕", "A gate invalidates the run; it is never compared."),
}
GRADES: Final = {
    "claimed": Chip("claimed", "quiet", "○", "Stated, without raw samples or not valid."),
    "measured": Chip("measured", "plain", "◔", "Raw samples are here and every number was recomputed from them."),
    "validated": Chip("validated", "good", "◑", "Measured, and reviewed by somebody else."),
    "reproduced": Chip("reproduced", "good", "●", "Validated, and repeated by an independent party."),
}
LEVELS: Final = {
    "reject": Chip("rejected", "bad", "✕"),
    "invalid": Chip("invalidates", "bad", "✕"),
    "warn": Chip("warns", "warn", "!"),
    "cap": Chip("caps the grade", "plain", "⊤"),
}
STATUSES: Final = {
    "observed": Chip("observed", "good", "●", "Read from the machine by the runner."),
    "declared": Chip("declared", "plain", "◐", "Stated by a person or a table, not read from the machine."),
    "not_applicable": Chip("not applicable", "quiet", "∅", "This machine has no such thing."),
    "not_collected": Chip("not collected", "bad", "✕", "Nobody asked the machine."),
    "unreadable": Chip("unreadable", "warn", "!", "The runner asked, and got no value; the reason is stated."),
}
KINDS: Final = {
    "inference": Chip("inference", "plain", "▸"),
    "training": Chip("training", "plain", "▸"),
    "microbenchmark": Chip("microbenchmark", "plain", "▸"),
    "burn_in": Chip("burn-in", "plain", "▸"),
    "quick": Chip("quick look", "warn", "≈", "Short floors: compares with other quick looks only, and no decision may cite it."),
}
OUTCOMES: Final = {
    "better": Chip("B is better", "good", "▲"),
    "worse": Chip("B is worse", "bad", "▼"),
    "no_material_difference": Chip("no material difference", "plain", "="),
    "inconclusive": Chip("inconclusive", "warn", "?"),
    "needs_trials": Chip("more trials needed", "warn", "?"),
}
NOT_DECLARED: Final = "not-declared"
HOW_TO_DECLARE: Final = "Only the node’s owner knows this. State it in declared.json in the node’s home (docs/cli.md); the next run carries it."
UNKNOWN: Final = Chip("unknown word", "bad", "✕")
CLASSES: Final = {"must_match": "must match", "subject": "studied", "declared": "may differ, printed"}
BLOCKS: Final = {
    "hw": "Accelerator", "host": "Host", "env": "Power, heat and placement", "sw": "Software", "compile": "Compile tool chain",
    "compile.artifact": "Model artifact", "precision": "Precision", "precision.loader": "Weight loader", "serving": "Serving",
    "workload": "Workload", "load": "Load", "protocol": "Protocol", "protocol.latency": "Latency scope", "protocol.energy": "Energy scope",
    "metrics": "Metrics", "quality": "Quality", "reporting": "Reporting", "slo": "Latency budget",
}  # fmt: skip
REASONS: Final = {
    "routine": "routine", "submitter_request": "the submitter asks", "measurement_error": "measurement error",
    "wrong_configuration": "wrong configuration", "rule_breach": "breach of a rule", "duplicate": "duplicate", "newer_run": "a newer run",
    "review_outcome": "outcome of a review", "privacy": "privacy", "legal_order": "legal order", "key_lost": "key lost",
    "key_compromise": "key compromised", "other": "other",
}  # fmt: skip
EVENTS: Final = {
    "run.declare": "declared", "run.submit": "submitted", "run.check": "checked again", "run.publish": "published", "run.withdraw": "withdrawn",
    "methodology.publish": "published", "executor.publish": "named", "run.abandon": "abandoned",
}  # fmt: skip


def chip(table: dict[str, Chip], word: str) -> Chip:
    """The chip for `word`; a word that the table lacks is shown as it is and marked, never hidden."""
    return table.get(word) or Chip(word.replace("_", " "), UNKNOWN.tone, UNKNOWN.icon)


def status_chip(status: str) -> Chip:
    """The chip of a field's status, with the reason behind `unreadable` in words."""
    word, _, reason = status.partition(":")
    found = chip(STATUSES, word)
    if reason == NOT_DECLARED:
        return Chip("unreadable: not declared by the node’s owner", found.tone, found.icon, HOW_TO_DECLARE)
    return Chip(f"{found.text}: {reason.replace('-', ' ')}", found.tone, found.icon, found.title) if reason else found


def agreement(unknown: int, differing: int) -> str:
    """What an allowing verdict rests on, in a sentence: `unknown` fields without a value on both sides, `differing` printed differences."""
    parts = ["every must-match field that could be read agrees"]
    if unknown:
        parts.append(f"{unknown} field{' is' if unknown == 1 else 's are'} unknown on both sides and listed below")
    if differing:
        parts.append(f"{differing} declared difference{' is' if differing == 1 else 's are'} printed")
    return "; ".join(parts).capitalize() + "."


def policy_words(policy_id: str) -> Policy | None:
    """The policy that `iso-precision` or `iso-precision@1` names; None if there is none."""
    return POLICIES.get(policy_id.partition("@")[0])
