"""The grade of evidence: claimed < measured < validated < reproduced; computed, never typed in."""

from __future__ import annotations

from typing import Literal

from runner.contract.findings import Validity

Grade = Literal["claimed", "measured", "validated", "reproduced"]
GRADES: tuple[Grade, ...] = ("claimed", "measured", "validated", "reproduced")


def grade(validity: Validity, *, raw_samples: bool, capped: bool, reviewed: bool = False, reproduced: bool = False) -> Grade:
    """The grade that the evidence carries: raw samples and validity give `measured`; a review and an independent reproduction raise it.

    `capped` is whether a finding of level `cap` stands (an unreleased runner, unreadable mandatory facts): the grade then stops at measured.
    """
    if validity == "invalid" or not raw_samples:
        return "claimed"
    if capped or not reviewed:
        return "measured"
    return "reproduced" if reproduced else "validated"


def why_not_higher(validity: Validity, *, raw_samples: bool, capped: bool, reviewed: bool = False, reproduced: bool = False) -> str:
    """One sentence that says what keeps the grade where it is; empty at the top."""
    if validity == "invalid":
        return "an invalid run stays at claimed"
    if not raw_samples:
        return "no raw samples"
    if capped:
        return "a finding caps the grade at measured"
    if not reviewed:
        return "nobody but the uploader has reviewed it"
    return "" if reproduced else "no independent party has reproduced it"


def reaches(grade_found: Grade, floor: Grade) -> bool:
    """Whether a grade is at or above a floor."""
    return GRADES.index(grade_found) >= GRADES.index(floor)
